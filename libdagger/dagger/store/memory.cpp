// A store in memory: each key has the versions that some view may still see, newest
// first. Views never wait for a commit to end, nor commits for a view.
#include <dagger/check.hpp>
#include <dagger/store/apply.hpp>

#include <deque>
#include <forward_list>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <shared_mutex>

namespace dagger::store {

namespace {

/// What a key held from a commit on; nothing if it was erased.
struct version {
  std::uint64_t commit;
  std::optional<std::string> stored;
};

/// Newest first. `pending` counts the entries for it in the queue of superseded versions.
struct history {
  std::forward_list<version> versions;
  std::size_t pending = 0;
};

using rows = std::map<std::string, history, std::less<>>;

/// What a view of commit `snapshot` sees.
const std::string* visible(const history& x, std::uint64_t snapshot) {
  for (const auto& v : x.versions)
    if (v.commit <= snapshot)
      return v.stored ? &*v.stored : nullptr;
  return nullptr;
}

/// The commits that views are looking at.
class snapshots {
public:
  void add(std::uint64_t commit) {
    auto guard = std::lock_guard{mutex_};
    live_.insert(commit);
  }

  void remove(std::uint64_t commit) {
    auto guard = std::lock_guard{mutex_};
    live_.erase(live_.find(commit));
  }

  /// Whether a view looks at one of [from, to).
  bool any(std::uint64_t from, std::uint64_t to) const {
    auto guard = std::lock_guard{mutex_};
    auto i = live_.lower_bound(from);
    return i != live_.end() && *i < to;
  }

  std::uint64_t oldest(std::uint64_t otherwise) const {
    auto guard = std::lock_guard{mutex_};
    return live_.empty() ? otherwise : *live_.begin();
  }

private:
  mutable std::mutex mutex_;
  std::multiset<std::uint64_t> live_;
};

/// All rows; whoever calls holds `mutex`.
struct tables {
  std::array<rows, table_count> of;
  std::array<std::uint64_t, table_count> live{};
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;
  mutable std::shared_mutex mutex;
  mutable snapshots views;

  rows& operator[](table t) {
    return of[static_cast<std::size_t>(t)];
  }

  const rows& operator[](table t) const {
    return of[static_cast<std::size_t>(t)];
  }
};

error damaged(table t, std::string_view key, const error& why) {
  return {why.code, "the record " + readable(t, key) + " is damaged: " + why.message, "memory",
          "this is a defect of the machine's memory or of Dagger"};
}

result<record> opened(table t, std::string_view key, std::string_view stored) {
  auto x = open(key, stored);
  return x ? x : fail(damaged(t, key, x.error()));
}

/// The next row of a scan. Ends at `rows.end()` in both directions.
rows::const_iterator first_of(const rows& x, std::string_view from, direction d) {
  if (d == direction::up)
    return x.lower_bound(from);
  auto i = x.upper_bound(from);
  return i == x.begin() ? x.end() : std::prev(i);
}

rows::const_iterator next_of(const rows& x, rows::const_iterator i, direction d) {
  if (d == direction::up)
    return std::next(i);
  return i == x.begin() ? x.end() : std::prev(i);
}

class memory_view : public view {
public:
  explicit memory_view(const tables& all) : all_(all) {}

  ~memory_view() override {
    if (begun_)
      all_.views.remove(snapshot_);
  }

  result<std::optional<record>> get(table t, std::string_view key) override {
    auto guard = std::shared_lock{all_.mutex};
    begin();
    auto i = all_[t].find(key);
    auto* stored = i == all_[t].end() ? nullptr : visible(i->second, snapshot_);
    if (!stored)
      return std::nullopt;
    auto x = opened(t, key, *stored);
    if (!x)
      return fail(std::move(x.error()));
    return *x;
  }

  /// A row that this view sees stays where it is while the view lives, so the scan
  /// holds no lock while it visits.
  result<void> scan(table t, std::string_view from, direction d, const visitor& visit) override {
    auto guard = std::shared_lock{all_.mutex};
    begin();
    const auto& all = all_[t];
    for (auto i = first_of(all, from, d); i != all.end(); i = next_of(all, i, d)) {
      auto* stored = visible(i->second, snapshot_);
      if (!stored)
        continue;
      guard.unlock();
      auto x = opened(t, i->first, *stored);
      if (!x)
        return fail(std::move(x.error()));
      if (!visit(i->first, *x))
        return {};
      guard.lock();
    }
    return {};
  }

private:
  void begin() {
    if (begun_)
      return;
    begun_ = true;
    snapshot_ = all_.commits;
    all_.views.add(snapshot_);
  }

