// Answers are sent in groups: what is done quickly one after the other goes in one message.
#include <dagger/actors/subscriber.hpp>

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
  (*from_.send)(log::delivery_extended{from_.member, from_.log, from_.position, from_.number, by});
}

void subscription::cancel() {
  if (auto x = std::exchange(of_, nullptr))
    x->leave();
}

namespace actors {

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
    said.answers.push_back(handle_one(x, one));
    if (auto now = std::chrono::steady_clock::now(); now - since >= answer_pause) {
      calls_.send(std::exchange(said, {id_, x.log, {}}));
      since = now;
    }
  }
  if (!said.answers.empty())
    calls_.send(std::move(said));
}

dagger::log::answer subscriber::handle_one(const dagger::log::deliver& from,
                                           const dagger::log::delivered& x) {
  auto origin = delivery::origin{from.channel, id_, from.log, x.position, x.delivery, &calls_.send};
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
  auto handed = delivery{std::move(*what), origin};
  auto said = std::optional<dagger::log::answer>{};
  try {
    run_(handed);
    said = {x.position, x.delivery};
  } catch (const error& why) {
    said = failed(to_string(why));
  } catch (const std::exception& why) {
    said = failed(why.what());
  } catch (...) {
    said = failed("an exception that is no std::exception");
  }
  return handed.answer().value_or(std::move(*said));
}

} // namespace actors
} // namespace dagger
