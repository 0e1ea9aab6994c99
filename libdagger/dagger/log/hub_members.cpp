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
void hub::impl::each_matching(std::string_view pattern, F&& visit) {
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
  listener_index_.add(x.pattern, x.member);
  // Channels that are on disk only will find the listener in the index.
  for (auto& [log, c] : channels_)
    if (matches(x.pattern, *c.name))
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
  group_index_.add(x.group->pattern, number);
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
  if (m.group == no_group) {
    listener_index_.remove(m.pattern, who);
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
  alarms_.set(m.group, {}, later(now_, limits::group_ttl));
  out_.writes.put(store::table::groups, store::key::group(g.row.options.name), store::kind::group,
                  encode(g.row));
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
    if (c.waits_for_groups && matches(g.row.options.pattern, *c.name))
      to_trim_.insert(log);
  out_.writes.erase(store::table::groups, store::key::group(g.row.options.name));
  alarms_.set(number, {}, std::nullopt);
  for (auto& [log, x] : g.cursors)
    alarms_.set(number, log, std::nullopt);
  group_index_.remove(g.row.options.pattern, number);
  group_numbers_.erase(g.row.options.name);
  groups_.erase(number);
}

} // namespace dagger::log
