// A message is made in the publisher's thread: checked, encoded, counted; then it is the hub's.
#include <dagger/actors/channel_desk.hpp>

#include <dagger/actors/notifier.hpp>
#include <dagger/log/name.hpp>

#include <algorithm>

namespace dagger::actors {

namespace channels = dagger::log;

namespace {

template <class T>
future<T> refused(error why) {
  auto none = typename future<T>::promise{};
  none.set(fail(std::move(why)));
  return none.future();
}

group_options group_of(const std::string& pattern, const subscribe_options& how) {
  return {how.group,          pattern,         how.ack_wait, how.max_deliver, how.backoff,
          how.ordered_by_key, how.dead_letters};
}

} // namespace

void hub_door::open(hub_actor to) {
  auto guard = std::lock_guard{mutex_};
  hub_ = std::move(to);
}

void hub_door::close() {
  auto guard = std::lock_guard{mutex_};
  hub_ = nullptr;
}

void hub_door::send(channels::event x) const {
  auto guard = std::lock_guard{mutex_};
  if (hub_)
    post(hub_, std::make_shared<channels::event>(std::move(x)));
}

void delivery_sinks::add(channels::member_id who, sink to) {
  auto guard = std::lock_guard{mutex_};
  sinks_.emplace(who, std::make_shared<const sink>(std::move(to)));
}

void delivery_sinks::remove(channels::member_id who) {
  auto guard = std::lock_guard{mutex_};
  sinks_.erase(who);
}

void delivery_sinks::put(channels::deliver&& x) const {
  auto to = std::shared_ptr<const sink>{};
  {
    auto guard = std::lock_guard{mutex_};
    if (auto found = sinks_.find(x.member); found != sinks_.end())
      to = found->second;
  }
  if (to)
    (*to)(std::move(x));
}

channel_desk::channel_desk(setup from)
  : setup_(std::move(from)),
    replies_(std::make_shared<reply_book>(*setup_.clock, setup_.call)) {}

// -- publish ------------------------------------------------------------------

/// Waits for room. With the lock held.
result<void> channel_desk::enter(std::unique_lock<std::mutex>& guard, const waiting_client& who,
                                 bool wait) {
  auto crowded = [&] {
    auto found = flights_.find(who.channel);
    // What is larger than the bound on its own passes when it is alone.
    return found != flights_.end()
        && (found->second.messages + who.messages > limits::publishes_in_flight
            || found->second.bytes + who.bytes > limits::publish_bytes_in_flight);
  };
  if (wait && !engine_owned::thread())
    room_.wait(guard, [&] { return closed_ || !crowded(); });
  if (closed_)
    return fail(*closed_);
  if (!wait && crowded())
    return fail(code::limit, "too many messages for the channel '" + who.channel
                               + "' are on their way to the disk");
  auto& x = flights_[who.channel];
  x.messages += who.messages;
  x.bytes += who.bytes;
  return {};
}

void channel_desk::hand_in(channels::messages_published x, answer then, bool wait) {
  auto who = waiting_client{std::move(then), x.channel, x.messages.size()};
  for (auto& m : x.messages)
    who.bytes += m.row.size();
  {
    auto guard = std::unique_lock{mutex_};
    if (auto room = enter(guard, who, wait); !room) {
      guard.unlock();
      who.then(fail(std::move(room.error())));
      return;
    }
    x.client = ++last_client_;
    open_.emplace(x.client, std::move(who));
  }
  door_->send(std::move(x));
}

future<std::uint64_t> channel_desk::publish(std::string channel, message x,
                                            const publish_options& how, bool wait) {
  if (auto why = setup_.refusal())
    return refused<std::uint64_t>(std::move(*why));
  auto now = setup_.clock->now();
  auto row = setup_.maker->make(channel, x, how, now);
  if (!row)
    return refused<std::uint64_t>(std::move(row.error()));
  auto to = future<std::uint64_t>::promise{};
  auto event = channels::messages_published{0, std::move(channel), {}};
  event.messages.push_back({std::move(x.id), std::move(*row)});
  if (how.delay > duration{0})
    event.messages.back().due = later(now, how.delay);
  hand_in(std::move(event), answering<std::uint64_t>(to), wait);
  return to.future();
}

future<std::vector<std::uint64_t>> channel_desk::publish_all(std::string channel,
                                                             std::vector<message> xs) {
  if (auto why = setup_.refusal())
    return refused<numbers>(std::move(*why));
  auto event = channels::messages_published{0, channel, {}};
  for (auto i = std::size_t{0}; i < xs.size(); ++i) {
    auto row = setup_.maker->make(channel, xs[i], {}, setup_.clock->now());
    if (!row) {
      auto why = std::move(row.error());
      if (xs.size() > 1)
        why.where =
          "message " + std::to_string(i + 1) + (why.where.empty() ? "" : ": " + why.where);
      return refused<numbers>(std::move(why));
    }
    event.messages.push_back({std::move(xs[i].id), std::move(*row)});
  }
  auto to = future<numbers>::promise{};
  if (xs.empty())
    to.set(numbers{});
  else
    hand_in(std::move(event), answering<numbers>(to), true);
  return to.future();
}

future<json> channel_desk::request(std::string channel, message x, const publish_options& how,
                                   duration within) {
  if (auto why = setup_.refusal())
    return refused<json>(std::move(*why));
  auto [number, reply] = replies_->open(channel, later(setup_.clock->now(), within));
  x.headers.insert_or_assign(std::string{reply_header}, std::to_string(number));
  auto row = setup_.maker->make(channel, x, how, setup_.clock->now());
  if (!row) {
    replies_->fail(number, row.error());
    return reply;
  }
  auto event = channels::messages_published{0, std::move(channel), {}, true};
  event.messages.push_back({std::move(x.id), std::move(*row)});
  auto published = [replies = replies_, number = number](const result<numbers>& done) {
    if (!done)
      replies->fail(number, done.error());
  };
  hand_in(std::move(event), std::move(published), true);
  return reply;
}

// -- requests -----------------------------------------------------------------

template <class T>
channel_desk::answer channel_desk::answering(typename future<T>::promise to) const {
  return [to = std::move(to), call = &setup_.call](result<numbers> x) {
    auto value = result<T>{};
    if (!x)
      value = fail(std::move(x.error()));
    else if constexpr (std::is_same_v<T, numbers>)
      value = std::move(*x);
    else if constexpr (!std::is_void_v<T>)
      value = x->front();
    if (auto callback = to.set_silently(std::move(value)))
      (*call)(std::move(callback));
  };
}

template <class Event>
void channel_desk::ask(Event x, answer then) {
  auto guard = std::unique_lock{mutex_};
  if (closed_) {
    auto why = *closed_;
    guard.unlock();
    then(fail(std::move(why)));
    return;
  }
  x.client = ++last_client_;
  open_.emplace(x.client, waiting_client{.then = std::move(then)});
  guard.unlock();
  door_->send(std::move(x));
}

future<void> channel_desk::declare(channel_options x) {
  if (auto fit = channels::check_channel(x); !fit)
    return refused<void>(std::move(fit.error()));
  auto to = future<void>::promise{};
  auto name = x.name;
  ask(channels::channel_declared{0, std::move(x)},
      [this, name = std::move(name), then = answering<void>(to)](result<numbers> done) {
        setup_.maker->forget(name);
        then(std::move(done));
      });
  return to.future();
}

future<void> channel_desk::remove(std::string channel, bool force) {
  auto to = future<void>::promise{};
  ask(channels::channel_deleted{0, channel, force},
      [this, channel, then = answering<void>(to)](result<numbers> done) {
        setup_.maker->forget(channel);
        then(std::move(done));
      });
  return to.future();
}

future<void> channel_desk::cancel_delayed(std::string channel, std::string id) {
  auto to = future<void>::promise{};
  ask(channels::delayed_cancelled{0, std::move(channel), std::move(id)}, answering<void>(to));
  return to.future();
}

future<void> channel_desk::want(std::string channel) {
  auto to = future<void>::promise{};
  ask(channels::channel_wanted{0, channel},
      [this, channel, then = answering<void>(to)](result<numbers> done) {
        setup_.maker->forget(channel);
        then(std::move(done));
      });
  return to.future();
}

future<void> channel_desk::remove_group(std::string name) {
  auto to = future<void>::promise{};
  ask(channels::group_deleted{0, std::move(name)}, answering<void>(to));
  return to.future();
}

future<void> channel_desk::quiet(std::vector<std::string> groups) {
  auto to = future<void>::promise{};
  ask(channels::quiet_wanted{0, std::move(groups)}, answering<void>(to));
  return to.future();
}

future<std::uint64_t> channel_desk::redrive(std::string channel) {
  auto to = future<std::uint64_t>::promise{};
  ask(channels::dead_letters_redriven{0, std::move(channel)}, answering<std::uint64_t>(to));
  return to.future();
}

// -- subscribe ----------------------------------------------------------------

future<void> channel_desk::join(channels::member_id who, std::string pattern,
                                const subscribe_options& how, delivery_sinks::sink to,
                                json purpose) {
  if (channels::matches(channels::routing_of(pattern).pattern, channels::jobs_channel))
    setup_.jobs_are_read();
  auto event = channels::member_joined{};
  event.member = who;
  event.from = how.from;
  event.max_in_flight = how.max_in_flight;
  if (how.group.empty())
    event.pattern = std::move(pattern);
  else {
    event.group = group_of(pattern, how);
    event.group->purpose = std::move(purpose);
  }
  sinks_->add(who, std::move(to));
  auto joined = future<void>::promise{};
  ask(std::move(event), answering<void>(joined));
  return joined.future();
}

std::pair<channels::member_id, future<void>> channel_desk::join(std::string pattern,
                                                                const subscribe_options& how,
                                                                delivery_sinks::sink to,
                                                                json purpose) {
  auto who = channels::member_id{};
  {
    auto guard = std::lock_guard{mutex_};
    who = ++last_member_;
  }
  return {who, join(who, std::move(pattern), how, std::move(to), std::move(purpose))};
}

void channel_desk::leave(channels::member_id who) {
  sinks_->remove(who);
  door_->send(channels::member_left{who});
}

subscription channel_desk::subscribe(std::string pattern, const subscribe_options& how,
                                     subscriber::handler run, json purpose) {
  auto made = std::shared_ptr<subscriber>{};
  {
    auto guard = std::lock_guard{mutex_};
    auto who = ++last_member_;
    auto to = subscriber::calls{};
    to.send = [door = door_](channels::event x) { door->send(std::move(x)); };
    to.leave = [door = door_, sinks = sinks_, who] {
      sinks->remove(who);
      door->send(channels::member_left{who});
    };
    to.logger = setup_.logger;
    to.reply = [replies = replies_](std::uint64_t number, payload text) {
      replies->answer(number, std::move(text));
    };
    to.now = [replies = replies_] { return replies->now(); };
    if (!how.group.empty())
      to.maker = setup_.maker;
    made = std::make_shared<subscriber>(who, std::move(run), std::move(to));
    std::erase_if(subscribers_, [](auto& x) { return x.second.expired(); });
    subscribers_.emplace(made->id(), made);
  }
  auto take = [to = std::weak_ptr{made}](channels::deliver&& x) {
    if (auto there = to.lock())
      there->put(std::move(x));
  };
  try {
    join(made->id(), std::move(pattern), how, std::move(take), std::move(purpose)).get();
  } catch (...) {
    leave(made->id());
    throw;
  }
  made->start();
  return subscription{std::move(made)};
}

// -- for the hub --------------------------------------------------------------

std::optional<channel_desk::waiting_client> channel_desk::take(channels::client_id id) {
  auto guard = std::lock_guard{mutex_};
  auto found = open_.extract(id);
  if (found.empty())
    return std::nullopt;
  auto& x = found.mapped();
  if (x.messages > 0) {
    auto theirs = flights_.find(x.channel);
    theirs->second.bytes -= x.bytes;
    theirs->second.messages -= x.messages;
    if (theirs->second.messages == 0)
      flights_.erase(theirs);
    room_.notify_all();
  }
  return std::move(x);
}

void channel_desk::settle(channels::client_id id, result<numbers> x) {
  if (auto who = take(id))
    who->then(std::move(x));
}

void channel_desk::refuse(channels::client_id id, const error& why) {
  settle(id, fail(why));
}

void channel_desk::perform(std::vector<channels::command>&& commands,
                           std::span<const std::uint64_t> positions) {
  for (auto& command : commands) {
    if (auto* stored = std::get_if<channels::accept>(&command)) {
      auto theirs = positions.subspan(stored->first, stored->count);
      auto all = numbers{theirs.begin(), theirs.end()};
      all.insert(all.end(), stored->delayed, scheduled);
      settle(stored->client, std::move(all));
    } else if (auto* handed = std::get_if<channels::deliver>(&command)) {
      sinks_->put(std::move(*handed));
    } else if (auto* done = std::get_if<channels::done>(&command)) {
      settle(done->client, numbers{done->count});
    } else if (auto* no = std::get_if<channels::refuse>(&command)) {
      settle(no->client, fail(std::move(no->why)));
    } else if (std::holds_alternative<channels::sweep>(command)) {
      door_->send(channels::sweep_due{});
    } else if (auto* look = std::get_if<channels::look_again>(&command)) {
      door_->send(channels::looked_again{look->batches});
    }
  }
}

void channel_desk::fail_all(const error& why) {
  auto guard = std::unique_lock{mutex_};
  if (!closed_)
    closed_ = why;
  auto left = std::exchange(open_, {});
  flights_.clear();
  room_.notify_all();
  auto reason = *closed_;
  guard.unlock();
  replies_->close(reason);
  for (auto& [id, x] : left)
    x.then(fail(reason));
}

bool channel_desk::stop(std::chrono::milliseconds grace) {
  auto all = std::vector<std::shared_ptr<subscriber>>{};
  {
    auto guard = std::lock_guard{mutex_};
    for (auto& [id, x] : subscribers_)
      if (auto there = x.lock())
        all.push_back(std::move(there));
  }
  auto end = std::chrono::steady_clock::now()
           + std::min(grace, std::chrono::milliseconds{limits::longest}); // or it overflows
  for (auto& x : all)
    x->stop({});
  auto all_ended = true;
  for (auto& x : all) {
    auto left =
      std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    all_ended &= x->stop(std::max(left, std::chrono::milliseconds{0}));
  }
  return all_ended;
}

} // namespace dagger::actors
