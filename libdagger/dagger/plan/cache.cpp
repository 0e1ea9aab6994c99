// Outputs that are kept for equal calls. Each one that is written pays for a look at some of the
// others: where it stands says which, as the keys are hashes, and so those whose time is over go.
#include <dagger/plan/planner_impl.hpp>

namespace dagger::plan {

void planner::impl::keep_output(job& j, std::uint32_t t, const report& r, const completed& x) {
  if (!j.tasks[t].spec.rare().compensate.empty())
    j.tasks[t].row.rarely().kept = x.place;
  if (r.keep)
    write_output(r.keep->place, {.call = r.keep->call,
                                 .made = now,
                                 .until = later(now, r.keep->keep),
                                 .files = r.keep->files,
                                 .output = std::string{x.output.bytes()}});
}

/// Not erased: whoever has just seen it must see that it counts no more.
void planner::impl::forget_output(const job& j, std::uint32_t t) {
  if (auto& place = j.tasks[t].row.rare().kept)
    write_output(*place, {.call = {}, .made = now, .until = now, .files = {}, .output = {}});
}

void planner::impl::write_output(const digest& place, const cached_row& row) {
  for (; !kept.empty() && kept.front().first <= batches_confirmed; kept.pop_front())
    if (auto last = last_kept.find(kept.front().second);
        last != last_kept.end() && last->second <= batches_confirmed)
      last_kept.erase(last);
  kept.emplace_back(this_batch(), place);
  last_kept[place] = this_batch();
  erase_old_outputs(place);
  out.writes.put(store::table::cache, store::key::cached(place), store::kind::cached, encode(row));
}

/// Of the next few rows; after the last one comes the first.
void planner::impl::erase_old_outputs(const digest& from) {
  auto left = limits::results_per_look;
  auto look = [&](std::string_view key, const store::record& r) {
    auto until = end_of_cached(r.body);
    if (!until)
      throw unreadable{until.error()};
    // What is on its way to the disk is not what stands there.
    if (*until <= now && !last_kept.contains(store::key::place_of(key)))
      out.writes.erase(store::table::cache, key);
    return --left > 0;
  };
  auto middle = store::key::cached(from);
  auto scanned = disk->scan(store::table::cache, middle, store::direction::up, look);
  if (scanned && left > 0)
    scanned = disk->scan(
      store::table::cache, store::key::of(), store::direction::up,
      [&](std::string_view key, const store::record& r) { return key < middle && look(key, r); });
  if (!scanned)
    throw unreadable{scanned.error()};
}

} // namespace dagger::plan
