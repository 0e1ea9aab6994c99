// Checks and resolves what an outcome adds to its job; changes nothing.
#include <dagger/plan/additions.hpp>

#include <algorithm>
#include <unordered_set>

namespace dagger::plan {

namespace {

/// Checks and resolves what a report adds to a job.
class adder {
public:
  adder(const job& j, std::optional<std::uint32_t> reporter, const report& r,
        const std::map<std::string, agent_entry, std::less<>>& agents, const resources& pool)
    : job_(j),
      reporter_(reporter),
      report_(r),
      agents_(agents),
      pool_(pool),
      old_(j.row.tasks) {}

  result<additions> run() {
    if (auto wrong = check_tasks())
      return fail(std::move(*wrong));
    if (auto wrong = resolve())
      return fail(std::move(*wrong));
    if (auto wrong = find_cycle())
      return fail(std::move(*wrong));
    return std::move(made_);
  }

private:
  std::optional<error> check_tasks() {
    if (report_.added.empty())
      return std::nullopt;
    auto& bounds = job_.definition.limits;
    auto most =
      bounds.tasks > 0 ? std::min(bounds.tasks, limits::tasks_per_job) : limits::tasks_per_job;
    if (std::size_t{old_} - job_.replaced + report_.added.size() > most
        || std::size_t{old_} + report_.added.size() > limits::tasks_per_job)
      return error{code::limit, "the job has at most " + std::to_string(most) + " tasks"};
    auto deepest =
      bounds.depth > 0 ? std::min(bounds.depth, limits::task_depth) : limits::task_depth;
    if (depth() >= deepest)
      return error{code::limit, "tasks are nested deeper than " + std::to_string(deepest)};
    for (auto n = std::uint32_t{0}; n < report_.added.size(); ++n) {
      auto& x = report_.added[n];
      if (auto wrong = check_agent(x.agent))
        return wrong;
      if (!x.compensate.empty())
        if (auto wrong = check_agent(x.compensate))
          return wrong;
      if (auto wrong = lacks(x.resources, pool_, job_.definition.resources))
        return wrong;
      if (x.input.bytes().size() > limits::payload_bytes)
        return error{code::too_large, "the input of an added task is larger than "
                                        + std::to_string(limits::payload_bytes) + " bytes"};
      if (x.name.empty())
        continue;
      if (!valid_name(x.name))
        return error{code::invalid_input, "'" + x.name + "' is not a name for a task"};
      if (job_.find(x.name) || !names_.emplace(x.name, old_ + n).second)
        return error{code::conflict, "there is a task '" + x.name + "' already"};
    }
    return std::nullopt;
  }

