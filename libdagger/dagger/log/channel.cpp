// Options, member by member.
#include <dagger/log/channel.hpp>

#include <dagger/codec/members.hpp>
#include <dagger/log/name.hpp>
#include <dagger/schema/validator.hpp>

namespace dagger::log {

namespace {

constexpr std::string_view full_words[] = {"refuse", "drop_oldest"};
constexpr std::string_view compatibility_words[] = {"none", "backward", "forward", "full"};

result<void> check_positive(duration x, std::string_view what) {
  if (x > duration{0} && x <= limits::longest)
    return {};
  return fail(code::invalid_input, "must be longer than nothing and at most 100 years",
              std::string{what});
}

/// As people write it: `30s`, `2d`, or seconds.
void read_duration(members& from, std::string_view name, duration& to) {
  auto* x = from.find(name);
  if (!x)
    return;
  auto span = x->is_string()          ? parse_duration(x->get_ref<const std::string&>())
            : x->is_number_unsigned() ? parse_duration(x->dump())
                                      : fail(code::invalid_input, "must be a time span: 30s, 2d");
  if (span)
    to = *span;
  else
    from.wrong(span.error().message, from.path_of(name));
}

} // namespace

json to_json(const channel_options& x) {
  auto out = json{{"channel", x.name}};
  if (!x.description.empty())
    out["description"] = x.description;
  if (!x.schema.is_null())
    out["schema"] = x.schema;
  if (x.compatibility != compatibility::none)
    out["compatibility"] = compatibility_words[static_cast<std::size_t>(x.compatibility)];
  out["retention"] = {{"max_age", to_text(x.retention.max_age)},
                      {"max_bytes", x.retention.max_bytes},
                      {"max_messages", x.retention.max_messages}};
  out["on_full"] = full_words[static_cast<std::size_t>(x.on_full)];
  out["dedup_window"] = to_text(x.dedup_window);
  return out;
}

result<channel_options> channel_from(const json& from) {
  auto x = channel_options{};
  auto fields = members{from};
  fields.need("channel", x.name);
  fields.read("description", x.description);
  fields.read("schema", x.schema);
  fields.read_enum("compatibility", x.compatibility, compatibility_words);
  fields.inside("retention", [&](members& in) {
    read_duration(in, "max_age", x.retention.max_age);
    in.read("max_bytes", x.retention.max_bytes);
    in.read("max_messages", x.retention.max_messages);
  });
  fields.read_enum("on_full", x.on_full, full_words);
  read_duration(fields, "dedup_window", x.dedup_window);
  if (auto why = fields.end())
    return fail(std::move(*why));
  return x;
}

json to_json(const group_options& x) {
  auto backoff = json::array();
  for (auto& pause : x.backoff)
    backoff.push_back(to_text(pause));
  auto out = json{{"group", x.name},
                  {"pattern", x.pattern},
                  {"ack_wait", to_text(x.ack_wait)},
                  {"max_deliver", x.max_deliver},
                  {"backoff", std::move(backoff)},
                  {"ordered_by_key", x.ordered_by_key},
                  {"dead_letters", x.dead_letters}};
  if (!x.purpose.is_null())
    out["purpose"] = x.purpose;
  return out;
}

result<group_options> group_from(const json& from) {
  auto x = group_options{};
  auto backoff = std::vector<std::string>{};
  auto fields = members{from};
  fields.need("group", x.name);
  fields.need("pattern", x.pattern);
  read_duration(fields, "ack_wait", x.ack_wait);
  fields.read("max_deliver", x.max_deliver);
  fields.need("backoff", backoff);
  fields.read("ordered_by_key", x.ordered_by_key);
  fields.read("dead_letters", x.dead_letters);
  fields.read("purpose", x.purpose);
  x.backoff.clear();
  for (auto& text : backoff) {
    auto pause = parse_duration(text);
    if (!pause)
      fields.wrong(pause.error().message, "backoff");
    else
      x.backoff.push_back(*pause);
  }
  if (auto why = fields.end())
    return fail(std::move(*why));
  return x;
}

result<void> check_channel(const channel_options& x) {
  if (auto done = check_writable(x.name); !done)
    return done;
  if (!x.schema.is_null())
    if (auto compiled = schema::validator::compile(x.schema); !compiled) {
      auto why = std::move(compiled.error());
      why.message = "the schema of the channel '" + x.name + "': " + why.message;
      return fail(std::move(why));
    }
  if (x.retention.max_age < duration{0} || x.retention.max_age > limits::longest)
    return fail(code::invalid_input, "must be at most 100 years", "retention.max_age");
  if (x.dedup_window < duration{0} || x.dedup_window > limits::longest)
    return fail(code::invalid_input, "must be at most 100 years", "dedup_window");
  return {};
}

result<void> check_group(const group_options& x) {
  if (x.name.empty() || x.name.size() > limits::name_bytes)
    return fail(code::invalid_input,
                "the name of a group has 1 to " + std::to_string(limits::name_bytes) + " bytes");
  if (x.purpose.is_null() && x.name.starts_with("dagger."))
    return fail(code::invalid_input,
                "groups with names that begin with 'dagger.' are the engine's own");
  if (auto done = check_pattern(x.pattern); !done)
    return done;
  if (auto done = check_positive(x.ack_wait, "ack_wait"); !done)
    return done;
  if (x.max_deliver == 0)
    return fail(code::invalid_input, "must be at least 1", "max_deliver");
  if (x.backoff.size() > limits::backoff_steps)
    return fail(code::invalid_input,
                "has " + std::to_string(x.backoff.size()) + " pauses, at most "
                  + std::to_string(limits::backoff_steps) + " are allowed",
                "backoff");
  for (auto& pause : x.backoff)
    if (pause < duration{0} || pause > limits::longest)
      return fail(code::invalid_input, "a pause is at most 100 years", "backoff");
  return {};
}

duration backoff_after(const group_options& x, std::uint32_t delivery) {
  if (x.backoff.empty())
    return duration{0};
  return x.backoff[std::min<std::size_t>(std::max(delivery, 1u), x.backoff.size()) - 1];
}

} // namespace dagger::log
