// What must be so when nothing more is to do; and that the disk holds what was seen.
#include "model/hub_witness.hpp"

#include <algorithm>

namespace dagger::model {

void hub_witness::look_at_the_end() {
  compare_logs();
  look_for_litter();
  for (auto& [log, c] : channels_)
    look_at(c);
  for (auto& [name, g] : groups_)
    look_at(g);
  for (auto& [who, m] : members_)
    if (m.group.empty())
      look_at_listener(who, m);
}

/// The messages on disk are those that came and did not go.
void hub_witness::compare_logs() {
  auto view = world_.disk().read();
  auto seen = std::map<place, message>{};
  for (auto& [log, c] : channels_)
    for (auto& [p, x] : c.rows)
      seen.emplace(place{log, p}, x.what);
  auto done = store::scan_prefix(
    *view, store::table::log, store::key::of(), [&](auto key, const store::record& row) {
      auto log = store::key::log_of(key);
      if (!channels_.contains(log))
        return true; // it is being erased
      auto at = seen.find({log, store::key::position_of(key)});
      if (at == seen.end() || log::encode(at->second) != row.body)
        wrong("not what was written: " + store::readable(store::table::log, key));
      else
        seen.erase(at);
      return true;
    });
  if (!done)
    wrong(to_string(done.error()));
  for (auto& [where, x] : seen)
    wrong("lost: " + channels_.at(where.first).name + "/" + std::to_string(where.second));
}

/// No row belongs to what is gone.
void hub_witness::look_for_litter() {
  auto view = world_.disk().read();
  auto each = [&](store::table t, std::string_view prefix, auto&& is_needed) {
    auto done = store::scan_prefix(*view, t, prefix, [&](auto key, const store::record& x) {
      if (!is_needed(key, x))
        wrong("nobody needs " + store::readable(t, key));
      return true;
    });
    if (!done)
      wrong(to_string(done.error()));
  };
  auto any = store::key::of();
  each(store::table::log, any,
       [&](auto key, auto&) { return channels_.contains(store::key::log_of(key)); });
  each(store::table::channels, any,
       [&](auto key, auto&) { return logs_.contains(std::string{store::key::name_of(key)}); });
  each(store::table::once, any, [&](auto key, auto& x) {
    auto found = channels_.find(store::key::log_of(key));
    if (found == channels_.end())
      return false;
    auto row = found->second.rows.find(reader{x.body}.varint());
    return row != found->second.rows.end() && row->second.what.id == key.substr(5);
  });
  each(store::table::cursors, any, [&](auto key, auto&) {
    auto parts = store::key::cursor_of(key);
    return group_of(parts.group) && channels_.contains(parts.log);
  });
  for (auto t : {store::table::acks, store::table::attempts})
    each(t, any, [&](auto, auto&) { return false; });
}

void hub_witness::look_at(const channel& c) {
  auto& may = c.row.options.retention;
  auto before = std::uint64_t{0};
  auto bytes = std::uint64_t{0};
  for (auto& [p, x] : c.rows) {
    bytes += x.bytes;
    if (p < c.row.counted_to)
      before += x.bytes;
    if (may.max_age > duration{0} && later(x.what.time, may.max_age) <= world_.now)
      wrong("too old: " + c.name + "/" + std::to_string(p));
  }
  if (before != c.row.bytes_before)
    wrong(c.name + " holds " + std::to_string(before) + " bytes, its row says "
          + std::to_string(c.row.bytes_before));
  if ((may.max_messages > 0 && c.rows.size() > may.max_messages)
      || (may.max_bytes > 0 && bytes > may.max_bytes))
    wrong("too full: " + c.name + ", " + std::to_string(c.rows.size()) + " messages, "
          + std::to_string(bytes) + " bytes");
}

/// The group is through with everything, and counts what it has not answered.
void hub_witness::look_at(const group& g) {
  for (auto& [log, c] : channels_) {
    if (!log::matches(g.row.options.pattern, c.name))
      continue;
    auto text = g.row.options.name + " of " + c.name;
    auto found = g.done.find(log);
    auto row = found == g.done.end() ? log::cursor_row{} : found->second.row;
    if (row.begin != c.end || row.lent != c.end)
      wrong(text + " is at " + std::to_string(row.begin) + ", not at " + std::to_string(c.end));
    if (found == g.done.end() || !g.row.options.dead_letters || log::is_dead_letters(c.name))
      continue;
    if (row.dead != found->second.dead.size())
      wrong(text + " has given up " + std::to_string(row.dead) + ", and there are "
            + std::to_string(found->second.dead.size()) + " letters");
  }
}

void hub_witness::look_at_listener(log::member_id who, const member& m) {
  for (auto& [log, last] : m.last) {
    auto found = channels_.find(log);
    if (found == channels_.end())
      continue;
    for (auto& [p, x] : found->second.rows)
      if (p > last && x.what.only_for.empty() && !(x.what.expires && *x.what.expires <= world_.now))
        wrong(std::to_string(who) + " has not heard " + found->second.name + "/"
              + std::to_string(p));
  }
}

} // namespace dagger::model
