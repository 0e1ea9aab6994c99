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

// -- publish ------------------------------------------------------------------

/// Holds the data against the schema of the channel, if it has one.
result<void> channel_desk::check_data(const std::string& channel, message& x) const {
  try {
    auto view = lazy_view{*setup_.views};
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

/// The row of a message that may be published.
result<std::string> channel_desk::prepared(const std::string& channel, message& x,
                                           const publish_options& how) const {
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
  auto now = setup_.clock->now();
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
  auto row = prepared(channel, x, how);
  if (!row)
    return refused<std::uint64_t>(std::move(row.error()));
  auto to = future<std::uint64_t>::promise{};
  auto event = channels::messages_published{0, std::move(channel), {}};
  event.messages.push_back({std::move(x.id), std::move(*row)});
  hand_in(std::move(event), answering<std::uint64_t>(to), wait);
  return to.future();
}

future<std::vector<std::uint64_t>> channel_desk::publish_all(std::string channel,
                                                             std::vector<message> xs) {
  if (auto why = setup_.refusal())
    return refused<numbers>(std::move(*why));
  auto event = channels::messages_published{0, channel, {}};
  for (auto i = std::size_t{0}; i < xs.size(); ++i) {
    auto row = prepared(channel, xs[i], {});
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
        book_.forget(name);
        then(std::move(done));
      });
  return to.future();
}

future<void> channel_desk::remove(std::string channel, bool force) {
  auto to = future<void>::promise{};
  ask(channels::channel_deleted{0, channel, force},
      [this, channel, then = answering<void>(to)](result<numbers> done) {
        book_.forget(channel);
        then(std::move(done));
      });
  return to.future();
}

future<void> channel_desk::remove_group(std::string name) {
  auto to = future<void>::promise{};
  ask(channels::group_deleted{0, std::move(name)}, answering<void>(to));
  return to.future();
}

future<std::uint64_t> channel_desk::redrive(std::string channel) {
  auto to = future<std::uint64_t>::promise{};
  ask(channels::dead_letters_redriven{0, std::move(channel)}, answering<std::uint64_t>(to));
  return to.future();
}

// -- subscribe ----------------------------------------------------------------

future<void> channel_desk::join(channels::member_id who, std::string pattern,
                                const subscribe_options& how, delivery_sinks::sink to) {
  auto event = channels::member_joined{};
  event.member = who;
  event.from = how.from;
  event.max_in_flight = how.max_in_flight;
  if (how.group.empty())
    event.pattern = std::move(pattern);
  else
    event.group = group_of(pattern, how);
  sinks_->add(who, std::move(to));
  auto joined = future<void>::promise{};
  ask(std::move(event), answering<void>(joined));
  return joined.future();
}

std::pair<channels::member_id, future<void>>
channel_desk::join(std::string pattern, const subscribe_options& how, delivery_sinks::sink to) {
  auto who = channels::member_id{};
  {
    auto guard = std::lock_guard{mutex_};
    who = ++last_member_;
  }
  return {who, join(who, std::move(pattern), how, std::move(to))};
}

void channel_desk::leave(channels::member_id who) {
  sinks_->remove(who);
  door_->send(channels::member_left{who});
}

subscription channel_desk::subscribe(std::string pattern, const subscribe_options& how,
                                     subscriber::handler run) {
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
    made = std::make_shared<subscriber>(who, std::move(run), std::move(to));
    std::erase_if(subscribers_, [](auto& x) { return x.second.expired(); });
    subscribers_.emplace(made->id(), made);
  }
  auto take = [to = std::weak_ptr{made}](channels::deliver&& x) {
    if (auto there = to.lock())
      there->put(std::move(x));
  };
  try {
    join(made->id(), std::move(pattern), how, std::move(take)).get();
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
      settle(stored->client, numbers{theirs.begin(), theirs.end()});
    } else if (auto* handed = std::get_if<channels::deliver>(&command)) {
      sinks_->put(std::move(*handed));
    } else if (auto* done = std::get_if<channels::done>(&command)) {
      settle(done->client, numbers{done->count});
    } else if (auto* no = std::get_if<channels::refuse>(&command)) {
      settle(no->client, fail(std::move(no->why)));
    } else if (std::holds_alternative<channels::sweep>(command)) {
      door_->send(channels::sweep_due{});
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
  auto end = std::chrono::steady_clock::now() + grace;
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
