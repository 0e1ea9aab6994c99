// Counts are those of the last commit; what is on its way to the disk is not in them.
#include <dagger/log/query.hpp>

#include <dagger/log/name.hpp>
#include <dagger/log/rows.hpp>

namespace dagger::log {

namespace {

struct known_group {
  std::string name;
  group_row row;
};

result<std::vector<known_group>> groups_of(store::view& v) {
  auto out = std::vector<known_group>{};
  auto done = each_group(v, [&](const std::string& name, const group_row& row) {
    out.push_back({name, row});
    return true;
  });
  if (!done)
    return fail(std::move(done.error()));
  return out;
}

result<std::uint64_t> first_of(store::view& v, store::log_id log, std::uint64_t end) {
  auto first = end;
  auto prefix = store::key::log(log, 0).substr(0, 5);
  auto done = store::scan_prefix(v, store::table::log, prefix, [&](auto key, const auto&) {
    first = store::key::position_of(key);
    return false;
  });
  if (!done)
    return fail(std::move(done.error()));
  return first;
}

result<std::uint64_t> count_rows(store::view& v, store::table t, const std::string& prefix) {
  auto n = std::uint64_t{0};
  auto done = store::scan_prefix(v, t, prefix, [&](auto, const auto&) { return ++n > 0; });
  if (!done)
    return fail(std::move(done.error()));
  return n;
}

result<group_state> state_of(store::view& v, const known_group& g, const channel_row& c,
                             std::uint64_t first, std::uint64_t end) {
  auto x = group_state{g.name, g.row.options.pattern};
  auto key = store::key::cursor(g.row.number, c.log);
  auto row = v.get(store::table::cursors, key);
  if (!row)
    return fail(std::move(row.error()));
  auto cursor = *row ? decode_cursor((*row)->body) : cursor_row{};
  if (!cursor)
    return fail(std::move(cursor.error()));
  auto acked = count_rows(v, store::table::acks, key);
  if (!acked)
    return fail(std::move(acked.error()));
  x.position = std::max(cursor->begin, first);
  x.pending = end - std::min(end, x.position) - std::min(*acked, end - std::min(end, x.position));
  x.given_up = cursor->dead;
  x.expired = cursor->expired;
  x.dropped = cursor->dropped;
  return x;
}

/// Of the rows from the last count on; before them the row has counted.
result<std::uint64_t> bytes_of(store::view& v, const channel_row& c, std::uint64_t first) {
  auto bytes = c.bytes_before;
  auto from = store::key::log(c.log, std::max(c.counted_to, first));
  auto done =
    v.scan(store::table::log, from, store::direction::up, [&](auto key, const store::record& x) {
      auto ours = store::key::log_of(key) == c.log;
      bytes += ours ? x.body.size() : 0;
      return ours;
    });
  if (!done)
    return fail(std::move(done.error()));
  return bytes;
}

result<channel_state> state_of(store::view& v, const std::string& name, const channel_row& row,
                               const std::vector<known_group>& groups) {
  auto x = channel_state{name, row.options};
  x.schema_version = row.schema_version;
  x.dropped = row.dropped;
  auto end = store::end_of(v, row.log);
  if (!end)
    return fail(std::move(end.error()));
  x.end = *end;
  auto first = first_of(v, row.log, *end);
  if (!first)
    return fail(std::move(first.error()));
  x.first = *first;
  auto bytes = bytes_of(v, row, *first);
  if (!bytes)
    return fail(std::move(bytes.error()));
  x.bytes = *bytes;
  for (auto& g : groups)
    if (matches(g.row.options.pattern, name)) {
      auto state = state_of(v, g, row, x.first, x.end);
      if (!state)
        return fail(std::move(state.error()));
      x.groups.push_back(std::move(*state));
    }
  auto dead = find_channel(v, dead_letters_of(name));
  if (!dead)
    return fail(std::move(dead.error()));
  if (*dead) {
    auto letters = count_rows(v, store::table::log, store::key::log((*dead)->log, 0).substr(0, 5));
    if (!letters)
      return fail(std::move(letters.error()));
    x.dead_letters = *letters;
  }
  return x;
}

} // namespace

result<std::vector<channel_state>> channel_states(store::view& v, std::string_view pattern) {
  auto groups = groups_of(v);
  if (!groups)
    return fail(std::move(groups.error()));
  auto rows = std::vector<std::pair<std::string, channel_row>>{};
  auto done = each_channel(v, literal_head(pattern), [&](const std::string& name, auto& row) {
    if (!name.starts_with(' ') && (pattern.empty() || matches(pattern, name)))
      rows.emplace_back(name, row);
    return true;
  });
  if (!done)
    return fail(std::move(done.error()));
  auto out = std::vector<channel_state>{};
  for (auto& [name, row] : rows) {
    auto x = state_of(v, name, row, *groups);
    if (!x)
      return fail(std::move(x.error()));
    out.push_back(std::move(*x));
  }
  return out;
}

result<std::optional<channel_state>> channel_state_of(store::view& v, std::string_view name) {
  auto row = find_channel(v, name);
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return std::nullopt;
  auto groups = groups_of(v);
  if (!groups)
    return fail(std::move(groups.error()));
  return state_of(v, std::string{name}, **row, *groups);
}

} // namespace dagger::log
