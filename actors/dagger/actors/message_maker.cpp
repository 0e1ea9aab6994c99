// A message is made in the publisher's thread: checked, then encoded.
#include <dagger/actors/message_maker.hpp>

#include <dagger/log/name.hpp>
#include <dagger/store/apply.hpp>

#include <algorithm>

namespace dagger::actors {

namespace channels = dagger::log;

namespace {

result<void> check_text(std::string_view x, std::string_view what, std::size_t most) {
  if (x.size() > most)
    return fail(code::invalid_input, "the " + std::string{what} + " of a message has at most "
                                       + std::to_string(most) + " bytes, this one has "
                                       + std::to_string(x.size()));
  if (std::ranges::any_of(x, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return fail(code::invalid_input,
                "the " + std::string{what} + " of a message holds a control character");
  return {};
}

} // namespace

/// Holds the data against the schema of the channel, if it has one.
result<void> message_maker::check_data(const std::string& channel, message& x) const {
  try {
    auto view = lazy_view{*views_};
    auto known = book_.find(channel, view);
    if (!known)
      return fail(std::move(known.error()));
    auto version = (*known)->version;
    if (version == 0)
      return {};
    if (!x.is_json())
      return fail(code::invalid_input, "the channel '" + channel
                                         + "' has a schema, and the data is " + x.content_type
                                         + ", not JSON");
    auto wrong = (*known)->schema.check(x.data.value());
    if (!wrong.empty())
      return fail(code::invalid_input, "the message does not fit the schema of the channel '"
                                         + channel + "' (version " + std::to_string(version)
                                         + "):\n" + schema::to_text(wrong));
    x.schema = version;
    return {};
  } catch (error& why) { // the data is no JSON, or the engine has ended
    return fail(std::move(why));
  }
}

result<std::string> message_maker::make(const std::string& channel, message& x,
                                        const publish_options& how, timestamp now) const {
  if (auto fit = channels::check_writable(channel); !fit)
    return fail(std::move(fit.error()));
  if (!how.id.empty())
    x.id = how.id;
  if (!how.key.empty())
    x.key = how.key;
  if (auto fit = check_text(x.id, "id", limits::id_bytes); !fit)
    return fail(std::move(fit.error()));
  if (auto fit = check_text(x.key, "key", limits::id_bytes); !fit)
    return fail(std::move(fit.error()));
  if (auto fit = check_data(channel, x); !fit)
    return fail(std::move(fit.error()));
  for (auto& [name, value] : how.headers)
    x.headers[name] = value;
  auto give = [](std::string& to, const std::string& from) {
    if (!from.empty())
      to = from;
  };
  give(x.source, how.source);
  give(x.type, how.type);
  if (x.time == timestamp{})
    x.time = now;
  if (how.ttl > duration{0})
    x.expires = later(now, how.ttl);
  auto row = channels::encode(x);
  if (row.size() > limits::message_bytes)
    return fail(code::too_large,
                "the message has " + std::to_string(row.size()) + " bytes, at most "
                  + std::to_string(limits::message_bytes) + " are allowed",
                {}, "put it into a file and send the file's name");
  return row;
}

void check_not_delayed(const publish_options& x) {
  if (x.delay > duration{0})
    throw error{code::misuse,
                "a message that is part of an outcome or an acknowledgement comes with "
                "it, it cannot be delayed"};
}

result<std::shared_ptr<const channel_book::entry>>
message_maker::find(const std::string& channel) const {
  try {
    auto view = lazy_view{*views_};
    return book_.find(channel, view);
  } catch (error& why) { // the engine has ended
    return fail(std::move(why));
  }
}

result<bool> message_maker::is_anew(const channel_book::entry& channel, const std::string& id,
                                    timestamp now) const {
  try {
    auto view = lazy_view{*views_};
    auto position = store::number_of(view, store::table::once, store::key::once(channel.log, id));
    if (!position)
      return fail(std::move(position.error()));
    if (!*position)
      return false;
    auto row = view.get(store::table::log, store::key::log(channel.log, **position));
    if (!row)
      return fail(std::move(row.error()));
    if (!*row)
      return true;
    return channels::decode_head((*row)->body).map([&](auto head) {
      return later(head.time, channel.dedup_window) <= now;
    });
  } catch (error& why) {
    return fail(std::move(why));
  }
}

} // namespace dagger::actors
