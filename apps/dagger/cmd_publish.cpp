// `dagger publish`: one message, or one per line of standard input.
#include "channel_acting.hpp"
#include "given_value.hpp"

#include <dagger/codec/json.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <unistd.h>

namespace dagger::apps {

namespace {

struct publish_arguments {
  std::string store;
  std::string channel;
  std::string data;
  std::string key;
  std::string id;
  std::vector<std::string> headers;
  bool lines = false;
  bool cloud_events = false;
  bool json = false;
};

/// Lines that are published together, at most.
constexpr auto lines_at_once = std::size_t{1'000};

/// The text as one message. `line`: which line of standard input it is, or 0.
result<json> event_of(const publish_arguments& given, const std::string& text, std::size_t line) {
  auto value = parse_json(text);
  auto where = line > 0 ? "line " + std::to_string(line) : std::string{"DATA"};
  if (given.cloud_events) {
    if (!value)
      return fail(code::invalid_input, value.error().message, where + ":" + value.error().where);
    if (!value->is_object())
      return fail(code::invalid_input, "a CloudEvent is an object", where);
    for (const auto* of_the_log : {"channel", "position"})
      value->erase(of_the_log);
    return std::move(*value);
  }
  auto event = json{{"specversion", "1.0"}};
  event["data"] = value ? std::move(*value) : json(text);
  return event;
}

/// What the options say of each message.
result<void> complete(json& event, const publish_arguments& given) {
  if (!given.key.empty())
    event["subject"] = given.key;
  if (!given.id.empty())
    event["id"] = given.id;
  for (const auto& header : given.headers) {
    const auto equals = header.find('=');
    if (equals == header.npos || equals == 0)
      return fail(code::invalid_input, "'" + header + "' is no NAME=VALUE", "--header");
    event[header.substr(0, equals)] = header.substr(equals + 1);
  }
  return {};
}

/// Messages in the order of positions, by whoever holds the store.
result<std::vector<std::uint64_t>> send(program& self, const std::filesystem::path& store,
                                        const publish_arguments& given, const json& events) {
  const auto what = actors::control_publish{given.channel, events};
  const auto done = ask_channels(self, store, "publish", what, [&](engine& by) {
    auto all = actors::messages_of(what);
    if (!all)
      throw std::move(all.error());
    return json{{"positions", by.publish_all(given.channel, std::move(*all)).get()}};
  });
  if (!done)
    return fail(done.error());
  return done->at("positions").get<std::vector<std::uint64_t>>();
}

/// What has been published, for the end.
struct outcome_of_lines {
  std::uint64_t count = 0;
  std::optional<std::uint64_t> first;
  std::uint64_t last = 0;
};

void tell(program& self, const publish_arguments& given, const outcome_of_lines& x) {
  if (given.json)
    self.out.print_json({{"channel", given.channel},
                         {"published", x.count},
                         {"first", x.first ? json(*x.first) : json(nullptr)},
                         {"last", x.first ? json(x.last) : json(nullptr)}});
  else if (given.lines)
    self.out.print(std::to_string(x.count) + "\n");
  else
    self.out.print(std::to_string(x.last) + "\n");
}

/// Whole lines as they come, so that `tail -f` is not held up.
class line_reader {
public:
  /// The next lines, at least one; none at the end.
  result<std::vector<std::string>> next() {
    auto out = std::vector<std::string>{};
    while (out.empty() && !ended_) {
      const auto n = ::read(STDIN_FILENO, part_.data(), part_.size());
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return fail(code::unavailable, std::string{"cannot read it: "} + std::strerror(errno),
                    "standard input");
      ended_ = n == 0;
      rest_.append(part_.data(), static_cast<std::size_t>(n));
      if (ended_ && !rest_.empty())
        rest_ += '\n';
      take_lines(out);
      if (rest_.size() > limits::message_bytes)
        return fail(code::too_large, "a line is longer than a message may be", "standard input");
    }
    return out;
  }

private:
  void take_lines(std::vector<std::string>& to) {
    auto begin = std::size_t{0};
    for (auto end = rest_.find('\n'); end != rest_.npos; end = rest_.find('\n', begin)) {
      to.push_back(rest_.substr(begin, end - begin));
      begin = end + 1;
    }
    rest_.erase(0, begin);
  }

  std::array<char, 65536> part_{};
  std::string rest_;
  bool ended_ = false;
};

/// Publishes some lines; what is wrong with one keeps those before it.
result<void> send_lines(program& self, const std::filesystem::path& store,
                        const publish_arguments& given, const std::vector<std::string>& lines,
                        std::size_t before, outcome_of_lines& total) {
  auto events = json::array();
  auto problem = result<void>{};
  const auto flush = [&]() -> result<void> {
    if (events.empty())
      return {};
    const auto positions = send(self, store, given, std::exchange(events, json::array()));
    if (!positions)
      return fail(positions.error());
    total.count += positions->size();
    total.first = total.first.value_or(positions->front());
    total.last = positions->back();
    return {};
  };
  for (auto i = std::size_t{0}; i < lines.size() && problem; ++i) {
    if (lines[i].empty())
      continue;
    auto event = event_of(given, lines[i], before + i + 1);
    if (!event)
      problem = fail(std::move(event.error()));
    else if (auto whole = complete(*event, given); !whole)
      problem = fail(std::move(whole.error()));
    else
      events.push_back(std::move(*event));
    if (events.size() == lines_at_once)
      problem = flush();
  }
  if (auto sent = flush(); !sent)
    return sent;
  return problem;
}

exit_code publish_lines(program& self, const std::filesystem::path& store,
                        const publish_arguments& given) {
  auto input = line_reader{};
  auto total = outcome_of_lines{};
  auto read = std::size_t{0};
  while (true) {
    const auto lines = input.next();
    if (lines && lines->empty())
      break;
    const auto sent =
      lines ? send_lines(self, store, given, *lines, read, total) : fail(lines.error());
    if (!sent) {
      auto why = sent.error();
      if (total.count > 0)
        why.hint += (why.hint.empty() ? "" : "; ") + std::to_string(total.count)
                  + " messages before it are published";
      return refuse(self, why);
    }
    read += lines->size();
  }
  tell(self, given, total);
  return exit_code::done;
}

exit_code publish(program& self, const publish_arguments& given) {
  if (given.lines != given.data.empty())
    return refuse(self, {code::invalid_input,
                         given.lines ? "there are both DATA and --lines" : "DATA is missing",
                         {},
                         "- reads one message from standard input, --lines one per line"});
  const auto place = channel_store(given.store, needs::a_place);
  if (!place)
    return refuse(self, place.error());
  if (given.lines)
    return publish_lines(self, *place, given);
  auto text = given.data == "-" ? read_named_file("-", "the data of a message")
                                : result<std::string>{given.data};
  auto event = text ? event_of(given, *text, 0) : fail(text.error());
  if (event)
    if (auto whole = complete(*event, given); !whole)
      event = fail(std::move(whole.error()));
  if (!event)
    return refuse(self, event.error());
  const auto positions = send(self, *place, given, json::array({*event}));
  if (!positions)
    return refuse(self, positions.error());
  tell(self, given, {1, positions->front(), positions->front()});
  return exit_code::done;
}

} // namespace

action declare_publish(options& to) {
  auto given = std::make_shared<publish_arguments>();
  to.argument(given->channel, "CHANNEL", "The channel; it is made if it is not there");
  to.argument(given->data, "DATA",
              "The message: JSON if it is JSON, else a string; - reads it from standard input",
              false);
  to.flag(given->lines, "--lines", "A message per line of standard input; empty ones are skipped");
  to.flag(given->cloud_events, "--cloudevents",
          "Each message is a CloudEvent in JSON, as dagger subscribe prints them");
  to.value(given->key, "--key", "KEY",
           "What it is about: messages of a key keep their order in groups that want it");
  to.value(given->id, "--id", "ID", "The same id again, soon after, is the same message");
  to.values(given->headers, "--header", "NAME=VALUE", "Goes along with it; may be repeated");
  to.value(given->store, "--store", "DIR",
           "Where the channel is; made if it is not there; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Prints JSON instead of the position");
  return [given](program& self) { return publish(self, *given); };
}

} // namespace dagger::apps
