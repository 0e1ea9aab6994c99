// What a running attempt has said beside its outcome and nobody has taken yet: one heartbeat, and
// chunks of its stream. Bounded, however fast it talks. Knows no actors.
#pragma once

#include <dagger/actors/line.hpp>
#include <dagger/limits.hpp>
#include <dagger/plan/event.hpp>

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

namespace dagger::actors {

/// Chunks of one attempt are written no more often than this.
inline constexpr std::chrono::milliseconds chunk_pause{20};

/// One per attempt. The attempt's thread fills it, the planner's actor empties it; for each of
/// the two kinds of content at most one notice is on its way.
class outbox : public std::enable_shared_from_this<outbox> {
public:
  /// `lost`: requested when the attempt is over.
  outbox(plan::attempt_id attempt, std::shared_ptr<const line> to, std::stop_token lost)
    : attempt_(attempt),
      line_(std::move(to)),
      lost_(std::move(lost)) {}

  const plan::attempt_id& attempt() const {
    return attempt_;
  }

  /// Replaces the last heartbeat, if that is still here. An empty progress keeps the one before.
  void beat(payload progress);

  /// What happens to a chunk while too many are on their way to the disk.
  enum class when_full : std::uint8_t { wait, refuse };

  /// Adds a chunk. The error is `limit`, or attempt_lost if the attempt ended meanwhile.
  result<void> put(payload chunk, when_full what);

  // For who empties it; one thread at a time.

  std::optional<plan::heart_beaten> take_beat();

  /// Nothing if there are no chunks, or some have been taken less than `chunk_pause` ago and there
  /// is no `hurry`.
  std::optional<plan::chunks_emitted> take_chunks(timestamp now, bool hurry);

  /// When the chunks that are here may be taken; nothing if there are none.
  std::optional<timestamp> chunks_due() const;

  /// So many bytes of chunks are on disk, or will never be.
  void landed(std::size_t bytes);

private:
  bool fits(std::size_t bytes) const;

  const plan::attempt_id attempt_;
  const std::shared_ptr<const line> line_;
  const std::stop_token lost_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  bool beaten_ = false;
  payload progress_;
  std::vector<payload> chunks_;
  std::size_t on_their_way_ = 0; // bytes of chunks that are not on disk
  timestamp next_chunks_{};
};

using outbox_ptr = std::shared_ptr<outbox>;

/// Of all chunks of an event.
std::size_t bytes_of(const plan::chunks_emitted& x);

} // namespace dagger::actors
