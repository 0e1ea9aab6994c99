// Those who get messages: they join, alone or as members of groups, and leave.
#include <dagger/log/hub_impl.hpp>

namespace dagger::log {

namespace {

error other_options(const group_options& there, const group_options& wanted) {
  auto a = to_json(there);
  auto b = to_json(wanted);
  auto which = std::string{};
  for (auto& [name, value] : a.items())
    if (b[name] != value)
      which += (which.empty() ? "" : ", ") + name;
  return {code::conflict,
          "the group '" + there.name + "' exists with other options: " + which,
          {},
          "all members of a group join with the same ones; a new name makes a new group"};
}

} // namespace

/// Calls `visit` for each channel that is there and matches.
template <class F>
void hub::impl::each_matching(std::string_view wanted, F&& visit) {
  auto pattern = routing_of(wanted).pattern;
  auto head = literal_head(pattern);
  if (!is_wild(pattern)) {
    if (auto* c = find(pattern))
      visit(*c);
    return;
  }
  for (auto at = names_.lower_bound(head); at != names_.end() && at->first.starts_with(head); ++at)
    if (matches(pattern, at->first))
      visit(load(at->second));
}

std::optional<error> hub::impl::refusal(const member_joined& x) const {
  auto& pattern = x.group ? x.group->pattern : x.pattern;
  if (auto fit = x.group ? check_group(*x.group) : check_pattern(pattern); !fit)
    return fit.error();
  if (members_.contains(x.member))
    return error{code::conflict, "the member has joined already"};
  if (x.max_in_flight == 0 || x.max_in_flight > limits::max_deliveries_in_flight)
    return error{code::invalid_input, "max_in_flight must be from 1 to "
                                        + std::to_string(limits::max_deliveries_in_flight)};
  if (x.from.where == start::at::position && is_wild(pattern))
    return error{code::invalid_input, "a position belongs to one channel, the pattern '" + pattern
                                        + "' can match several"};
  if (!x.group)
    return std::nullopt;
  auto found = group_numbers_.find(x.group->name);
  if (found != group_numbers_.end())
    if (auto& there = groups_.at(found->second).row.options; !(there == *x.group))
      return other_options(there, *x.group);
  return std::nullopt;
}

void hub::impl::on(const member_joined& x) {
  if (auto why = refusal(x))
    return refuse(x.client, std::move(*why));
  // Who names a channel gets it.
  if (auto& pattern = x.group ? x.group->pattern : x.pattern; check_writable(pattern))
    ensure(pattern);
  auto& m = members_[x.member];
  m.credit = x.max_in_flight;
  if (x.group)
    join_group(x);
  else
    listen(x);
  done(x.client);
}

void hub::impl::listen(const member_joined& x) {
  auto& m = members_.at(x.member);
  m.pattern = x.pattern;
  listener_index_.add(routing_of(x.pattern).pattern, x.member);
  // Channels that are on disk only will find the listener in the index.
  for (auto& [log, c] : channels_)
    if (matches(routing_of(x.pattern).pattern, *c.name))
      c.listeners.insert(x.member);
  if (x.from.where == start::at::fresh)
    return;
  each_matching(x.pattern, [&](channel& c) {
    m.next[c.row.log] = begin_of(c, x.from);
    m.ready.insert(c.row.log);
  });
  busy_members_.insert(x.member);
}

void hub::impl::join_group(const member_joined& x) {
  auto found = group_numbers_.find(x.group->name);
  auto& g = found == group_numbers_.end() ? create_group(x) : groups_.at(found->second);
  auto number = g.row.number;
  members_.at(x.member).group = number;
  g.members.push_back(x.member);
  if (g.row.left) {
    g.row.left.reset();
    out_.writes.put(store::table::groups, store::key::group(g.row.options.name), store::kind::group,
                    encode(g.row));
    alarms_.set(number, {}, std::nullopt);
  }
  if (g.members.size() == 1)
    each_matching(g.row.options.pattern, [&](channel& c) {
      c.groups.insert(number);
      cursor_of(g, c);
      wake(number, c.row.log);
    });
  busy_groups_.insert(number);
}

group& hub::impl::create_group(const member_joined& x) {
  auto number = next_group_++;
  auto& g = groups_[number];
  g.row.number = number;
  g.row.created = now_;
  g.row.left = now_; // until the member is in
  g.row.options = *x.group;
  group_numbers_.emplace(x.group->name, number);
  group_index_.add(routing_of(x.group->pattern).pattern, number);
  each_matching(x.group->pattern, [&](channel& c) {
    auto begin = begin_of(c, x.from);
    if (begin == 0)
      return;
    auto at = g.cursors.try_emplace(c.row.log, number, c.row.log, g.row.options).first;
    at->second.begin_at(begin);
    at->second.grow(c.end);
    touch(number, c.row.log);
  });
  write_end(store::key::groups_end, next_group_);
  return g;
}

/// The first position for one who begins there.
std::uint64_t hub::impl::begin_of(channel& c, const start& from) {
  switch (from.where) {
  case start::at::fresh:
    return c.end;
  case start::at::first:
    return c.first;
  case start::at::last:
    return std::max(c.first, c.end > 0 ? c.end - 1 : 0);
  case start::at::position:
    return std::clamp(from.position, c.first, c.end);
  case start::at::time:
    return position_at(c, from.time);
  case start::at::arrival:
    return arrived_at(c, from.time);
  }
  return c.end;
}

/// The first message that is not older.
std::uint64_t hub::impl::position_at(channel& c, timestamp time) {
  auto low = c.first;
  auto high = c.end;
  while (low < high) {
    auto middle = low + (high - low) / 2;
    auto row = need(view_->get(store::table::log, store::key::log(c.row.log, middle)));
    if (row && need(decode_head(row->body)).time < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/// The first message that came at this time or later. Of what came long ago only the times of the
/// messages themselves are known.
std::uint64_t hub::impl::arrived_at(channel& c, timestamp time) {
  auto found = std::ranges::lower_bound(c.arrivals, time, {}, [](auto& x) { return x.first; });
  auto position = found == c.arrivals.end() ? c.end : found->second;
  if (c.arrivals_are_cut && found == c.arrivals.begin())
    position = std::min(position, position_at(c, time));
  return std::max(position, c.first);
}

void hub::impl::on(const member_finished& x) {
  auto found = members_.find(x.member);
  if (found == members_.end() || found->second.group == no_group)
    return;
  auto number = found->second.group;
  leave(x.member);
  if (groups_.at(number).members.empty())
    erase_group(number);
}

void hub::impl::on(const quiet_wanted& x) {
  quiet_.push_back(x);
}

/// Whether the groups have answered everything that the hub has heard of.
bool hub::impl::is_quiet(const quiet_wanted& x) const {
  return std::ranges::all_of(x.groups, [this](auto& name) {
    auto number = group_numbers_.find(name);
    return number == group_numbers_.end()
        || std::ranges::all_of(groups_.at(number->second).cursors,
                               [](auto& cursor) { return cursor.second.is_through(); });
  });
}

/// Batches on their way may hold messages for them: what comes back behind all of these decides.
void hub::impl::look_whether_quiet() {
  if (looking_ || std::ranges::none_of(quiet_, [this](auto& x) { return is_quiet(x); }))
    return;
  looking_ = true;
  out_.commands.emplace_back(look_again{given_ + (out_.writes.empty() ? 0 : 1)});
}

void hub::impl::on(const looked_again& x) {
  looking_ = false;
  if (x.batches != given_)
    return; // there is more now
  std::erase_if(quiet_, [this](auto& who) {
    auto quiet = is_quiet(who);
    if (quiet)
      done(who.client, 1);
    return quiet;
  });
}

void hub::impl::on(const member_left& x) {
  leave(x.member);
}

void hub::impl::on(const everybody_left&) {
  while (!members_.empty())
    leave(members_.begin()->first);
}

void hub::impl::leave(member_id who) {
  auto found = members_.find(who);
  if (found == members_.end())
    return;
  auto m = std::move(found->second);
  members_.erase(found);
  kept_channels_ = limits::idle_channels;
  if (m.group == no_group) {
    listener_index_.remove(routing_of(m.pattern).pattern, who);
    for (auto& [log, c] : channels_)
      c.listeners.erase(who);
    return;
  }
  auto& g = groups_.at(m.group);
  std::erase(g.members, who);
  for (auto& [log, x] : g.cursors) {
    if (x.on_their_way() == 0)
      continue;
    x.give_back(who, now_);
    touch(m.group, log);
    wake(m.group, log);
  }
  if (!g.members.empty())
    return;
  for (auto& [log, c] : channels_)
    c.groups.erase(m.group);
  for (auto& [log, x] : g.cursors)
    alarms_.set(m.group, log, std::nullopt);
  g.ready.clear();
  g.row.left = now_;
  forget_in_time(g);
  out_.writes.put(store::table::groups, store::key::group(g.row.options.name), store::kind::group,
                  encode(g.row));
}

/// The engine knows by itself how long it needs its own.
void hub::impl::forget_in_time(const group& g) {
  if (g.row.options.purpose.is_null())
    alarms_.set(g.row.number, {}, later(*g.row.left, limits::group_ttl));
}

void hub::impl::on(const group_deleted& x) {
  auto found = group_numbers_.find(x.name);
  if (found == group_numbers_.end())
    return refuse(x.client, {code::not_found, "there is no group '" + x.name + "'"});
  if (!groups_.at(found->second).members.empty())
    return refuse(x.client, {code::conflict, "the group '" + x.name + "' has members"});
  erase_group(found->second);
  done(x.client, 1);
}

void hub::impl::erase_group(group_number number) {
  auto& g = groups_.at(number);
  auto prefix = store::key::of(number);
  for (auto t : {store::table::cursors, store::table::acks, store::table::attempts}) {
    auto keys = std::vector<std::string>{};
    need(store::scan_prefix(*view_, t, prefix, [&](auto key, const auto&) {
      keys.emplace_back(key);
      return true;
    }));
    for (auto& key : keys)
      out_.writes.erase(t, key);
  }
  // What is not on disk yet is written before this.
  for (auto& [log, x] : g.cursors)
    x.erase(out_.writes);
  for (auto& [log, c] : channels_)
    if (c.waits_for_groups && matches(routing_of(g.row.options.pattern).pattern, *c.name))
      to_trim_.insert(log);
  out_.writes.erase(store::table::groups, store::key::group(g.row.options.name));
  alarms_.set(number, {}, std::nullopt);
  for (auto& [log, x] : g.cursors)
    alarms_.set(number, log, std::nullopt);
  group_index_.remove(routing_of(g.row.options.pattern).pattern, number);
  group_numbers_.erase(g.row.options.name);
  groups_.erase(number);
}

} // namespace dagger::log
