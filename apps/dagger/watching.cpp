// Looks are at most ten a second, as often as an eye wants them.
#include "watching.hpp"

namespace dagger::apps {

namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 100ms;
/// For the times of running tasks.
constexpr auto redraw_interval = 1s;

/// Nothing more happens to it by itself.
bool is_over(const plan::job_status& x) {
  return finished(x.state)
      || (x.state == job_state::paused
          && x.counts[static_cast<std::size_t>(task_state::running)] == 0);
}

} // namespace

watch_end watch(progress& shown, const watched_job& job, const interrupts& signals,
                std::optional<steady_time> deadline) {
  const bool ours = job.end >= 0;
  const auto look = [&] {
    const auto status = shown.look(*job.read(), job.id);
    return !ours && (!status || is_over(*status));
  };
  const bool looks = !ours || shown.wanted();
  if (looks && look())
    return watch_end::ended;
  auto next = std::chrono::steady_clock::now() + look_interval;
  while (true) {
    const auto present = std::chrono::steady_clock::now();
    const bool listens = looks && present >= next;
    auto what = wakeups{signals, job.end, listens ? job.change : -1, deadline, {}};
    if (looks && !listens)
      what.redraw = next;
    else if (shown.live())
      what.redraw = present + redraw_interval;
    switch (wait(what)) {
    case woken_by::end:
      if (looks)
        look();
      return watch_end::ended;
    case woken_by::signal:
      return watch_end::signal;
    case woken_by::deadline:
      return watch_end::deadline;
    case woken_by::redraw:
      shown.redraw();
      break;
    case woken_by::change: {
      const bool more = job.take();
      if (look())
        return watch_end::ended;
      if (!more)
        return watch_end::lost;
      next = std::chrono::steady_clock::now() + look_interval;
      break;
    }
    }
  }
}

} // namespace dagger::apps