  const tables& all_;
  std::uint64_t snapshot_ = 0;
  bool begun_ = false;
};

/// A version that only old views see, to be dropped once they are gone.
struct superseded {
  std::uint64_t by_commit;
  dagger::store::table table;
  rows::iterator row;
};

/// Writes in place; the caller holds the lock, so no view sees a half of it.
class memory_transaction : public transaction {
public:
  memory_transaction(tables& all, std::deque<superseded>& old, std::uint64_t number)
    : all_(all),
      old_(old),
      number_(number) {}

  result<std::optional<record>> get(table t, std::string_view key) override {
    auto i = all_[t].find(key);
    auto* stored = i == all_[t].end() ? nullptr : visible(i->second, number_);
    if (!stored)
      return std::nullopt;
    auto x = opened(t, key, *stored);
    if (!x)
      return fail(std::move(x.error()));
    return *x;
  }

  result<void> scan(table t, std::string_view from, direction d, const visitor& visit) override {
    const auto& all = all_[t];
    for (auto i = first_of(all, from, d); i != all.end(); i = next_of(all, i, d))
      if (auto* stored = visible(i->second, number_)) {
        auto x = opened(t, i->first, *stored);
        if (!x)
          return fail(std::move(x.error()));
        if (!visit(i->first, *x))
          return {};
      }
    return {};
  }

  result<void> put(table t, std::string_view key, kind k, std::uint8_t version,
                   std::string_view body) override {
    auto stored = std::string(header_bytes + body.size(), '\0');
    seal(stored.data(), k, version, number_, key, body);
    auto row = all_[t].find(key);
    if (row == all_[t].end())
      row = all_[t].emplace(key, history{}).first;
    write(t, row, std::move(stored));
    return {};
  }

  result<void> erase(table t, std::string_view key) override {
    auto row = all_[t].find(key);
    if (row != all_[t].end())
      write(t, row, std::nullopt);
    return {};
  }

private:
  void write(table t, rows::iterator row, std::optional<std::string> stored) {
    auto& [all, pending] = row->second;
    account(t, row->first, all.empty() ? std::nullopt : all.front().stored, stored);
    // What nobody sees makes room at once; the rest waits for its views to end.
    if (!all.empty() && !all_.views.any(all.front().commit, number_)) {
      all.pop_front();
    } else if (!all.empty()) {
      old_.push_back({number_, t, row});
      ++pending;
    }
    if (stored || pending > 0)
      all.push_front({number_, std::move(stored)});
    else
      all_[t].erase(row);
  }

  void account(table t, std::string_view key, const std::optional<std::string>& before,
               const std::optional<std::string>& after) {
    auto& live = all_.live[static_cast<std::size_t>(t)];
    if (before) {
      --live;
      all_.bytes -= key.size() + before->size();
    }
    if (after) {
      ++live;
      all_.bytes += key.size() + after->size();
    }
  }

  tables& all_;
  std::deque<superseded>& old_;
  std::uint64_t number_;
};

class memory_store : public store {
public:
  memory_store() {
    auto t = memory_transaction{all_, old_, 0};
    check(found(t).has_value());
  }

  result<committed> commit(std::span<const batch* const> batches) override {
    auto guard = std::unique_lock{all_.mutex};
    if (all_empty(batches))
      return committed{all_.commits, {}};
    auto number = all_.commits + 1;
    auto t = memory_transaction{all_, old_, number};
    auto done = apply(t, number, batches);
    // Only a damaged record fails, and then half of the batches stands in the tables.
    check(done.has_value(), "a record in memory is damaged");
    all_.commits = number;
    drop_unseen();
    return done;
  }

  std::unique_ptr<view> read() const override {
    return std::make_unique<memory_view>(all_);
  }

  result<statistics> measure() const override {
    auto guard = std::shared_lock{all_.mutex};
    auto x = statistics{all_.commits, all_.bytes, 0, {}};
    x.rows = all_.live;
    return x;
  }

private:
  /// Drops the versions that were superseded before the oldest view.
  void drop_unseen() {
    auto oldest = all_.views.oldest(all_.commits);
    for (; !old_.empty() && old_.front().by_commit <= oldest; old_.pop_front()) {
      auto [by_commit, t, row] = old_.front();
      auto& [all, pending] = row->second;
      --pending;
      auto i = all.begin();
      while (i != all.end() && i->commit > oldest)
        ++i;
      if (i != all.end())
        all.erase_after(i, all.end());
      if (pending == 0 && i == all.begin() && !i->stored)
        all_[t].erase(row);
    }
  }

  tables all_;
  std::deque<superseded> old_;
};

} // namespace

std::unique_ptr<store> make_memory() {
  return std::make_unique<memory_store>();
}

} // namespace dagger::store
