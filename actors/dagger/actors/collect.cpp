// What a visit collects: tasks and dependencies that become real with the outcome.
#include <dagger/actors/storable.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/graph/cycle.hpp>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace dagger {

namespace {

std::string shown(const task_ref& x) {
  return x.added == task_ref::by_name ? "'" + x.name + "'"
                                      : "the added task " + std::to_string(x.added);
}

} // namespace

void task::impl::check_task(const task_ref& x, const char* role) const {
  if (x.added == task_ref::by_name ? x.name.empty() : x.added >= added_.size())
    throw error{code::not_found, std::string{role} + " names no task"};
}

task_ref task::impl::add(task_options options) {
  if (auto ok = actors::check_shape(options.input, "the input"); !ok)
    throw error{code::invalid_input, ok.error().message};
  if (auto why = where->agents->refusal(options.agent, options.input, false))
    throw std::move(*why);
  if (!options.name.empty()
      && std::ranges::any_of(added_, [&](auto& x) { return x.name == options.name; }))
    throw error{code::conflict, "a task '" + options.name + "' has been added already"};
  for (auto& x : options.after)
    check_task(x, "`after`");
  if (added_.size() >= limits::tasks_per_job)
    throw error{code::limit,
                "a job has at most " + std::to_string(limits::tasks_per_job) + " tasks"};
  auto alone = plan::job_spec{.id = "x"};
  alone.tasks.push_back(plan::to_spec(std::move(options)));
  auto& spec = alone.tasks.front();
  auto after = std::exchange(spec.after, {});
  if (auto wrong = plan::problems(alone); !wrong.empty())
    throw std::move(wrong.front());
  spec.after = std::move(after);
  added_.push_back(std::move(spec));
  return task_ref::nth(static_cast<std::uint32_t>(added_.size() - 1));
}

void task::impl::add_dependency(const task_ref& later, const task_ref& earlier) {
  check_task(later, "the later one");
  check_task(earlier, "the earlier one");
  new_dependencies_.push_back({later, earlier});
  try {
    check_cycle();
  } catch (...) {
    new_dependencies_.pop_back();
    throw;
  }
}

namespace {

/// Tasks of the job and added ones as the nodes of one graph.
class picture {
public:
  explicit picture(std::vector<plan::task_status> stored, const std::vector<plan::task_spec>& added)
    : stored_(std::move(stored)),
      before_(stored_.size() + added.size()) {
    for (auto& x : stored_) {
      names_.emplace(x.name, x.number);
      auto& before = before_[x.number];
      before.insert(before.end(), x.after.begin(), x.after.end());
      if (x.state == task_state::suspended)
        before.insert(before.end(), x.waited.begin(), x.waited.end());
    }
    for (auto i = std::size_t{0}; i < added.size(); ++i)
      names_.emplace(added[i].name, stored_.size() + i);
    for (auto i = std::size_t{0}; i < added.size(); ++i)
      for (auto& x : added[i].after)
        if (auto found = number_of(x))
          before_[stored_.size() + i].push_back(*found);
  }

  std::optional<std::uint32_t> number_of(const task_ref& x) const {
    if (x.added != task_ref::by_name)
      return static_cast<std::uint32_t>(stored_.size() + x.added);
    auto i = names_.find(x.name);
    return i == names_.end() ? std::nullopt : std::optional{static_cast<std::uint32_t>(i->second)};
  }

  void add(std::uint32_t later, std::uint32_t earlier) {
    before_[later].push_back(earlier);
  }

  const plan::task_status* stored(std::uint32_t number) const {
    return number < stored_.size() ? &stored_[number] : nullptr;
  }

  /// The tasks of a cycle, each after the one before it; nothing if there is none.
  std::vector<std::uint32_t> cycle() const {
    auto edges = graph::predecessors{};
    for (auto& list : before_) {
      for (auto x : list)
        edges.add(x);
      edges.end_node();
    }
    auto found = graph::find_cycles(edges, 1);
    return found.empty() ? std::vector<std::uint32_t>{} : std::move(found.front());
  }

  std::size_t first_added() const {
    return stored_.size();
  }

private:
  std::vector<plan::task_status> stored_;
  std::vector<std::vector<std::uint32_t>> before_;
  std::unordered_map<std::string, std::size_t> names_;
};

} // namespace

void task::impl::check_cycle() const {
  auto by_name = [](const task_ref& x) { return x.added == task_ref::by_name; };
  auto stored = std::vector<plan::task_status>{};
  if (std::ranges::any_of(new_dependencies_,
                          [&](auto& x) { return by_name(x.task) || by_name(x.on); })) {
    auto view = where->views->read();
    auto rows = plan::tasks_of(*view, given.attempt.job);
    if (!rows)
      throw std::move(rows.error());
    stored = std::move(*rows);
  }
  auto tasks = picture{std::move(stored), added_};
  for (auto& x : new_dependencies_) {
    auto later = tasks.number_of(x.task);
    auto earlier = tasks.number_of(x.on);
    if (!later || !earlier)
      throw error{code::not_found, "there is no task " + shown(later ? x.on : x.task)};
    if (auto* row = tasks.stored(*later);
        row && row->state != task_state::waiting && row->state != task_state::ready)
      throw error{code::misuse, "task '" + row->name + "' has started, it cannot come after "
                                  + shown(x.on) + " any more"};
    tasks.add(*later, *earlier);
  }
  auto cycle = tasks.cycle();
  if (cycle.empty())
    return;
  auto text = std::string{};
  cycle.push_back(cycle.front());
  for (auto x : cycle) {
    auto* row = tasks.stored(x);
    auto added = x - static_cast<std::uint32_t>(tasks.first_added());
    auto name = row ? row->name : added_[added].name;
    text += (text.empty() ? "" : " -> ") + (name.empty() ? shown(task_ref::nth(added)) : name);
  }
  throw error{code::wait_cycle, "this closes a cycle: " + text};
}

} // namespace dagger
