// The planner's state as text, to hold memory against disk in tests.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/value/json.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

std::string hex(std::string_view bytes) {
  constexpr auto digits = "0123456789abcdef";
  auto text = std::string{};
  for (auto c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

/// Those who would hear of the task's end, in order.
json listeners_of(const job& j, const task& t) {
  auto live = std::vector<std::array<std::uint32_t, 3>>{};
  for (auto& l : t.listeners) {
    auto& row = j.tasks[l.task].row;
    auto listens = l.visit == 0 ? row.state == task_state::waiting
                                : row.state == task_state::suspended && row.visit == l.visit;
    if (listens)
      live.push_back({l.task, l.visit, l.clause});
  }
  std::sort(live.begin(), live.end());
  return live;
}

json state_of(const job& j) {
  auto tasks = json::array();
  for (auto t = std::uint32_t{0}; t < j.tasks.size(); ++t) {
    auto& x = j.tasks[t];
    auto waiting = json::array();
    for (auto& p : x.waiting)
      waiting.push_back({p.unsettled, p.failed, p.completed});
    tasks.push_back({{"name", j.task_name(t)},
                     {"state", to_text(x.row.state)},
                     {"row", hex(encode(x.row))},
                     {"spec", hex(encode(std::vector{&x.spec}))},
                     {"pending", x.row.state == task_state::waiting ? x.pending : 0},
                     {"waiting", std::move(waiting)},
                     {"listeners", listeners_of(j, x)}});
  }
  auto signals = json::object();
  for (auto& [name, queue] : j.signals)
    for (auto& x : queue)
      signals[name].push_back({x.number, x.value});
  auto children = json::array();
  for (auto& c : j.children)
    children.push_back({c.number, c.on_parent_end});
  auto expected = json::object();
  for (auto& [name, who] : j.expected) {
    auto all = std::vector<std::array<std::uint32_t, 3>>{};
    for (auto& l : who)
      all.push_back({l.task, l.visit, l.clause});
    std::sort(all.begin(), all.end());
    expected[name] = all;
  }
  return {{"signals", std::move(signals)},
          {"children", std::move(children)},
          {"expected", std::move(expected)},
          {"held", j.held},
          {"row", hex(encode(j.row))},
          {"tasks", std::move(tasks)},
          {"unsettled", j.unsettled},
          {"active", j.active},
          {"listed", j.listed},
          {"id", j.row.id},
          {"hash", j.definition.hash},
          {"name", j.definition.name}};
}

} // namespace

std::string planner::dump() const {
  auto jobs = json::object();
  for (auto& [number, j] : impl_->jobs)
    jobs[std::to_string(number)] = state_of(j);
  auto all = json{
    {"jobs", std::move(jobs)}, {"next_job", impl_->next_job}, {"next_event", impl_->next_event}};
  if (auto timer = impl_->timers.first())
    all["timer"] = {timer->when.time_since_epoch().count(), timer->job, timer->task};
  return all.dump(1, ' ', false, json::error_handler_t::replace);
}

} // namespace dagger::plan
