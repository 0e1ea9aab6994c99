// Who gets which message, and what is said of it.
#include <dagger/log/hub_impl.hpp>

namespace dagger::log {

namespace {

/// In one message to a member.
constexpr auto bytes_at_once = std::size_t{1} << 20;
constexpr auto messages_at_once = std::size_t{256};

/// The one after `turn` in a circle.
store::log_id next_in(const std::set<store::log_id>& xs, store::log_id turn) {
  auto at = xs.upper_bound(turn);
  return at == xs.end() ? *xs.begin() : *at;
}

} // namespace

/// What the group has done of the channel, read if it is not in memory.
cursor& hub::impl::cursor_of(group& g, channel& c) {
  auto log = c.row.log;
  auto found = g.cursors.find(log);
  if (found == g.cursors.end()) {
    auto rows = channel_rows{*this, c};
    auto x = need(cursor::restore(*view_, g.row.number, log, g.row.options, rows));
    found = g.cursors.emplace(log, std::move(x)).first;
    touch(g.row.number, log);
  }
  found->second.grow(c.end);
  if (found->second.begin() < c.first)
    found->second.skip_to(c.first);
  return found->second;
}

/// A member that may get something, or 0.
member_id hub::impl::next_member(group& g) const {
  for (auto i = std::size_t{0}; i < g.members.size(); ++i) {
    g.member_turn = (g.member_turn + 1) % g.members.size();
    if (members_.at(g.members[g.member_turn]).credit > 0)
      return g.members[g.member_turn];
  }
  return 0;
}

void hub::impl::pump(group& g) {
  while (!g.ready.empty()) {
    auto to = next_member(g);
    if (to == 0)
      return;
    auto& m = members_.at(to);
    g.channel_turn = next_in(g.ready, g.channel_turn);
    auto& c = load(g.channel_turn);
    auto& x = cursor_of(g, c);
    touch(g.row.number, c.row.log);
    auto share = (x.pending() + g.members.size() - 1) / g.members.size();
    auto n = std::min({m.credit, std::max<std::size_t>(share, 1), messages_at_once});
    auto rows = channel_rows{*this, c};
    auto taken = need(x.take(to, n, bytes_at_once, rows, now_));
    if (taken.empty())
      settle_cursor(g.row.number, c.row.log); // it may look further then
    if (!x.has_work(now_))
      g.ready.erase(c.row.log);
    hand_over(to, c, std::move(taken));
  }
}

/// One who listens alone: each message once, whatever becomes of it.
void hub::impl::pump(member_id who, member& m) {
  auto key = routing_of(m.pattern).key;
  while (!m.ready.empty() && m.credit > 0) {
    auto log = m.channel_turn = next_in(m.ready, m.channel_turn);
    auto& c = load(log);
    auto& next = m.next[log];
    next = std::max(next, c.first);
    auto out = std::vector<delivered>{};
    auto size = std::size_t{0};
    while (next < c.end && out.size() < std::min(m.credit, messages_at_once)
           && size < bytes_at_once) {
      auto row = row_at(c, next++);
      if (!row)
        continue;
      auto head = need(decode_head(*row));
      if (!head.only_for.empty() || (head.expires && *head.expires <= now_)
          || (!key.empty() && head.key != key))
        continue;
      size += row->size();
      out.push_back({next - 1, 1, std::move(row)});
    }
    if (next >= c.end)
      m.ready.erase(log);
    hand_over(who, c, std::move(out));
  }
}

void hub::impl::hand_over(member_id to, channel& c, std::vector<delivered> messages) {
  auto& m = members_.at(to);
  m.credit -= messages.size();
  for (auto& x : messages)
    m.holds.emplace(c.row.log, x.position, x.delivery);
  if (!messages.empty())
    out_.commands.emplace_back(deliver{to, c.row.log, c.name, std::move(messages)});
}

void hub::impl::on(const deliveries_answered& x) {
  auto found = members_.find(x.member);
  if (found == members_.end())
    return; // what it had has been given to others
  auto& m = found->second;
  for (auto& said : x.answers)
    m.credit += m.holds.erase({x.log, said.position, said.delivery});
  if (m.group == no_group) {
    busy_members_.insert(x.member);
    return;
  }
  auto& g = groups_.at(m.group);
  busy_groups_.insert(m.group);
  auto at = g.cursors.find(x.log);
  if (at == g.cursors.end())
    return; // the channel is gone
  auto follow_ups = std::vector<const follow_up*>{};
  for (auto& said : x.answers)
    if (at->second.settle(x.member, said, now_))
      for (auto& more : said.publishes)
        follow_ups.push_back(&more);
  g.ready.insert(x.log);
  touch(m.group, x.log);
  for (auto* more : follow_ups)
    append(ensure(more->channel), more->id, more->row);
}

void hub::impl::on(const delivery_extended& x) {
  auto found = members_.find(x.member);
  if (found == members_.end() || found->second.group == no_group)
    return;
  auto& g = groups_.at(found->second.group);
  auto at = g.cursors.find(x.log);
  if (at == g.cursors.end())
    return;
  at->second.extend(x.member, x.position, x.delivery, later(now_, x.by));
  touch(g.row.number, x.log);
}

/// Puts what a group has given up where people will find it.
void hub::impl::dead_letter(group& g, channel& c, const given_up& x) {
  if (!g.row.options.dead_letters || is_dead_letters(*c.name))
    return;
  auto row = row_at(c, x.position);
  if (!row)
    return;
  auto letter = need(decode_message(*row));
  letter.headers["dagger-channel"] = *c.name;
  letter.headers["dagger-position"] = std::to_string(x.position);
  letter.headers["dagger-group"] = g.row.options.name;
  letter.headers["dagger-deliveries"] = std::to_string(x.deliveries);
  letter.headers["dagger-reason"] = x.reason.substr(0, limits::reason_bytes);
  letter.expires.reset();
  letter.only_for.clear();
  if (letter.type.empty())
    letter.type = *c.name;
  auto& to = ensure(dead_letters_of(*c.name));
  out_.writes.append(to.row.log, store::kind::message, encode(letter));
  ++appends_;
}

} // namespace dagger::log
