// The last words of `run` and `resume`.
#include "ending.hpp"

#include "shapes.hpp"
#include "store_access.hpp"

#include <dagger/graph/words.hpp>

namespace dagger::apps {

namespace {

/// Failed tasks that are named; `show` lists all.
constexpr std::size_t named_failures = 10;

/// The first failure that made the job fail.
std::optional<error> failure_in(const ending& end) {
  if (end.job.state != job_state::failed && end.job.state != job_state::cancelled)
    return std::nullopt;
  if (end.job.code == code::timeout)
    return error{code::timeout, "the deadline of the job has passed"};
  auto first = static_cast<const plan::task_status*>(nullptr);
  for (const auto& x : end.tasks)
    if (x.state == task_state::failed && !x.optional && !x.replaced && x.error
        && (!first || x.ended.value_or(timestamp::max()) < first->ended.value_or(timestamp::max())))
      first = &x;
  if (!first)
    return error{end.job.state == job_state::cancelled ? code::cancelled : code::exception,
                 "job '" + end.job.id + "' is " + std::string{to_text(end.job.state)}};
  auto why = *first->error;
  why.where = first->name;
  return why;
}

std::string failed_tasks(const ending& end) {
  auto text = std::string{};
  auto named = std::size_t{0};
  for (const auto& x : end.tasks) {
    if (x.state != task_state::failed || x.optional || x.replaced)
      continue;
    if (++named <= named_failures)
      text += "\n  task '" + printable(x.name) + "' (agent " + printable(x.agent)
            + "): " + (x.error ? x.error->code + ": " + printable(x.error->message) : "failed");
  }
  if (named > named_failures)
    text += "\n  and " + std::to_string(named - named_failures) + " more";
  return text;
}

std::string how_to_look(const program& self, const std::string& id,
                        const std::optional<std::filesystem::path>& store) {
  if (!store)
    return "add --store DIR to keep its history and look at it afterwards";
  return "look at it: " + self.name + " show " + id + as_option(store);
}

json shape_of(const ending& end) {
  const auto kind = end.job.is_flow ? graph::file_kind::flow : graph::file_kind::job;
  auto tasks = json::object();
  for (const auto& x : end.tasks)
    if (!x.replaced)
      tasks[x.name] = brief(x);
  auto made = json{{"id", end.job.id},
                   {"state", dagger::to_text(end.job.state)},
                   {"outputs", end.outputs},
                   {graph::words_of(kind).nodes, std::move(tasks)}};
  if (end.why)
    made["error"] = to_json(*end.why);
  return made;
}

} // namespace

result<ending> ending_of(store::view& v, const std::string& id) {
  auto job = plan::find_job(v, id);
  if (!job)
    return fail(std::move(job.error()));
  if (!*job)
    return fail(code::not_found, "there is no job '" + id + "' any more");
  auto made = ending{};
  made.job = std::move(**job);
  auto tasks = plan::tasks_of(v, made.job.number);
  if (!tasks)
    return fail(std::move(tasks.error()));
  made.tasks = std::move(*tasks);
  if (made.job.state == job_state::completed) {
    auto outputs = plan::outputs_of(v, made.job);
    if (!outputs)
      return fail(std::move(outputs.error()));
    made.outputs = std::move(*outputs);
  }
  made.why = failure_in(made);
  return made;
}

exit_code tell(program& self, const ending& end, const telling& how) {
  const auto state = end.job.state;
  const auto& store = how.store;
  if (how.as_json)
    self.out.print_json(shape_of(end));
  else if (state == job_state::completed)
    self.out.print_json(end.outputs);
  if (state == job_state::completed)
    return exit_code::done;
  if (!finished(state)) {
    self.out.note("job " + end.job.id + " is " + std::string{to_text(state)} + "\n  "
                  + how_to_go_on(self, end.job.id, store));
    return code_of(state);
  }
  const auto passed = end.job.code == code::timeout;
  self.out.complain({end.why ? end.why->code : std::string{code::cancelled},
                     "job " + end.job.id + " " + std::string{to_text(state)}
                       + (passed ? ": its deadline has passed" : "") + failed_tasks(end),
                     {},
                     how_to_look(self, end.job.id, store)});
  return passed ? exit_code::cancelled : code_of(state);
}

error not_written(error why, const std::string& then) {
  why.message = "stopped while the store was full (" + why.message
              + "): what it has not written is done again by whoever goes on";
  why.hint += "\n  then " + then;
  return why;
}

std::string how_to_go_on(const program& self, const std::string& id,
                         const std::optional<std::filesystem::path>& store) {
  if (!store)
    return "it ran in memory and is gone; with --store DIR it could go on";
  return "go on: " + self.name + " resume " + id + as_option(store);
}

} // namespace dagger::apps
