// One event: its function changes memory, then everyone who may get something gets it, then what
// has changed is written.
#include <dagger/log/hub_impl.hpp>

namespace dagger::log {

void alarms::set(group_number group, store::log_id log, std::optional<timestamp> when) {
  auto key = std::pair{group, log};
  if (auto found = when_.find(key); found != when_.end()) {
    if (found->second == when)
      return;
    order_.erase({found->second, group, log});
    when_.erase(found);
  }
  if (when) {
    when_.emplace(key, *when);
    order_.emplace(*when, group, log);
  }
}

std::optional<timestamp> alarms::first() const {
  if (order_.empty())
    return std::nullopt;
  return std::get<0>(*order_.begin());
}

std::optional<std::pair<group_number, store::log_id>> alarms::take(timestamp now) {
  if (order_.empty() || std::get<0>(*order_.begin()) > now)
    return std::nullopt;
  auto [when, group, log] = *order_.begin();
  order_.erase(order_.begin());
  when_.erase({group, log});
  return std::pair{group, log};
}

hub::hub(std::unique_ptr<impl> self) : impl_(std::move(self)) {}
hub::hub(hub&&) noexcept = default;
hub& hub::operator=(hub&&) noexcept = default;
hub::~hub() = default;

result<hub> hub::restore(store::view& disk, timestamp now, effects& first,
                         std::optional<engine_log> readable) {
  auto made = hub{std::make_unique<impl>()};
  auto& self = *made.impl_;
  if (readable) {
    self.names_.emplace(readable->name, readable->log);
    self.name_of_.emplace(readable->log, readable->name);
    self.engine_log_ = std::move(readable);
  }
  self.view_ = &disk;
  self.now_ = now;
  try {
    self.restore();
  } catch (error& why) {
    return fail(std::move(why));
  }
  first = std::exchange(self.out_, {});
  self.given_ += first.writes.empty() ? 0 : 1;
  self.view_ = nullptr;
  return made;
}

effects hub::apply(const event& what, store::view& committed, timestamp now) {
  return impl_->run(what, committed, now);
}

void hub::confirm(std::size_t n) {
  impl_->confirmed_ += n;
  auto& ids = impl_->reissued_;
  while (!ids.empty() && std::get<0>(ids.front()) <= impl_->confirmed_)
    ids.pop_front();
  std::erase_if(impl_->new_delayed_,
                [this](auto& x) { return x.second.first <= impl_->confirmed_; });
  std::erase_if(impl_->gone_delayed_, [this](auto& x) { return x.second <= impl_->confirmed_; });
}

std::optional<timestamp> hub::wake_at() const {
  auto alarm = impl_->alarms_.first();
  auto due = impl_->first_due();
  return alarm && due ? std::min(alarm, due) : alarm ? alarm : due;
}

std::size_t hub::channels_in_memory() const {
  return impl_->channels_.size();
}

std::string hub::dump() const {
  auto out = std::string{};
  for (auto& [number, g] : impl_->groups_)
    for (auto& [log, x] : g.cursors)
      out += g.row.options.name + " " + impl_->name_of_.at(log) + " " + x.dump();
  return out;
}

void hub::impl::restore() {
  need(each_channel(*view_, "", [&](const std::string& name, const channel_row& row) {
    next_log_ = std::max(next_log_, static_cast<std::uint32_t>(row.log) + 1);
    if (name.starts_with(' ')) {
      buried_.emplace(row.log, 0);
      return true;
    }
    names_.emplace(name, row.log);
    name_of_.emplace(row.log, name);
    if (row.options.retention.max_age > duration{0})
      alarms_.set(no_group, row.log, now_);
    return true;
  }));
  need(each_group(*view_, [&](const std::string& name, const group_row& row) {
    next_group_ = std::max(next_group_, row.number + 1);
    group_numbers_.emplace(name, row.number);
    group_index_.add(routing_of(row.options.pattern).pattern, row.number);
    auto& g = groups_[row.number];
    g.row = row;
    if (!row.left) {
      g.row.left = now_;
      out_.writes.put(store::table::groups, store::key::group(name), store::kind::group,
                      encode(g.row));
    }
    forget_in_time(g);
    return true;
  }));
  if (auto end = need(store::number_of(*view_, store::table::meta, store::key::channels_end)))
    next_log_ = std::max(next_log_, static_cast<std::uint32_t>(*end));
  if (auto end = need(store::number_of(*view_, store::table::meta, store::key::groups_end)))
    next_group_ = std::max(next_group_, static_cast<group_number>(*end));
  look_for_due();
  if (!buried_.empty())
    out_.commands.emplace_back(sweep{});
}

effects hub::impl::run(const event& what, store::view& committed, timestamp now) {
  view_ = &committed;
  now_ = now;
  appends_ = 0;
  erasable_ = limits::rows_per_sweep;
  wants_sweep_ = false;
  try {
    std::visit([this](auto& x) { on(x); }, what);
    finish();
  } catch (const error& why) {
    out_ = {};
    out_.commands.emplace_back(give_up{why});
  }
  view_ = nullptr;
  given_ += out_.writes.empty() ? 0 : 1;
  return std::exchange(out_, {});
}

/// Gives out what can be given out, and writes what has changed.
void hub::impl::finish() {
  // Groups that are through let messages go, and a channel that may drop lets groups go on.
  while (!busy_groups_.empty() || !busy_members_.empty() || !touched_.empty()
         || !to_trim_.empty()) {
    for (auto number : std::exchange(busy_groups_, {}))
      if (auto found = groups_.find(number); found != groups_.end())
        pump(found->second);
    for (auto who : std::exchange(busy_members_, {}))
      if (auto found = members_.find(who); found != members_.end())
        pump(who, found->second);
    for (auto [number, log] : std::exchange(touched_, {}))
      settle_cursor(number, log);
    for (auto log : std::exchange(to_trim_, {}))
      if (name_of_.contains(log))
        trim(load(log));
  }
  look_whether_quiet();
  if (wants_sweep_)
    out_.commands.emplace_back(sweep{});
  drop_idle_channels();
}

/// Writes a cursor, with what it gave up.
void hub::impl::settle_cursor(group_number number, store::log_id log) {
  auto found = groups_.find(number);
  if (found == groups_.end())
    return;
  auto& g = found->second;
  auto at = g.cursors.find(log);
  if (at == g.cursors.end())
    return;
  for (auto& x : at->second.take_given_up())
    dead_letter(g, load(log), x);
  auto begin = at->second.begin();
  at->second.flush(out_.writes);
  if (begin != at->second.begin() && load(log).waits_for_groups)
    to_trim_.insert(log);
  alarms_.set(number, log, g.members.empty() ? std::nullopt : at->second.wake_at(now_));
}

/// Something may have come for the group from this channel.
void hub::impl::wake(group_number number, store::log_id log) {
  auto& g = groups_.at(number);
  if (g.members.empty())
    return;
  g.ready.insert(log);
  busy_groups_.insert(number);
  touch(number, log);
}

void hub::impl::want_sweep() {
  wants_sweep_ = true;
}

void hub::impl::refuse(client_id client, error why) {
  out_.commands.emplace_back(log::refuse{client, std::move(why)});
}

void hub::impl::done(client_id client, std::uint64_t count) {
  out_.commands.emplace_back(log::done{client, count});
}

} // namespace dagger::log
