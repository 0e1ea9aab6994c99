// Signals and wake-ups as file descriptors for one `poll`.
#include "waiting.hpp"

#include <dagger/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <unistd.h>

#include <sys/eventfd.h>

namespace dagger::apps {

namespace {

// A signal handler reaches globals only.
std::atomic<int> signals_seen = 0;
std::atomic<int> signal_descriptor = -1;
struct sigaction old_int {};
struct sigaction old_term {};

void add_one(int descriptor) {
  const auto one = std::uint64_t{1};
  // An event descriptor refuses only when it is already readable.
  [[maybe_unused]] const auto written = ::write(descriptor, &one, sizeof one);
}

extern "C" void on_signal(int) {
  const int before = errno;
  if (signals_seen.fetch_add(1) > 0)
    ::_exit(130);
  add_one(signal_descriptor.load());
  errno = before;
}

int new_descriptor() {
  const int made = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (made < 0)
    throw error{code::unavailable,
                std::string{"cannot wait for anything: "} + std::strerror(errno),
                {},
                "allow more open files (ulimit -n)"};
  return made;
}

} // namespace

interrupts::interrupts() {
  signals_seen = 0;
  signal_descriptor = new_descriptor();
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &old_int);
  ::sigaction(SIGTERM, &action, &old_term);
}

interrupts::~interrupts() {
  ::sigaction(SIGINT, &old_int, nullptr);
  ::sigaction(SIGTERM, &old_term, nullptr);
  ::close(signal_descriptor.exchange(-1));
}

bool interrupts::seen() const {
  return signals_seen.load() > 0;
}

int interrupts::descriptor() const {
  return signal_descriptor.load();
}

bell::bell()
  : descriptor_(new int(new_descriptor()), [](const int* descriptor) {
      ::close(*descriptor);
      delete descriptor;
    }) {}

void bell::ring() const {
  add_one(*descriptor_);
}

void bell::hush() const {
  auto rings = std::uint64_t{0};
  // Nothing to read is fine: it has not been rung.
  [[maybe_unused]] const auto n = ::read(*descriptor_, &rings, sizeof rings);
}

int bell::descriptor() const {
  return *descriptor_;
}

namespace {

/// Milliseconds for `poll`; -1: forever.
int time_left(const wakeups& what) {
  using namespace std::chrono;
  auto until = what.deadline;
  if (what.redraw)
    until = until ? std::min(*until, *what.redraw) : *what.redraw;
  if (!until)
    return -1;
  return static_cast<int>(std::clamp<std::int64_t>(
    ceil<milliseconds>(*until - steady_clock::now()).count(), 0, 3'600'000));
}

bool has_come(const std::optional<steady_time>& time) {
  return time && std::chrono::steady_clock::now() >= *time;
}

} // namespace

woken_by wait(const wakeups& what) {
  auto watched =
    std::array{pollfd{what.end, POLLIN, 0}, pollfd{what.signals.descriptor(), POLLIN, 0},
               pollfd{what.change, POLLIN, 0}};
  while (true) {
    const int ready = ::poll(watched.data(), watched.size(), time_left(what));
    if (ready > 0 && watched[0].revents != 0)
      return woken_by::end;
    if (ready > 0 && watched[1].revents != 0)
      return woken_by::signal;
    if (has_come(what.deadline))
      return woken_by::deadline;
    if (ready > 0 && watched[2].revents != 0)
      return woken_by::change;
    if (has_come(what.redraw))
      return woken_by::redraw;
  }
}

} // namespace dagger::apps
