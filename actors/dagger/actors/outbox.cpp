// The first of a kind sends a notice; those that come before it was answered join it.
#include <dagger/actors/outbox.hpp>

#include <utility>

namespace dagger::actors {

void outbox::beat(payload progress) {
  {
    auto guard = std::lock_guard{mutex_};
    if (!progress.empty())
      progress_ = std::move(progress);
    if (std::exchange(beaten_, true))
      return;
  }
  line_->send(shared_from_this());
}

bool outbox::fits(std::size_t bytes) const {
  // One chunk always does, even if the bound were smaller than a chunk.
  return on_their_way_ == 0 || on_their_way_ + bytes <= limits::chunk_bytes_in_flight;
}

result<void> outbox::put(payload chunk, when_full what) {
  auto bytes = chunk.bytes().size();
  auto guard = std::unique_lock{mutex_};
  if (!fits(bytes) && what == when_full::refuse)
    return fail(code::limit, std::to_string(on_their_way_)
                               + " bytes of this attempt's stream are not on disk yet");
  while (!fits(bytes)) {
    guard.unlock();
    auto pumped = line_->pump();
    guard.lock();
    if (!pumped)
      room_.wait(guard, lost_, [&] { return fits(bytes); });
    if (lost_.stop_requested())
      return fail(code::attempt_lost, "this attempt is over, what it still emits is void");
  }
  on_their_way_ += bytes;
  chunks_.push_back(std::move(chunk));
  auto first = chunks_.size() == 1;
  guard.unlock();
  if (first)
    line_->send(shared_from_this());
  return {};
}

std::optional<plan::heart_beaten> outbox::take_beat() {
  auto guard = std::lock_guard{mutex_};
  if (!std::exchange(beaten_, false))
    return std::nullopt;
  return plan::heart_beaten{attempt_, std::exchange(progress_, {})};
}

std::optional<plan::chunks_emitted> outbox::take_chunks(timestamp now, bool hurry) {
  auto guard = std::lock_guard{mutex_};
  if (chunks_.empty() || (!hurry && now < next_chunks_))
    return std::nullopt;
  next_chunks_ = now + chunk_pause;
  return plan::chunks_emitted{attempt_, std::exchange(chunks_, {})};
}

std::optional<timestamp> outbox::chunks_due() const {
  auto guard = std::lock_guard{mutex_};
  return chunks_.empty() ? std::nullopt : std::optional{next_chunks_};
}

void outbox::landed(std::size_t bytes) {
  auto guard = std::lock_guard{mutex_};
  on_their_way_ -= bytes;
  room_.notify_all();
}

std::size_t bytes_of(const plan::chunks_emitted& x) {
  auto sum = std::size_t{0};
  for (auto& chunk : x.chunks)
    sum += chunk.bytes().size();
  return sum;
}

} // namespace dagger::actors
