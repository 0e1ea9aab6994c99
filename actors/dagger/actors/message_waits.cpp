// A wait whose task has gone on for another reason is found out when a message comes for it, or at
// the next start.
#include <dagger/actors/message_waits.hpp>

#include <dagger/codec/members.hpp>
#include <dagger/log/name.hpp>
#include <dagger/plan/query.hpp>
#include <dagger/script/evaluator.hpp>

#include <algorithm>
#include <limits>

namespace dagger::actors {

namespace channels = dagger::log;

namespace {

/// The visit that waits may not have ended yet: soon it has.
constexpr auto soon = std::chrono::milliseconds{20};
constexpr auto later_on = std::chrono::seconds{1};

/// How much of a pattern stands in the name of its signal.
constexpr auto shown_pattern_bytes = std::size_t{64};

subscribe_options group_for(const message_wait& x) {
  auto how = subscribe_options{};
  how.group = "dagger.wait." + std::to_string(x.job_number) + "." + x.signal;
  how.from = start::at_arrival(x.since);
  how.max_in_flight = 1;
  how.max_deliver = std::numeric_limits<std::uint32_t>::max();
  how.backoff = {soon};
  how.dead_letters = false;
  return how;
}

/// Whether the visit that waits still runs: then the wait is on its way.
bool still_runs(store::view& view, const message_wait& x) {
  auto tasks = plan::tasks_of(view, x.job_number, {{x.task, 1}});
  return tasks && !tasks->empty() && tasks->front().visit == x.visit
      && tasks->front().state == task_state::running;
}

bool still_waits(store::view& view, const message_wait& x) {
  auto waits = plan::signal_waits(view, x.job);
  return waits && std::ranges::find(*waits, x.signal, &plan::signal_wait::signal) != waits->end();
}

} // namespace

json to_json(const message_wait& x) {
  auto out = json{{"job_number", x.job_number},
                  {"job", x.job},
                  {"task", x.task},
                  {"visit", x.visit},
                  {"signal", x.signal},
                  {"pattern", x.pattern},
                  {"when", x.when},
                  {"since", x.since.time_since_epoch().count()}};
  if (!x.after_channel.empty()) {
    out["after_channel"] = x.after_channel;
    out["after"] = x.after;
  }
  return out;
}

result<message_wait> message_wait_from(const json& from) {
  auto x = message_wait{};
  auto since = std::uint64_t{0};
  auto fields = members{from};
  fields.need("job_number", x.job_number);
  fields.need("job", x.job);
  fields.need("task", x.task);
  fields.need("visit", x.visit);
  fields.need("signal", x.signal);
  fields.need("pattern", x.pattern);
  fields.need("when", x.when);
  fields.need("since", since);
  fields.read("after_channel", x.after_channel);
  fields.read("after", x.after);
  x.since = timestamp{timestamp::duration{since}};
  if (auto why = fields.end())
    return fail(std::move(*why));
  return x;
}

std::string signal_for(const condition& x, const plan::attempt_id& of, std::size_t index) {
  auto shown = x.message_pattern.substr(0, shown_pattern_bytes);
  for (auto& c : shown)
    if (auto letter = static_cast<unsigned char>(c); !std::isalnum(letter) && c != '.' && c != '-')
      c = '_';
  auto out = std::string{reserved_signals} + shown;
  for (auto n : {std::size_t{of.task}, std::size_t{of.visit}, index, std::size_t{of.attempt}})
    out += "." + std::to_string(n);
  return out;
}

void message_waits::restore() {
  auto view = setup_.views->read();
  auto live = std::vector<message_wait>{};
  auto ended = std::vector<std::string>{};
  auto done = channels::each_group(*view, [&](const std::string& name, const auto& row) {
    auto what = message_wait_from(row.options.purpose);
    if (row.options.purpose.is_null() || !what)
      return true; // a user's, or that of a later version
    if (still_waits(*view, *what))
      live.push_back(std::move(*what));
    else
      ended.push_back(name);
    return true;
  });
  view.reset();
  if (!done)
    setup_.logger->write(log_level::error,
                         "waits for messages cannot be read: " + to_string(done.error()));
  for (auto& x : live)
    add(x).then([logger = setup_.logger](const result<void>& joined) {
      if (!joined)
        logger->write(log_level::warning,
                      "a wait for a message is lost: " + to_string(joined.error()));
    });
  for (auto& name : ended)
    setup_.desk->remove_group(name);
}

future<void> message_waits::add(const message_wait& x) {
  auto made = std::make_shared<entry>();
  made->what = x;
  if (!x.when.empty()) {
    auto program = script::program::compile(x.when, {"condition of a message"});
    if (!program) {
      auto none = future<void>::promise{};
      none.set(fail(std::move(program.error())));
      return none.future();
    }
    made->when = std::move(*program);
  }
  // The sink may be called before `join` has returned the number of its member.
  auto sink = [self = weak_from_this(), made](channels::deliver&& given) {
    auto here = self.lock();
    if (!here)
      return;
    auto shared = std::make_shared<const channels::deliver>(std::move(given));
    {
      auto guard = std::lock_guard{here->mutex_};
      here->open_.try_emplace(shared->member, made);
    }
    here->setup_.call([here, shared] { here->take(shared->member, *shared); });
  };
  auto [who, joined] = setup_.desk->join(x.pattern, group_for(x), std::move(sink), to_json(x));
  return joined;
}

std::shared_ptr<const message_waits::entry> message_waits::find(channels::member_id who) const {
  auto guard = std::lock_guard{mutex_};
  auto found = open_.find(who);
  return closed_ || found == open_.end() ? nullptr : found->second;
}

/// Whether the message ends the wait.
bool message_waits::fits(const entry& x, const channels::deliver& from, std::uint64_t position,
                         const json& event) const {
  if (*from.channel == x.what.after_channel && position <= x.what.after)
    return false;
  if (!x.when)
    return true;
  auto names = script::scope{};
  names.add("message", event);
  auto said = script::evaluator::of_this_thread().test(*x.when, names);
  if (!said)
    setup_.logger->write(log_level::warning,
                         "the condition on messages of '" + x.what.pattern + "' of job "
                           + x.what.job
                           + " failed, which counts as false: " + to_string(said.error()));
  return said && *said;
}

void message_waits::take(channels::member_id who, const channels::deliver& x) {
  for (auto& one : x.messages) {
    auto it = find(who);
    if (!it)
      return;
    auto said = channels::answer{one.position, one.delivery};
    auto what = channels::decode_message(*one.row);
    auto event = what ? channels::to_cloud_event(*what, *x.channel, one.position) : json(nullptr);
    if (!what || !fits(*it, x, one.position, event)) {
      setup_.desk->send(channels::deliveries_answered{who, x.log, {std::move(said)}});
      continue;
    }
    auto signal =
      plan::signal_received{it->what.job, it->what.signal, payload::from(std::move(event)), false};
    auto ended = setup_.signal(std::move(signal), channels::member_finished{who});
    ended.then([self = shared_from_this(), who, it, said, log = x.log](const result<void>& done) {
      if (done)
        self->end(who);
      else
        self->refused(who, *it, log, said, done.error());
    });
  }
}

/// Nobody waits: not yet, not any more, or the engine cannot say it now.
void message_waits::refused(channels::member_id who, const entry& x, store::log_id log,
                            channels::answer said, const error& why) {
  if (!find(who))
    return;
  auto gone = why.code == code::not_found || why.code == code::conflict;
  auto runs = false;
  if (gone) {
    try {
      auto view = setup_.views->read();
      runs = still_runs(*view, x.what) || still_waits(*view, x.what);
    } catch (const error&) { // the engine ends
      return;
    }
  }
  if (gone && !runs) {
    setup_.desk->send(channels::member_finished{who});
    end(who);
    return;
  }
  said.what = channels::verdict::nak;
  said.pause = gone ? duration{soon} : duration{later_on};
  setup_.desk->send(channels::deliveries_answered{who, log, {std::move(said)}});
}

void message_waits::end(channels::member_id who) {
  setup_.desk->forget(who);
  auto guard = std::lock_guard{mutex_};
  open_.erase(who);
}

void message_waits::close() {
  auto guard = std::lock_guard{mutex_};
  closed_ = true;
  open_.clear();
}

} // namespace dagger::actors
