// Follows a job while an engine works on it, in this process or in another one: looks at the store
// when something has happened, never in between.
#pragma once

#include "progress.hpp"
#include "waiting.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace dagger::apps {

struct watched_job {
  std::string id;
  std::function<std::unique_ptr<store::view>()> read;
  /// Readable when the job has ended, if its engine is ours; else its row tells.
  int end = -1;
  /// Readable when something has happened.
  int change = -1;
  /// Takes `change` away; false when nothing more will come.
  std::function<bool()> take;
};

enum class watch_end : std::uint8_t {
  ended,    // the job has, or it is paused and nothing of it runs
  signal,   // a person wants to leave
  deadline, //
  lost,     // whoever worked on it has gone
  left,     // a person who went through it step by step has had enough
};

watch_end watch(progress& shown, const watched_job& job, const interrupts& signals,
                std::optional<steady_time> deadline);

} // namespace dagger::apps
