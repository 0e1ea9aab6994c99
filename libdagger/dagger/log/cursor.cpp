// Memory is changed at once, rows at `flush`: of many answers in a row only the last position is
// written.
#include <dagger/log/cursor.hpp>

#include <dagger/check.hpp>
#include <dagger/log/name.hpp>

#include <algorithm>

namespace dagger::log {

cursor::cursor(std::uint32_t group, store::log_id log, const group_options& options)
  : group_(group),
    log_(log),
    options_(&options) {}

// -- restore ------------------------------------------------------------------

result<cursor> cursor::restore(store::view& disk, std::uint32_t group, store::log_id log,
                               const group_options& options, source& from) {
  auto x = cursor{group, log, options};
  auto row = disk.get(store::table::cursors, store::key::cursor(group, log));
  if (!row)
    return fail(std::move(row.error()));
  if (*row) {
    auto read = decode_cursor((*row)->body);
    if (!read)
      return fail(std::move(read.error()));
    x.row_ = x.written_ = *read;
  }
  x.scanned_ = x.end_ = x.row_.lent;
  if (auto done = x.read_acks(disk); !done)
    return fail(std::move(done.error()));
  if (auto done = x.read_attempts(disk, from); !done)
    return fail(std::move(done.error()));
  for (auto p = x.row_.begin; p < x.row_.lent; ++p)
    if (!x.acked_.contains(p) && !x.open_.contains(p))
      if (auto done = x.adopt(p, {stage::suspect, 1}, from); !done)
        return fail(std::move(done.error()));
  return x;
}

result<void> cursor::read_acks(store::view& disk) {
  auto prefix = store::key::cursor(group_, log_);
  return store::scan_prefix(disk, store::table::acks, prefix, [&](auto key, const auto&) {
    auto position = store::key::delivery_of(key);
    acked_.insert(position);
    with_ack_row_.insert(position);
    return true;
  });
}

result<void> cursor::read_attempts(store::view& disk, source& from) {
  auto found = std::vector<std::pair<std::uint64_t, attempt_row>>{};
  auto problem = std::optional<error>{};
  auto prefix = store::key::cursor(group_, log_);
  auto done =
    store::scan_prefix(disk, store::table::attempts, prefix, [&](auto key, const auto& row) {
      auto x = decode_attempt(row.body);
      if (x)
        found.emplace_back(store::key::delivery_of(key), std::move(*x));
      else
        problem = std::move(x.error());
      return !problem;
    });
  if (problem)
    return fail(std::move(*problem));
  for (auto& [position, row] : found) {
    with_attempt_row_.insert(position);
    auto where = row.lent ? stage::suspect : stage::waits;
    auto x = open_message{where, row.deliveries, 0, row.due, std::move(row.reason)};
    if (auto adopted = adopt(position, std::move(x), from); !adopted)
      return adopted;
  }
  return done;
}

/// Takes in a message that an earlier engine had taken. Its row says already what is so.
result<void> cursor::adopt(std::uint64_t position, open_message x, source& from) {
  auto row = from.at(position);
  if (!row)
    return fail(std::move(row.error()));
  if (!*row) {
    answered(position);
    return {};
  }
  if (options_->ordered_by_key) {
    auto head = decode_head(**row);
    if (!head)
      return fail(std::move(head.error()));
    x.key = head->key;
    if (!x.key.empty())
      busy_.try_emplace(x.key);
  }
  auto at = open_.emplace(position, std::move(x)).first;
  if (at->second.where == stage::waits)
    due_.emplace(at->second.when, position);
  else if (at->second.deliveries >= options_->max_deliver)
    give_up(at, "the engine ended while it was delivered");
  else
    suspects_.insert(position);
  return {};
}

void cursor::begin_at(std::uint64_t position) {
  check(open_.empty() && acked_.empty() && row_.lent == 0, "the cursor is in use");
  row_.begin = row_.lent = scanned_ = position;
  end_ = std::max(end_, position);
}

void cursor::grow(std::uint64_t end) {
  end_ = std::max(end_, end);
}

// -- take ---------------------------------------------------------------------

bool cursor::has_work(timestamp now) const {
  if (alone_)
    return false;
  if (!suspects_.empty())
    return deadlines_.empty();
  return (!due_.empty() && due_.begin()->first <= now) || !ready_.empty()
      || scanned_ < std::min(end_, row_.begin + limits::group_window);
}

/// A message that was looked at before and can be delivered now.
std::optional<std::uint64_t> cursor::next_again(timestamp now, bool first) const {
  if (!suspects_.empty())
    return first && deadlines_.empty() ? std::optional{*suspects_.begin()} : std::nullopt;
  if (!due_.empty() && due_.begin()->first <= now)
    return due_.begin()->second;
  if (!ready_.empty())
    return *ready_.begin();
  return std::nullopt;
}

result<std::vector<delivered>> cursor::take(member_id to, std::size_t n, std::size_t bytes,
                                            source& from, timestamp now) {
  auto out = std::vector<delivered>{};
  auto size = std::size_t{0};
  while (out.size() < n && size < bytes && !alone_) {
    auto before = out.size();
    auto again = next_again(now, out.empty());
    if (!again && !suspects_.empty())
      break;
    auto went_on = again ? take_again(*again, to, from, now, out) : take_new(to, from, now, out);
    if (!went_on)
      return fail(std::move(went_on.error()));
    if (!*went_on)
      break;
    if (out.size() > before)
      size += out.back().row->size();
  }
  return out;
}

result<bool> cursor::take_again(std::uint64_t position, member_id to, source& from, timestamp now,
                                std::vector<delivered>& out) {
  auto row = from.at(position);
  if (!row)
    return fail(std::move(row.error()));
  auto at = open_.find(position);
  ready_.erase(position);
  if (!*row) {
    close(at);
    return true;
  }
  auto head = decode_head(**row);
  if (!head)
    return fail(std::move(head.error()));
  if (skips(*head, now)) {
    close(at);
    return true;
  }
  unschedule(*at);
  auto x = std::move(at->second);
  open_.erase(at);
  if (x.where == stage::suspect)
    alone_ = position;
  lend(position, std::move(x), to, now, std::move(*row), out);
  return true;
}

/// Looks at the next message; false if there is none, or the window ends.
result<bool> cursor::take_new(member_id to, source& from, timestamp now,
                              std::vector<delivered>& out) {
  if (scanned_ >= std::min(end_, row_.begin + limits::group_window))
    return false;
  auto position = scanned_++;
  if (acked_.contains(position) || open_.contains(position))
    return true;
  auto row = from.at(position);
  if (!row)
    return fail(std::move(row.error()));
  if (!*row) {
    answered(position);
    return true;
  }
  auto head = decode_head(**row);
  if (!head)
    return fail(std::move(head.error()));
  auto x = open_message{};
  if (options_->ordered_by_key)
    x.key = head->key;
  if (auto busy = busy_.find(x.key); busy != busy_.end()) {
    busy->second.push_back(position);
    return true;
  }
  if (skips(*head, now)) {
    answered(position);
    return true;
  }
  if (!x.key.empty())
    busy_.try_emplace(x.key);
  lend(position, std::move(x), to, now, std::move(*row), out);
  return true;
}

bool cursor::skips(const message_head& x, timestamp now) {
  if (x.expires && *x.expires <= now) {
    ++row_.expired;
    return true;
  }
  auto key = routing_of(options_->pattern).key;
  return (!x.only_for.empty() && x.only_for != options_->name) || (!key.empty() && x.key != key);
}

void cursor::lend(std::uint64_t position, open_message x, member_id to, timestamp now, row_ptr row,
                  std::vector<delivered>& out) {
  x.where = stage::on_its_way;
  x.holder = to;
  x.when = later(now, options_->ack_wait);
  ++x.deliveries;
  out.push_back({position, x.deliveries, std::move(row)});
  deadlines_.emplace(x.when, position);
  open_.emplace(position, std::move(x));
  if (position == row_.lent && !with_attempt_row_.contains(position))
    ++row_.lent;
  else
    changed_.insert(position);
}

// -- answers ------------------------------------------------------------------

cursor::open_map::iterator cursor::held(member_id by, std::uint64_t position,
                                        std::uint32_t delivery) {
  auto at = open_.find(position);
  if (at == open_.end() || at->second.where != stage::on_its_way || at->second.holder != by
      || at->second.deliveries != delivery)
    return open_.end();
  return at;
}

bool cursor::settle(member_id from, const answer& x, timestamp now) {
  auto at = held(from, x.position, x.delivery);
  if (at == open_.end())
    return false;
  switch (x.what) {
  case verdict::ack:
    close(at);
    break;
  case verdict::term:
    give_up(at, x.reason);
    break;
  case verdict::nak:
    put_back(at, later(now, x.pause.value_or(backoff_after(*options_, x.delivery))), x.reason);
    break;
  }
  return true;
}

bool cursor::extend(member_id from, std::uint64_t position, std::uint32_t delivery,
                    timestamp until) {
  auto at = held(from, position, delivery);
  if (at == open_.end())
    return false;
  deadlines_.erase({at->second.when, position});
  at->second.when = until;
  deadlines_.emplace(until, position);
  return true;
}

void cursor::give_back(member_id from, timestamp now) {
  auto theirs = std::vector<open_map::iterator>{};
  for (auto& [when, position] : deadlines_)
    if (auto at = open_.find(position); at->second.holder == from)
      theirs.push_back(at);
  for (auto at : theirs) {
    unschedule(*at);
    auto& x = at->second;
    --x.deliveries;
    x.where = stage::waits;
    x.when = now;
    due_.emplace(now, at->first);
    changed_.insert(at->first);
  }
}

void cursor::expire(timestamp now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    auto at = open_.find(deadlines_.begin()->second);
    auto due = later(now, backoff_after(*options_, at->second.deliveries));
    put_back(at, due, "no answer within " + to_text(options_->ack_wait));
  }
}

