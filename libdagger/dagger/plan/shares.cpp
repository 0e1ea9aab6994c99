// What tasks take while they run: of the pool, of their job's share of it, of the number of
// children that their parent may have running. Ready tasks that cannot have it are held.
#include <dagger/plan/planner_impl.hpp>

namespace dagger::plan {

namespace {

std::uint64_t amount_of(const resources& x, const std::string& name) {
  auto found = x.find(name);
  return found == x.end() ? 0 : found->second;
}

bool is_left(std::uint64_t wanted, std::uint64_t taken, std::uint64_t all) {
  return taken <= all && wanted <= all - taken;
}

} // namespace

/// What could never be had.
std::optional<error> lacks(const resources& wanted, const resources& pool, const resources& share) {
  for (auto& [name, amount] : wanted) {
    auto of_pool = pool.empty() ? amount_of(share, name) : amount_of(pool, name);
    auto most = share.contains(name) ? std::min(of_pool, share.at(name)) : of_pool;
    if (amount <= most)
      continue;
    auto text = most == 0 ? "there is no resource '" + name + "' here"
                          : "there is " + std::to_string(most) + " of the resource '" + name
                              + "', not " + std::to_string(amount);
    return error{code::limit, std::move(text), "resources." + name};
  }
  return std::nullopt;
}

bool planner::impl::is_free(const job& j, const resources& wanted) const {
  auto mine = taken_by.find(j.number);
  for (auto& [name, amount] : wanted) {
    auto& share = j.definition.resources;
    if (!options.pool.empty()
        && !is_left(amount, amount_of(taken, name), amount_of(options.pool, name)))
      return false;
    auto of_mine = mine == taken_by.end() ? 0 : amount_of(mine->second, name);
    if ((options.pool.empty() || share.contains(name))
        && !is_left(amount, of_mine, amount_of(share, name)))
      return false;
  }
  return true;
}

bool planner::impl::may_start(const turn_group& g) const {
  auto& j = jobs.at(g.job);
  if (g.parent != no_parent) {
    auto& parent = j.tasks[g.parent];
    if (parent.children_running >= parent.spec.rare().max_children)
      return false;
  }
  return is_free(j, g.wanted);
}

/// Those that are held together with the task; number 0: it is only held with its job.
group_entry planner::impl::group_of(const job& j, std::uint32_t t) {
  auto& spec = j.tasks[t].spec;
  auto limited = spec.parent && j.tasks[*spec.parent].spec.rare().max_children > 0;
  if (!limited && spec.rare().resources.empty())
    return {0, false};
  auto key = turn_group{j.number, limited ? *spec.parent : no_parent, spec.rare().resources};
  auto [found, is_new] = groups.try_emplace(std::move(key), group_entry{next_group, false});
  if (is_new) {
    ++next_group;
    refresh_group(found->first, found->second);
  }
  return found->second;
}

void planner::impl::refresh_group(const turn_group& g, group_entry& x) {
  auto hold = !may_start(g);
  if (std::exchange(x.held, hold) == hold)
    return;
  for (auto& [name, a] : agents)
    if (hold)
      a.ready.hold(g.job, x.number);
    else
      a.ready.release(g.job, x.number);
}

void planner::impl::refresh_groups(std::uint64_t number) {
  if (groups.empty())
    return;
  for (auto i = groups.lower_bound({number, 0, {}}); i != groups.end() && i->first.job == number;
       ++i)
    refresh_group(i->first, i->second);
}

/// Attempts of these jobs have come or gone; with `all`, what they take matters to all jobs.
void planner::impl::slots_change(std::set<std::uint64_t> of, bool all) {
  if (all)
    for (auto& [g, x] : groups)
      of.insert(g.job);
  for (auto number : of)
    if (auto j = jobs.find(number); j != jobs.end()) {
      refresh_hold(j->second);
      refresh_groups(number);
    }
}

void planner::impl::take_resources(const start& s) {
  if (!s.takes)
    return;
  for (auto& [name, amount] : s.takes->resources) {
    taken[name] += amount;
    taken_by[s.attempt.job][name] += amount;
  }
  slots_change({s.attempt.job}, true);
}

/// Its slot is back. True if others may have waited for what it had.
bool planner::impl::give_resources(const start& s) {
  if (!s.takes)
    return false;
  auto& mine = taken_by.at(s.attempt.job);
  for (auto& [name, amount] : s.takes->resources) {
    if ((taken.at(name) -= amount) == 0)
      taken.erase(name);
    if ((mine.at(name) -= amount) == 0)
      mine.erase(name);
  }
  if (mine.empty())
    taken_by.erase(s.attempt.job);
  return true;
}

/// The job leaves memory: nothing of it is ready.
void planner::impl::forget_groups(std::uint64_t number) {
  auto i = groups.lower_bound({number, 0, {}});
  while (i != groups.end() && i->first.job == number) {
    if (i->second.held)
      for (auto& [name, a] : agents)
        a.ready.release(number, i->second.number);
    i = groups.erase(i);
  }
}

} // namespace dagger::plan
