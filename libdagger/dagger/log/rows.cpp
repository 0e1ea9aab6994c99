// Numbers as varints, options as JSON text: they are read seldom and grow with time.
#include <dagger/log/rows.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/row_parts.hpp>

namespace dagger::log {

namespace {

/// Options that stand in a row; what cannot be read there is damage.
template <class T>
result<T> options_in(reader& r, result<T> (*read)(const json&)) {
  auto text = parse_json(r.text());
  auto x = text ? read(*text) : fail(std::move(text.error()));
  if (!x)
    return fail(code::store_corrupt, "its options cannot be read: " + to_string(x.error()));
  return x;
}

/// A result within a result is one.
template <class T>
result<T> flat(result<result<T>> x) {
  if (!x)
    return fail(std::move(x.error()));
  return std::move(*x);
}

template <class T>
result<T> named(result<T> x, store::table t, std::string_view key) {
  if (!x)
    x.error().message = store::readable(t, key) + ": " + x.error().message;
  return x;
}

} // namespace

std::string encode(const channel_row& x) {
  return encoded([&](writer& w) {
    w.varint(static_cast<std::uint32_t>(x.log));
    put(w, x.created);
    w.varint(x.schema_version);
    w.varint(x.counted_to);
    w.varint(x.bytes_before);
    w.varint(x.dropped);
    w.text(to_text(to_json(x.options)));
  });
}

result<channel_row> decode_channel(std::string_view name, std::string_view body) {
  auto x = flat(decode("channel", body, [](reader& r) -> result<channel_row> {
    auto row = channel_row{};
    row.log = static_cast<store::log_id>(r.varint());
    row.created = get_time(r);
    row.schema_version = static_cast<std::uint32_t>(r.varint());
    row.counted_to = r.varint();
    row.bytes_before = r.varint();
    row.dropped = r.varint();
    auto options = options_in(r, channel_from);
    if (!options)
      return fail(std::move(options.error()));
    row.options = std::move(*options);
    return row;
  }));
  return named(std::move(x), store::table::channels, store::key::channel(name));
}

std::string encode(const group_row& x) {
  return encoded([&](writer& w) {
    w.varint(x.number);
    put(w, x.created);
    put(w, x.left);
    w.text(to_text(to_json(x.options)));
  });
}

result<group_row> decode_group(std::string_view name, std::string_view body) {
  auto x = flat(decode("group", body, [](reader& r) -> result<group_row> {
    auto row = group_row{};
    row.number = static_cast<std::uint32_t>(r.varint());
    row.created = get_time(r);
    row.left = get_optional_time(r);
    auto options = options_in(r, group_from);
    if (!options)
      return fail(std::move(options.error()));
    row.options = std::move(*options);
    return row;
  }));
  return named(std::move(x), store::table::groups, store::key::group(name));
}

std::string encode(const delayed_message& x) {
  return encoded([&](writer& w) {
    w.varint(static_cast<std::uint32_t>(x.log));
    w.text(x.id);
    w.text(x.row);
  });
}

result<delayed_message> decode_delayed(std::string_view body) {
  return decode("delayed message", body, [](reader& r) {
    auto x = delayed_message{};
    x.log = static_cast<store::log_id>(r.varint());
    x.id = r.text();
    x.row = r.text();
    return x;
  });
}

std::string encode(const cursor_row& x) {
  return encoded([&](writer& w) {
    for (auto n : {x.begin, x.lent - x.begin, x.expired, x.dropped, x.dead})
      w.varint(n);
  });
}

result<cursor_row> decode_cursor(std::string_view body) {
  return decode("cursor", body, [](reader& r) {
    auto x = cursor_row{};
    x.begin = r.varint();
    x.lent = x.begin + r.varint();
    x.expired = r.varint();
    x.dropped = r.varint();
    x.dead = r.varint();
    return x;
  });
}

std::string encode(const attempt_row& x) {
  return encoded([&](writer& w) {
    w.varint(x.deliveries);
    w.byte(x.lent ? 1 : 0);
    put(w, x.due);
    w.text(x.reason);
  });
}

result<attempt_row> decode_attempt(std::string_view body) {
  return decode("delivery", body, [](reader& r) {
    auto x = attempt_row{};
    x.deliveries = static_cast<std::uint32_t>(r.varint());
    x.lent = r.byte() != 0;
    x.due = get_time(r);
    x.reason = r.text();
    return x;
  });
}

result<std::optional<channel_row>> find_channel(store::view& v, std::string_view name) {
  auto row = v.get(store::table::channels, store::key::channel(name));
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return std::nullopt;
  return decode_channel(name, (*row)->body);
}

result<std::optional<group_row>> find_group(store::view& v, std::string_view name) {
  auto row = v.get(store::table::groups, store::key::group(name));
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return std::nullopt;
  return decode_group(name, (*row)->body);
}

namespace {

template <class Row>
result<void> each(store::view& v, store::table t, std::string_view prefix,
                  result<Row> (*read)(std::string_view, std::string_view),
                  const std::function<bool(const std::string&, const Row&)>& visit) {
  auto problem = std::optional<error>{};
  auto done = store::scan_prefix(v, t, prefix, [&](std::string_view key, const auto& row) {
    auto name = std::string{store::key::name_of(key)};
    auto x = read(name, row.body);
    if (!x) {
      problem = std::move(x.error());
      return false;
    }
    return visit(name, *x);
  });
  if (problem)
    return fail(std::move(*problem));
  return done;
}

} // namespace

result<void>
each_channel(store::view& v, std::string_view head,
             const std::function<bool(const std::string&, const channel_row&)>& visit) {
  return each(v, store::table::channels, store::key::channel(head), decode_channel, visit);
}

result<void> each_group(store::view& v,
                        const std::function<bool(const std::string&, const group_row&)>& visit) {
  return each(v, store::table::groups, store::key::group(""), decode_group, visit);
}

} // namespace dagger::log