/// It failed: it waits, or is given up.
void cursor::put_back(open_map::iterator at, timestamp due, std::string reason) {
  if (at->second.deliveries >= options_->max_deliver) {
    give_up(at, std::move(reason));
    return;
  }
  unschedule(*at);
  auto& x = at->second;
  x.where = stage::waits;
  x.when = due;
  reason.resize(std::min(reason.size(), limits::reason_bytes));
  x.reason = std::move(reason);
  due_.emplace(due, at->first);
  changed_.insert(at->first);
}

void cursor::give_up(open_map::iterator at, std::string reason) {
  ++row_.dead;
  given_up_.push_back({at->first, at->second.deliveries, std::move(reason)});
  close(at);
}

void cursor::drop_before(std::uint64_t first) {
  auto from = std::max(row_.begin, floor_);
  if (first <= from)
    return;
  auto answered_ones = std::distance(acked_.lower_bound(from), acked_.lower_bound(first));
  row_.dropped += first - from - static_cast<std::uint64_t>(answered_ones);
  skip_to(first);
}

void cursor::skip_to(std::uint64_t first) {
  if (first <= std::max(row_.begin, floor_))
    return;
  floor_ = first;
  scanned_ = std::max(scanned_, first);
  end_ = std::max(end_, first);
  while (!open_.empty() && open_.begin()->first < first) {
    ready_.erase(open_.begin()->first);
    close(open_.begin());
  }
}

