// Payloads are not told: who wants them asks for the job.
#include <dagger/actors/jobs_channel.hpp>

#include <dagger/log/message.hpp>
#include <dagger/plan/rows.hpp>

#include <map>
#include <vector>

namespace dagger::actors {

namespace {

/// Names of the tasks that an event tells of.
std::map<std::uint32_t, plan::task_status> tasks_in(store::view& view, const plan::job_event& x) {
  auto which = std::vector<plan::task_range>{};
  for (auto& t : x.transitions)
    if (!plan::contains(which, t.task))
      which.push_back({t.task, 1});
  auto made = std::map<std::uint32_t, plan::task_status>{};
  if (auto found = plan::tasks_of(view, x.job, which))
    for (auto& task : *found)
      made.emplace(task.number, std::move(task));
  return made;
}

} // namespace

result<std::string> job_event_as_message(store::view& view, std::string_view row) {
  auto read = plan::decode_event(row);
  if (!read)
    return fail(std::move(read.error()));
  auto& event = read->event;
  auto data = json{{"job", event.id}};
  if (event.state)
    data["state"] = to_text(*event.state);
  auto added = std::uint64_t{0};
  for (auto& range : event.added)
    added += range.count;
  if (added > 0)
    data["added"] = added;
  auto tasks = tasks_in(view, event);
  for (auto& t : event.transitions) {
    auto said = json{
      {"number", t.task}, {"state", to_text(t.to)}, {"visit", t.visit}, {"attempt", t.attempt}};
    if (auto found = tasks.find(t.task); found != tasks.end()) {
      said["task"] = found->second.name;
      said["agent"] = found->second.agent;
    }
    if (!t.code.empty())
      said["code"] = t.code;
    if (!t.message.empty())
      said["message"] = t.message;
    data["tasks"].push_back(std::move(said));
  }
  auto x = message{};
  x.type = "dagger.job";
  x.time = event.time;
  x.key = event.id;
  x.data = payload::from(std::move(data));
  return dagger::log::encode(x);
}

} // namespace dagger::actors
