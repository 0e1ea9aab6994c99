// `dagger subscribe`: a JSON line per message, or a command.
#include "channel_acting.hpp"
#include "message_work.hpp"
#include "waiting.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/log/message.hpp>

#include <latch>
#include <memory>

namespace dagger::apps {

namespace {

struct subscribe_arguments {
  std::string store;
  std::string pattern;
  std::string group;
  std::string from = "new";
  std::optional<std::uint64_t> count;
  std::string command;
  std::optional<std::uint64_t> max_deliver;
  std::vector<std::string> backoff;
  std::optional<duration> ack_wait;
  bool ordered = false;
};

/// Pauses of a command that fails, when the person does not say.
const auto usual_backoff = std::vector<duration>{duration{100}, duration{1'000}, duration{5'000}};

result<subscribe_options> options_of(const subscribe_arguments& given) {
  auto how = subscribe_options{};
  how.group = given.group;
  auto from = log::start_from(given.from);
  if (!from) {
    const auto ago = parse_duration(given.from);
    if (!ago)
      return fail(from.error().code, from.error().message, "--from", from.error().hint);
    from = start::at_time(
      std::chrono::time_point_cast<timestamp::duration>(std::chrono::system_clock::now()) - *ago);
  }
  how.from = *from;
  how.backoff = given.backoff.empty() ? usual_backoff : std::vector<duration>{};
  for (const auto& text : given.backoff) {
    auto pause = parse_duration(text);
    if (!pause)
      return fail(code::invalid_input, pause.error().message, "--backoff");
    how.backoff.push_back(*pause);
  }
  if (given.max_deliver)
    how.max_deliver =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(*given.max_deliver, ~std::uint32_t{0}));
  how.ack_wait = given.ack_wait.value_or(how.ack_wait);
  how.ordered_by_key = given.ordered;
  return how;
}

group_options group_of(const subscribe_options& how, const std::string& pattern) {
  return {how.group,          pattern,         how.ack_wait, how.max_deliver, how.backoff,
          how.ordered_by_key, how.dead_letters};
}

/// By an engine that holds the store; others reach it meanwhile.
exit_code follow_here(program& self, const std::filesystem::path& store, const std::string& pattern,
                      const subscribe_options& how, message_work& work, const interrupts& signals) {
  auto ours = channel_engine{self, store, "subscribe", true};
  const auto over = bell{};
  auto there = std::latch{1};
  auto sub = subscription{};
  auto handle = [&](delivery& d) {
    there.wait();
    const auto event = log::to_cloud_event(d.what(), d.channel(), d.position());
    if (auto failed = work.handle(event, d.number()))
      d.nak({}, std::move(*failed));
    if (work.is_over()) {
      sub.cancel();
      over.ring();
    }
  };
  try {
    sub = ours.runs.subscribe(pattern, how, handle);
  } catch (...) {
    there.count_down();
    throw;
  }
  there.count_down();
  const auto woken = wait({.signals = signals, .end = over.descriptor()});
  work.stop();
  sub.cancel();
  if (const auto broken = ours.runs.broken())
    return refuse(self, *broken);
  return woken == woken_by::end ? exit_code::done : exit_code::interrupted;
}

/// By the engine of another process.
result<exit_code> follow_there(control_client& line, const actors::control_subscribe& what,
                               message_work& work, const interrupts& signals) {
  if (auto sent = line.send(what); !sent)
    return fail(std::move(sent.error()));
  while (!work.is_over()) {
    if (wait({.signals = signals, .change = line.descriptor()}) == woken_by::signal)
      return exit_code::interrupted;
    auto answers = line.take_answers();
    if (!answers)
      return fail(std::move(answers.error()));
    for (const auto& x : *answers) {
      if (!x.contains("message"))
        continue;
      const auto& event = x["message"];
      auto said = actors::control_answer{x.value("log", 0u), event.value("position", 0ull),
                                         x.value("delivery", 1u)};
      if (signals.seen() || work.is_over())
        break; // what is not answered comes again
      if (auto failed = work.handle(event, said.delivery)) {
        said.ack = false;
        said.reason = std::move(*failed);
      }
      if (auto sent = line.send(said); !sent)
        return fail(std::move(sent.error()));
    }
  }
  return exit_code::done;
}

exit_code subscribe(program& self, const subscribe_arguments& given) {
  const auto place = channel_store(given.store, needs::a_place);
  const auto how = options_of(given);
  if (!place)
    return refuse(self, place.error());
  if (!how)
    return refuse(self, how.error());
  if (given.group.empty()
      && (given.max_deliver || !given.backoff.empty() || given.ack_wait || given.ordered))
    return refuse(
      self,
      {code::invalid_input, "without a group nothing is delivered again", {}, "--group NAME"});
  const auto signals = interrupts{};
  auto work = message_work{self.out, given.command, given.count.value_or(0)};
  auto what = actors::control_subscribe{given.pattern, nullptr, log::to_text(how->from)};
  if (!given.group.empty())
    what.group = log::to_json(group_of(*how, given.pattern));
  auto code = exit_code::done;
  const auto done = by_whoever_holds(
    *place,
    [&](control_client& line) -> result<void> {
      auto ended = follow_there(line, what, work, signals);
      if (!ended)
        return fail(std::move(ended.error()));
      code = *ended;
      return {};
    },
    [&]() -> result<void> {
      try {
        code = follow_here(self, *place, given.pattern, *how, work, signals);
        return {};
      } catch (error& why) {
        return fail(std::move(why));
      }
    });
  return done ? code : refuse(self, done.error());
}

} // namespace

action declare_subscribe(options& to) {
  auto given = std::make_shared<subscribe_arguments>();
  to.argument(given->pattern, "PATTERN",
              "A channel, or several: * stands for one part of a name, > for the rest");
  to.value(given->group, "--group", "G",
           "Members of a group share the messages, and what is not acknowledged comes again; "
           "without: all messages, each once");
  to.value(given->from, "--from", "WHERE",
           "new (default), first, last, a position, a time, or 1h for an hour ago; does not count "
           "for a group that is there");
  to.number(given->count, "--count", "Ends after N messages");
  to.value(given->command, "--exec", "CMD",
           "Runs CMD with sh for each message, which is its standard input; exit code 0 "
           "acknowledges, any other one delivers it again");
  to.number(given->max_deliver, "--max-deliver",
            "With a group: after N deliveries to CHANNEL.dead (default 5)");
  to.values(given->backoff, "--backoff", "D",
            "With a group: the pause before the next delivery; may be repeated, the last one stays "
            "(default 100ms, 1s, 5s)");
  to.time_span(given->ack_wait, "--ack-wait",
               "With a group: what is not done after this is delivered again (default 30s)");
  to.flag(given->ordered, "--ordered", "With a group: one message of a key at a time, in order");
  to.value(given->store, "--store", "DIR",
           "Where they are; made if it is not there; default: $DAGGER_STORE");
  return [given](program& self) { return subscribe(self, *given); };
}

} // namespace dagger::apps