std::vector<given_up> cursor::take_given_up() {
  return std::exchange(given_up_, {});
}

void cursor::unschedule(const open_map::value_type& x) {
  auto entry = std::pair{x.second.when, x.first};
  switch (x.second.where) {
  case stage::on_its_way:
    deadlines_.erase(entry);
    if (alone_ == x.first)
      alone_.reset();
    break;
  case stage::waits:
    due_.erase(entry);
    break;
  case stage::suspect:
    suspects_.erase(x.first);
    break;
  }
}

/// An open message is answered.
void cursor::close(open_map::iterator at) {
  unschedule(*at);
  auto position = at->first;
  auto key = std::move(at->second.key);
  open_.erase(at);
  answered(position);
  if (!key.empty())
    free_key(key);
}

void cursor::free_key(const std::string& key) {
  auto busy = busy_.find(key);
  if (busy == busy_.end())
    return;
  auto& waiting = busy->second;
  while (!waiting.empty() && waiting.front() < floor_)
    waiting.pop_front();
  if (waiting.empty()) {
    busy_.erase(busy);
    return;
  }
  auto next = waiting.front();
  waiting.pop_front();
  auto x = open_message{};
  x.key = key;
  open_.emplace(next, std::move(x));
  ready_.insert(next);
}

void cursor::answered(std::uint64_t position) {
  changed_.insert(position);
  acked_.insert(position);
}

