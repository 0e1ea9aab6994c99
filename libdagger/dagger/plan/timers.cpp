// Keeping the head of the timer table in memory.
#include <dagger/plan/timers.hpp>

#include <dagger/limits.hpp>

#include <iterator>

namespace dagger::plan {

result<void> timer_table::restore(store::view& disk) {
  earliest_.clear();
  unconfirmed_.clear();
  mirrors_ = true;
  horizon_ = timer{};
  return refill(disk);
}

void timer_table::only_write(const timer& x, store::batch& writes) {
  writes.put(store::table::timers, store::key::timer(x.when, x.job, x.task), store::kind::timer,
             {});
}

void timer_table::add(const timer& x, store::batch& writes, std::uint64_t batch) {
  only_write(x, writes);
  unconfirmed_.push_back({batch, x, true});
  insert(x);
}

void timer_table::remove(const timer& x, store::batch& writes, std::uint64_t batch) {
  writes.erase(store::table::timers, store::key::timer(x.when, x.job, x.task));
  unconfirmed_.push_back({batch, x, false});
  earliest_.erase(x);
}

void timer_table::confirm(std::uint64_t batch) {
  while (!unconfirmed_.empty() && unconfirmed_.front().batch <= batch)
    unconfirmed_.pop_front();
}

void timer_table::insert(const timer& x) {
  if (horizon_ && x > *horizon_)
    return;
  earliest_.insert(x);
  if (mirrors_ && earliest_.size() > 2 * limits::timers_in_memory) {
    earliest_.erase(std::next(earliest_.begin(), limits::timers_in_memory), earliest_.end());
    horizon_ = *earliest_.rbegin();
  }
}

result<void> timer_table::refill(store::view& disk) {
  if (!earliest_.empty() || !horizon_)
    return {};
  // What is on its way to the disk counts as there, or as gone.
  auto removed = std::set<timer>{};
  auto found = std::set<timer>{};
  for (auto& c : unconfirmed_) {
    (c.added ? found : removed).insert(c.what);
    (c.added ? removed : found).erase(c.what);
  }
  auto from_disk = std::size_t{0};
  auto last = timer{};
  auto more = false;
  auto scanned = scan_prefix(disk, store::table::timers, store::key::of(),
                             [&](std::string_view key, const store::record&) {
                               auto x = store::key::timer_of(key);
                               if (removed.contains(x))
                                 return true;
                               if (from_disk++ == limits::timers_in_memory) {
                                 more = true;
                                 return false;
                               }
                               found.insert(x);
                               last = x;
                               return true;
                             });
  if (!scanned)
    return scanned;
  horizon_.reset();
  if (more) { // nothing is known of what lies between the last one read and anything later
    horizon_ = last;
    found.erase(found.upper_bound(last), found.end());
  }
  earliest_ = std::move(found);
  return {};
}

std::optional<timer_table::timer> timer_table::first() const {
  return earliest_.empty() ? std::nullopt : std::optional{*earliest_.begin()};
}

} // namespace dagger::plan
