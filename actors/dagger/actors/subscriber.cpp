// Answers are sent in groups: what is done quickly one after the other goes in one message.
#include <dagger/actors/subscriber.hpp>

#include <dagger/actors/value_of.hpp>

#include <charconv>

namespace dagger {

const std::string& delivery::channel() const {
  return *from_.channel;
}

std::uint64_t delivery::position() const {
  return from_.position;
}

std::uint32_t delivery::number() const {
  return from_.number;
}

void delivery::ack() {
  answer_ = {from_.position, from_.number, log::verdict::ack};
}

void delivery::nak(std::optional<duration> pause, std::string reason) {
  answer_ = {from_.position, from_.number, log::verdict::nak, pause, std::move(reason)};
}

void delivery::term(std::string reason) {
  answer_ = {from_.position, from_.number, log::verdict::term, {}, std::move(reason)};
}

void delivery::extend(duration by) {
  from_.to->send(log::delivery_extended{from_.member, from_.log, from_.position, from_.number, by});
}

bool delivery::wants_reply() const {
  return message_.headers.contains(actors::reply_header);
}

void delivery::reply(json data) {
  auto number = actors::reply_number(message_);
  if (!number)
    throw error{code::misuse, "nobody waits for an answer to this message"};
  auto text = payload::from(std::move(data));
  if (text.bytes().size() > limits::message_bytes)
    throw error{code::too_large, "the answer has " + std::to_string(text.bytes().size())
                                   + " bytes, at most " + std::to_string(limits::message_bytes)
                                   + " are allowed"};
  from_.to->reply(*number, std::move(text));
}

void delivery::publish(const std::string& channel, json data, const publish_options& options) {
  auto x = message{};
  x.data = payload::from(std::move(data));
  publish_message(channel, std::move(x), options);
}

void delivery::publish_message(const std::string& channel, message x,
                               const publish_options& options) {
  if (!from_.to->maker)
    throw error{code::misuse,
                "only a handler in a group publishes as it acknowledges",
                {},
                "give the subscription a group, or call engine::publish"};
  actors::check_not_delayed(options);
  auto now = from_.to->now();
  if (!now)
    throw error{code::interrupted, "the engine has ended"};
  auto row = actors::value_of(from_.to->maker->make(channel, x, options, *now));
  publishes_.push_back({channel, std::move(x.id), std::move(row)});
}

void subscription::cancel() {
  if (auto x = std::exchange(of_, nullptr))
    x->leave();
}

namespace actors {

std::optional<std::uint64_t> reply_number(const message& x) {
  auto found = x.headers.find(reply_header);
  auto number = std::uint64_t{0};
  if (found == x.headers.end())
    return std::nullopt;
  auto [end, wrong] =
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return wrong == std::errc{} ? std::optional{number} : std::nullopt;
}

/// What is said of a delivery whose handler has returned; nothing if that comes later.
std::optional<dagger::log::answer> handed::answer(delivery& x, dagger::log::answer usual) {
  if (x.deferred_)
    return std::nullopt;
  auto said = x.answer_.value_or(std::move(usual));
  if (said.what == dagger::log::verdict::ack)
    said.publishes = std::move(x.publishes_);
  return said;
}

namespace {

/// Answers wait no longer than this for others.
constexpr auto answer_pause = std::chrono::milliseconds{2};

} // namespace

void subscriber::start() {
  auto guard = std::lock_guard{mutex_};
  if (std::exchange(started_, true) || stopping_)
    return;
  ended_ = false;
  auto worker = std::thread{[self = shared_from_this()] { self->work(); }};
  thread_ = worker.get_id();
  worker.detach(); // `ended_` says when it is through
}

void subscriber::put(dagger::log::deliver&& x) {
  auto guard = std::lock_guard{mutex_};
  if (stopping_)
    return; // what it does not get is given back when it leaves
  queue_.push_back(std::move(x));
  changed_.notify_all();
}

bool subscriber::stop(std::chrono::milliseconds wait) {
  auto guard = std::unique_lock{mutex_};
  stopping_ = true;
  queue_.clear();
  changed_.notify_all();
  if (thread_ == std::this_thread::get_id())
    return true;
  return changed_.wait_for(guard, wait, [&] { return ended_; });
}

void subscriber::leave() {
  stop(std::chrono::milliseconds{limits::longest});
  {
    auto guard = std::lock_guard{mutex_};
    leaving_ = true;
    if (!ended_)
      return; // this is its thread
  }
  calls_.leave();
}

void subscriber::work() {
  for (auto next = take(); next; next = take())
    handle(*next);
}

/// What comes next; nothing at the end.
std::optional<dagger::log::deliver> subscriber::take() {
  auto guard = std::unique_lock{mutex_};
  changed_.wait(guard, [&] { return stopping_ || !queue_.empty(); });
  if (!stopping_) {
    auto next = std::move(queue_.front());
    queue_.pop_front();
    return next;
  }
  if (leaving_)
    calls_.leave();
  ended_ = true;
  changed_.notify_all();
  return std::nullopt;
}

void subscriber::handle(dagger::log::deliver& x) {
  auto said = dagger::log::deliveries_answered{id_, x.log, {}};
  auto since = std::chrono::steady_clock::now();
  for (auto& one : x.messages) {
    {
      auto guard = std::lock_guard{mutex_};
      if (stopping_)
        break;
    }
    if (auto answer = handle_one(x, one))
      said.answers.push_back(std::move(*answer));
    if (auto now = std::chrono::steady_clock::now();
        now - since >= answer_pause && !said.answers.empty()) {
      calls_.send(std::exchange(said, {id_, x.log, {}}));
      since = now;
    }
  }
  if (!said.answers.empty())
    calls_.send(std::move(said));
}

std::optional<dagger::log::answer> subscriber::handle_one(const dagger::log::deliver& from,
                                                          const dagger::log::delivered& x) {
  auto origin = delivery::origin{from.channel, id_, from.log, x.position, x.delivery, &calls_};
  auto what = dagger::log::decode_message(*x.row);
  auto failed = [&](std::string why) {
    if (calls_.logger)
      calls_.logger->write(log_level::info, "a message of '" + *from.channel + "' (position "
                                              + std::to_string(x.position) + ") failed: " + why);
    return dagger::log::answer{
      x.position, x.delivery, dagger::log::verdict::nak, {}, std::move(why)};
  };
  if (!what)
    return failed(what.error().message);
  auto it = delivery{std::move(*what), origin};
  auto said = std::optional<dagger::log::answer>{};
  try {
    run_(it);
    said = {x.position, x.delivery};
  } catch (const error& why) {
    said = failed(to_string(why));
  } catch (const std::exception& why) {
    said = failed(why.what());
  } catch (...) {
    said = failed("an exception that is no std::exception");
  }
  return handed::answer(it, std::move(*said));
}

} // namespace actors
} // namespace dagger
