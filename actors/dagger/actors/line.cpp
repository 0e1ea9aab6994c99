// What is called is called with the lock held, so that nobody is reached after `close`.
#include <dagger/actors/line.hpp>

#include <optional>
#include <utility>

namespace dagger::actors {

void line::open(ends to) {
  auto guard = std::lock_guard{mutex_};
  to_ = std::make_shared<const ends>(std::move(to));
}

void line::close() {
  auto guard = std::lock_guard{mutex_};
  to_.reset();
}

void line::send(std::shared_ptr<outbox> from) const {
  auto guard = std::lock_guard{mutex_};
  if (to_)
    to_->send(std::move(from));
}

result<void> line::step(plan::step_done x) const {
  auto name = x.name;
  auto lost = [&](const std::string& why) {
    return fail(code::attempt_lost, "step '" + name + "' is not recorded: " + why);
  };
  auto written = std::optional<future<void>>{};
  {
    auto guard = std::lock_guard{mutex_};
    if (!to_)
      return lost("the engine has ended");
    written.emplace(to_->step(std::move(x)));
  }
  auto done = wait_for(*written);
  return done ? done : lost(done.error().message);
}

result<void> line::request(const question& what) const {
  auto asked = std::optional<future<void>>{};
  {
    auto guard = std::lock_guard{mutex_};
    if (!to_)
      return fail(code::attempt_lost, "the engine has ended");
    asked.emplace(to_->request(what));
  }
  auto done = wait_for(*asked);
  if (!done && (done.error().code == code::cancelled || done.error().code == code::interrupted))
    done.error().code = code::attempt_lost; // the engine is closing
  return done;
}

result<void> line::wait_for(const future<void>& what) const {
  try {
    while (!what.wait_for(duration{0}) && pump()) {}
    what.get();
    return {};
  } catch (error& why) {
    return fail(std::move(why));
  }
}

std::optional<timestamp> line::now() const {
  auto guard = std::lock_guard{mutex_};
  return to_ ? std::optional{to_->now()} : std::nullopt;
}

bool line::pump() const {
  auto to = std::shared_ptr<const ends>{};
  {
    auto guard = std::lock_guard{mutex_};
    to = to_;
  }
  return to && to->pump && to->pump();
}

} // namespace dagger::actors
