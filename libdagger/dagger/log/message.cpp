// Row of a message: flags, time, then what the flags announce, then the data.
#include <dagger/log/message.hpp>

#include <dagger/codec/base64.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/members.hpp>
#include <dagger/codec/row_parts.hpp>

#include <array>

namespace dagger {

namespace {

bool says_json(std::string_view type) {
  auto essence = type.substr(0, type.find(';'));
  while (essence.ends_with(' '))
    essence.remove_suffix(1);
  return essence.empty() || essence == "application/json" || essence == "text/json"
      || essence.ends_with("+json");
}

} // namespace

bool message::is_json() const {
  return says_json(content_type);
}

namespace log {

namespace {

/// Bits of the first number. What decides about a delivery stands first.
enum part : std::uint16_t {
  has_expiry = 1,
  has_id = 2,
  has_key = 4,
  has_source = 8,
  has_type = 16,
  has_content_type = 32,
  has_headers = 64,
  has_schema = 128,
  has_only_for = 256,
};

unsigned parts_of(const message& x) {
  auto flags = 0u;
  auto add = [&](bool yes, part which) { flags |= yes ? unsigned{which} : 0u; };
  add(x.expires.has_value(), has_expiry);
  add(!x.id.empty(), has_id);
  add(!x.key.empty(), has_key);
  add(!x.only_for.empty(), has_only_for);
  add(!x.source.empty(), has_source);
  add(!x.type.empty(), has_type);
  add(!x.content_type.empty(), has_content_type);
  add(!x.headers.empty(), has_headers);
  add(x.schema != 0, has_schema);
  return flags;
}

message_head read_head(reader& r, unsigned flags) {
  auto x = message_head{};
  x.time = get_time(r);
  if (flags & has_expiry)
    x.expires = get_time(r);
  if (flags & has_id)
    x.id = r.text();
  if (flags & has_key)
    x.key = r.text();
  if (flags & has_only_for)
    x.only_for = r.text();
  return x;
}

/// The attributes of CloudEvents that have a member of their own here.
constexpr auto known = std::array<std::string_view, 10>{
  "specversion", "id",   "source",      "type",    "time",
  "subject",     "data", "data_base64", "channel", "datacontenttype"};

bool is_known(std::string_view name) {
  return std::ranges::find(known, name) != known.end() || name == "position";
}

/// Names of attributes are lower-case letters and digits, here `-` and `_` too.
bool is_attribute(std::string_view name) {
  return !name.empty() && name.size() <= 64
      && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == name.npos;
}

result<void> read_data(const json& from, message& to) {
  auto plain = from.find("data");
  auto encoded = from.find("data_base64");
  if (plain != from.end() && encoded != from.end())
    return fail(code::invalid_input, "there are both 'data' and 'data_base64'", "data");
  if (encoded != from.end()) {
    if (!encoded->is_string())
      return fail(code::invalid_input, "must be text", "data_base64");
    auto bytes = from_base64(encoded->get_ref<const std::string&>());
    if (!bytes)
      return fail(code::invalid_input, "is not base64", "data_base64");
    if (to.content_type.empty())
      to.content_type = "application/octet-stream";
    to.data = payload::from_bytes(std::move(*bytes));
  } else if (plain != from.end() && !to.is_json() && plain->is_string()) {
    to.data = payload::from_bytes(plain->get<std::string>());
  } else {
    to.data = payload::from(plain == from.end() ? json(nullptr) : *plain);
  }
  return {};
}

} // namespace

std::string encode(const message& x) {
  auto out = std::string{};
  out.reserve(x.data.bytes().size() + usual_row_bytes);
  auto w = writer{out};
  auto flags = parts_of(x);
  w.varint(flags);
  put(w, x.time);
  if (x.expires)
    put(w, *x.expires);
  for (auto* text : {&x.id, &x.key, &x.only_for, &x.source, &x.type, &x.content_type})
    if (!text->empty())
      w.text(*text);
  if (flags & has_headers) {
    w.varint(x.headers.size());
    for (auto& [name, value] : x.headers) {
      w.text(name);
      w.text(value);
    }
  }
  if (flags & has_schema)
    w.varint(x.schema);
  w.text(x.data.bytes());
  return out;
}

result<message> decode_message(std::string_view body) {
  return decode("message", body, [](reader& r) {
    auto flags = static_cast<unsigned>(r.varint());
    auto head = read_head(r, flags);
    auto x = message{};
    x.time = head.time;
    x.expires = head.expires;
    x.id = head.id;
    x.key = head.key;
    x.only_for = head.only_for;
    if (flags & has_source)
      x.source = r.text();
    if (flags & has_type)
      x.type = r.text();
    if (flags & has_content_type)
      x.content_type = r.text();
    if (flags & has_headers)
      for (auto n = get_count(r); n > 0; --n) {
        auto name = std::string{r.text()};
        x.headers[std::move(name)] = r.text();
      }
    if (flags & has_schema)
      x.schema = static_cast<std::uint32_t>(r.varint());
    x.data = payload::from_bytes(std::string{r.text()});
    return x;
  });
}

result<message_head> decode_head(std::string_view body) {
  return decode("message", body, [](reader& r) {
    auto flags = static_cast<unsigned>(r.varint());
    return read_head(r, flags);
  });
}

json to_cloud_event(const message& x, std::string_view channel, std::uint64_t position) {
  auto out = json::object();
  for (auto& [name, value] : x.headers)
    if (!is_known(name))
      out[name] = value;
  out["specversion"] = "1.0";
  out["id"] = x.id.empty() ? std::string{channel} + "/" + std::to_string(position) : x.id;
  out["source"] = x.source.empty() ? "dagger" : x.source;
  out["type"] = x.type.empty() ? std::string{channel} : x.type;
  out["time"] = to_rfc3339(x.time);
  if (!x.key.empty())
    out["subject"] = x.key;
  out["datacontenttype"] = x.content_type.empty() ? "application/json" : x.content_type;
  out["channel"] = channel;
  out["position"] = position;
  if (!x.is_json())
    out["data_base64"] = to_base64(x.data.bytes());
  else if (auto parsed = parse_json(x.data.bytes()))
    out["data"] = std::move(*parsed);
  else
    out["data_base64"] = to_base64(x.data.bytes());
  return out;
}

result<message> from_cloud_event(const json& from) {
  if (!from.is_object())
    return fail(code::invalid_input, "a CloudEvent is an object");
  auto x = message{};
  auto version = std::string{};
  auto time = std::string{};
  auto fields = members{from};
  fields.need("specversion", version);
  fields.read("id", x.id);
  fields.read("source", x.source);
  fields.read("type", x.type);
  fields.read("time", time);
  fields.read("subject", x.key);
  fields.read("datacontenttype", x.content_type);
  for (auto& [name, value] : from.items()) {
    if (is_known(name))
      fields.find(name);
    else if (!is_attribute(name))
      fields.wrong("is no name of an attribute", name);
    else if (value.is_string())
      fields.read(name, x.headers[name]);
    else if (value.is_number() || value.is_boolean())
      x.headers[name] = to_text(*fields.find(name));
    else
      fields.wrong("must be text, a number or a boolean", name);
  }
  if (auto why = fields.end())
    return fail(std::move(*why));
  if (version != "1.0")
    return fail(code::invalid_input, "must be 1.0, is " + version, "specversion");
  if (!time.empty()) {
    auto at = parse_rfc3339(time);
    if (!at)
      return fail(code::invalid_input, at.error().message, "time");
    x.time = *at;
  }
  if (auto done = read_data(from, x); !done)
    return fail(std::move(done.error()));
  return x;
}

} // namespace log
} // namespace dagger