  std::optional<error> check_agent(const std::string& name) const {
    auto& allowed = job_.definition.allowed_agents;
    if (auto a = agents_.find(name); a == agents_.end() || !a->second.known)
      return error{code::not_found, "there is no agent '" + name + "'"};
    if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), name) == allowed.end())
      return error{code::limit, "agent '" + name + "' is not among the job's allowed agents"};
    return std::nullopt;
  }

  std::uint32_t depth() const {
    auto n = std::uint32_t{0};
    for (auto up = reporter_; up; up = job_.tasks[*up].spec.parent)
      ++n;
    return n;
  }

  result<std::uint32_t> number_of(const task_ref& x) const {
    if (x.added != task_ref::by_name) {
      if (x.added < report_.added.size())
        return old_ + x.added;
      return fail(code::not_found, "no task number " + std::to_string(x.added) + " was added");
    }
    if (auto n = names_.find(x.name); n != names_.end())
      return n->second;
    if (auto n = job_.find(x.name))
      return *n;
    return fail(code::not_found, "there is no task '" + x.name + "'");
  }

  std::optional<error> resolve_all(const std::vector<task_ref>& refs,
                                   std::vector<std::uint32_t>& to) const {
    to.reserve(refs.size());
    for (auto& ref : refs) {
      auto n = number_of(ref);
      if (!n)
        return n.error();
      to.push_back(*n);
    }
    return std::nullopt;
  }

  std::optional<error> resolve() {
    made_.after.resize(report_.added.size());
    for (auto n = std::size_t{0}; n < report_.added.size(); ++n)
      if (auto wrong = resolve_all(report_.added[n].after, made_.after[n]))
        return wrong;
    for (auto& d : report_.dependencies) {
      auto later = number_of(d.task);
      auto earlier = number_of(d.on);
      if (!later || !earlier)
        return later ? earlier.error() : later.error();
      if (*later < old_ && job_.tasks[*later].row.state != task_state::waiting)
        return error{code::misuse, "task '" + job_.task_name(*later)
                                     + "' is not waiting any more: nothing can be put before it"};
      made_.dependencies[*later].push_back(*earlier);
    }
    name_unnamed();
    if (auto wait = std::get_if<suspended>(&report_.outcome))
      for (auto& c : wait->any_of)
        if (auto wrong = resolve_condition(c))
          return wrong;
    if (!job_.expected.empty())
      for (auto* names : {&names_, &made_names_})
        for (auto& [name, number] : *names)
          if (auto waiting = job_.expected.find(name); waiting != job_.expected.end())
            for (auto& l : waiting->second)
              arrived_[l.task].push_back(number);
    return std::nullopt;
  }

  /// Who expects a task may mean one by the name that is made for it.
  void name_unnamed() {
    auto wait = std::get_if<suspended>(&report_.outcome);
    auto expects = wait && std::any_of(wait->any_of.begin(), wait->any_of.end(), [](auto& c) {
                     return !c.expected.empty();
                   });
    if (job_.expected.empty() && !expects)
      return;
    for (auto n = std::uint32_t{0}; n < report_.added.size(); ++n) {
      if (!report_.added[n].name.empty())
        continue;
      auto made = name(old_ + n);
      while (job_.names.contains(made) || names_.contains(made))
        made += '_';
      made_names_.emplace(std::move(made), old_ + n);
    }
  }

  /// Expected tasks that are there already are tasks like others.
  std::optional<error> resolve_condition(const condition& c) {
    auto& tasks = made_.awaited.emplace_back();
    auto& missing = made_.expected.emplace_back();
    if (auto wrong = resolve_all(c.tasks, tasks))
      return wrong;
    for (auto& name : c.expected) {
      if (!valid_name(name))
        return error{code::invalid_input, "'" + name + "' is not a name for a task"};
      if (auto n = number_of(task_ref{name}))
        tasks.push_back(*n);
      else if (auto made = made_names_.find(name); made != made_names_.end())
        tasks.push_back(made->second);
      else if (std::find(missing.begin(), missing.end(), name) == missing.end())
        missing.push_back(name);
    }
    return std::nullopt;
  }

  /// What must settle before `t` can go on, with the additions.
  std::vector<std::uint32_t> needs(std::uint32_t t) const {
    auto found = std::vector<std::uint32_t>{};
    auto add = [&](std::uint32_t on) {
      if (on >= old_ || !settled(job_.tasks[on].row))
        found.push_back(on);
    };
    if (t >= old_) {
      std::for_each(made_.after[t - old_].begin(), made_.after[t - old_].end(), add);
    } else if (t == reporter_) {
      for (auto& xs : made_.awaited)
        std::for_each(xs.begin(), xs.end(), add);
    } else if (auto& row = job_.tasks[t].row; row.state == task_state::waiting) {
      job_.for_each_after(t, add);
      if (row.rare().waits_again)
        for_each(row.waited, [&](std::uint32_t on) {
          if (!contains(row.rare().spared, on))
            add(on);
        });
    } else if (row.state == task_state::suspended) {
      for (auto& c : row.wait->any_of)
        for_each(c.tasks, add);
    }
    if (auto more = made_.dependencies.find(t); more != made_.dependencies.end())
      std::for_each(more->second.begin(), more->second.end(), add);
    if (auto more = arrived_.find(t); more != arrived_.end() && t != reporter_)
      std::for_each(more->second.begin(), more->second.end(), add);
    return found;
  }

  /// What was there has no cycle, so one must lead through something that changed.
  std::optional<error> find_cycle() {
    auto starts = std::vector<std::uint32_t>{};
    if (reporter_)
      starts.push_back(*reporter_);
    for (auto& [later, _] : made_.dependencies)
      starts.push_back(later);
    for (auto& [waiting, _] : arrived_)
      starts.push_back(waiting);
    for (auto n = std::uint32_t{0}; n < made_.after.size(); ++n)
      if (!made_.after[n].empty())
        starts.push_back(old_ + n);
    for (auto s : starts)
      if (auto wrong = search(s))
        return wrong;
    return std::nullopt;
  }

  struct frame {
    std::uint32_t task;
    std::vector<std::uint32_t> needs;
    std::size_t next = 0;
  };

  std::optional<error> search(std::uint32_t from) {
    if (done_.contains(from))
      return std::nullopt;
    auto path = std::vector<frame>{};
    auto on_path = std::unordered_set<std::uint32_t>{from};
    path.push_back({from, needs(from), 0});
    while (!path.empty()) {
      auto& top = path.back();
      if (top.next == top.needs.size()) {
        done_.insert(top.task);
        on_path.erase(top.task);
        path.pop_back();
        continue;
      }
      auto on = top.needs[top.next++];
      if (on_path.contains(on))
        return error{code::wait_cycle, "tasks would wait for each other: " + text(path, on)};
      if (done_.contains(on))
        continue;
      auto below = needs(on);
      if (below.empty()) // most that are added: no cycle leads through it
        continue;
      on_path.insert(on);
      path.push_back({on, std::move(below), 0});
    }
    return std::nullopt;
  }

  std::string name(std::uint32_t t) const {
    if (t < old_)
      return job_.task_name(t);
    auto& x = report_.added[t - old_];
    return x.name.empty() ? x.agent + "-" + std::to_string(t) : x.name;
  }

  std::string text(const std::vector<frame>& path, std::uint32_t closing) const {
    auto out = std::string{};
    auto inside = false;
    for (auto& f : path) {
      inside |= f.task == closing;
      if (inside)
        out += name(f.task) + " -> ";
    }
    return out + name(closing);
  }

  const job& job_;
  std::optional<std::uint32_t> reporter_;
  const report& report_;
  const std::map<std::string, agent_entry, std::less<>>& agents_;
  const resources& pool_;
  std::uint32_t old_;
  std::unordered_map<std::string, std::uint32_t> names_;
  std::unordered_map<std::string, std::uint32_t> made_names_; // if somebody may mean them
  std::unordered_set<std::uint32_t> done_;
  additions made_;
  /// Added tasks that others have waited for by name, by who has.
  std::map<std::uint32_t, std::vector<std::uint32_t>> arrived_;
};

} // namespace

result<additions> resolve(const job& j, std::optional<std::uint32_t> reporter, const report& r,
                          const std::map<std::string, agent_entry, std::less<>>& agents,
                          const resources& pool) {
  return adder{j, reporter, r, agents, pool}.run();
}

} // namespace dagger::plan
