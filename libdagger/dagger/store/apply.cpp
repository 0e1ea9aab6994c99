// Changes to rows, one by one, in order.
#include <dagger/store/apply.hpp>

#include <dagger/check.hpp>

#include <algorithm>
#include <unordered_map>

namespace dagger::store {

namespace {

std::string varint(std::uint64_t x) {
  auto out = std::string{};
  writer{out}.varint(x);
  return out;
}

class applier {
public:
  explicit applier(transaction& to) : to_(to) {}

  result<void> operator()(const batch::change& x) {
    switch (x.verb) {
    case batch::verb::put:
      return to_.put(x.table, x.key, x.kind, x.version, x.body);
    case batch::verb::erase:
      return erase(x);
    case batch::verb::append:
      return append(x);
    }
    return {};
  }

  committed done;

private:
  /// The end of a log within this transaction.
  result<std::uint64_t*> end(log_id log) {
    auto found = ends_.find(log);
    if (found == ends_.end()) {
      auto x = end_of(to_, log);
      if (!x)
        return fail(std::move(x.error()));
      found = ends_.emplace(log, *x).first;
    }
    return &found->second;
  }

  result<void> append(const batch::change& x) {
    if (!x.key.empty()) {
      auto seen = number_of(to_, table::once, key::once(x.log, x.key));
      if (!seen)
        return fail(std::move(seen.error()));
      if (*seen) {
        check(x.expected == batch::any_position || x.expected == **seen, "position not met");
        done.repeated.push_back(done.positions.size());
        done.positions.push_back(**seen);
        return {};
      }
    }
    auto at = end(x.log);
    if (!at)
      return fail(std::move(at.error()));
    auto position = (**at)++;
    check(x.expected == batch::any_position || x.expected == position, "position not met");
    done.positions.push_back(position);
    auto written = to_.put(table::log, key::log(x.log, position), x.kind, x.version, x.body);
    if (!written || x.key.empty())
      return written;
    return to_.put(table::once, key::once(x.log, x.key), kind::position, 1, varint(position));
  }

  /// The last row of a log is how a log knows its end; when it goes, the end is written down.
  result<void> erase(const batch::change& x) {
    if (x.table == table::log && well_formed(table::log, x.key)) {
      auto r = reader{x.key.substr(1)};
      auto log = static_cast<log_id>(r.big_endian<std::uint32_t>());
      auto at = end(log);
      if (!at)
        return fail(std::move(at.error()));
      if (key::position_of(x.key) + 1 == **at) {
        auto kept = to_.put(table::meta, key::log_end(log), kind::meta, 1, varint(**at));
        if (!kept)
          return kept;
      }
    }
    return to_.erase(x.table, x.key);
  }

  transaction& to_;
  std::unordered_map<log_id, std::uint64_t> ends_;
};

} // namespace

result<committed> apply(transaction& to, std::uint64_t number,
                        std::span<const batch* const> batches) {
  auto write = applier{to};
  for (auto* b : batches)
    for (auto i = std::size_t{0}; i < b->size(); ++i)
      if (auto done = write((*b)[i]); !done)
        return fail(std::move(done.error()));
  if (auto done = to.put(table::meta, key::commit, kind::meta, 1, varint(number)); !done)
    return fail(std::move(done.error()));
  write.done.number = number;
  return std::move(write.done);
}

bool all_empty(std::span<const batch* const> batches) {
  return std::all_of(batches.begin(), batches.end(), [](auto* b) { return b->empty(); });
}

result<void> found(transaction& to) {
  auto done =
    to.put(table::meta, key::format, kind::meta, 1, varint(format_major) + varint(format_minor));
  return done ? to.put(table::meta, key::commit, kind::meta, 1, varint(0)) : done;
}

result<std::optional<std::uint64_t>> number_of(view& v, table t, std::string_view key) {
  auto row = v.get(t, key);
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return std::nullopt;
  try {
    return reader{(*row)->body}.varint();
  } catch (const truncated& e) {
    return fail(code::store_corrupt, readable(t, key) + ": " + e.what());
  }
}

result<void> scan_prefix(view& v, table t, std::string_view prefix, const view::visitor& visit) {
  return v.scan(t, prefix, direction::up, [&](std::string_view key, const record& x) {
    return key.starts_with(prefix) && visit(key, x);
  });
}

result<std::uint64_t> end_of(view& v, log_id log) {
  auto end = std::uint64_t{0};
  auto last = key::log(log, ~std::uint64_t{0});
  auto done = v.scan(table::log, last, direction::down, [&](std::string_view key, const record&) {
    if (key.size() == last.size() && key.substr(0, 5) == std::string_view{last}.substr(0, 5))
      end = key::position_of(key) + 1;
    return false;
  });
  if (!done)
    return fail(std::move(done.error()));
  auto kept = number_of(v, table::meta, key::log_end(log));
  if (!kept)
    return fail(std::move(kept.error()));
  return std::max(end, kept->value_or(0));
}

} // namespace dagger::store