// -- rows ---------------------------------------------------------------------

/// That a message is on its way for the first time is said by `row_.lent`.
bool cursor::needs_row(std::uint64_t position, const open_message& x) const {
  if (ready_.contains(position))
    return false;
  return x.where != stage::on_its_way || x.deliveries > 1 || position >= row_.lent
      || with_attempt_row_.contains(position);
}

void cursor::write_attempt(std::uint64_t position, store::batch& writes) {
  auto key = store::key::delivery(group_, log_, position);
  auto at = open_.find(position);
  if (at == open_.end()) {
    if (with_attempt_row_.erase(position) > 0)
      writes.erase(store::table::attempts, key);
    return;
  }
  auto& x = at->second;
  if (!needs_row(position, x))
    return;
  auto waits = x.where == stage::waits;
  auto row = attempt_row{x.deliveries, !waits, waits ? x.when : timestamp{}, x.reason};
  writes.put(store::table::attempts, key, store::kind::delivery, encode(row));
  with_attempt_row_.insert(position);
}

void cursor::flush(store::batch& writes) {
  row_.begin = std::max(row_.begin, floor_);
  while (!acked_.empty() && *acked_.begin() <= row_.begin) {
    auto position = *acked_.begin();
    acked_.erase(acked_.begin());
    if (with_ack_row_.erase(position) > 0)
      writes.erase(store::table::acks, store::key::delivery(group_, log_, position));
    row_.begin = std::max(row_.begin, position + 1);
  }
  row_.lent = std::max(row_.lent, row_.begin);
  scanned_ = std::max(scanned_, row_.begin);
  for (auto position : std::exchange(changed_, {})) {
    write_attempt(position, writes);
    if (acked_.contains(position) && with_ack_row_.insert(position).second)
      writes.put(store::table::acks, store::key::delivery(group_, log_, position), store::kind::ack,
                 {});
  }
  // What follows is answered, or has a row of its own.
  while (acked_.contains(row_.lent) || with_attempt_row_.contains(row_.lent))
    ++row_.lent;
  if (row_ == written_)
    return;
  written_ = row_;
  writes.put(store::table::cursors, store::key::cursor(group_, log_), store::kind::cursor,
             encode(row_));
}

void cursor::erase(store::batch& writes) const {
  for (auto position : with_attempt_row_)
    writes.erase(store::table::attempts, store::key::delivery(group_, log_, position));
  for (auto position : with_ack_row_)
    writes.erase(store::table::acks, store::key::delivery(group_, log_, position));
  writes.erase(store::table::cursors, store::key::cursor(group_, log_));
}

std::optional<timestamp> cursor::wake_at(timestamp now) const {
  auto next = std::optional<timestamp>{};
  if (!deadlines_.empty())
    next = deadlines_.begin()->first;
  auto due = due_.upper_bound({now, ~std::uint64_t{0}});
  if (due != due_.end() && (!next || due->first < *next))
    next = due->first;
  return next;
}

std::string cursor::dump() const {
  auto out = "begin " + std::to_string(row_.begin) + " lent " + std::to_string(row_.lent)
           + " expired " + std::to_string(row_.expired) + " dropped " + std::to_string(row_.dropped)
           + " dead " + std::to_string(row_.dead) + "\n";
  for (auto p : acked_)
    out += "  " + std::to_string(p) + " acked\n";
  for (auto& [p, x] : open_) {
    if (ready_.contains(p))
      continue;
    constexpr std::string_view words[] = {"on its way", "waits", "suspect"};
    out += "  " + std::to_string(p) + " " + std::string{words[static_cast<std::size_t>(x.where)]}
         + " delivered " + std::to_string(x.deliveries);
    if (x.where == stage::waits)
      out += " until " + std::to_string(x.when.time_since_epoch().count());
    out += "\n";
  }
  return out;
}

} // namespace dagger::log
