// What reaches the gateway's thread from others: answers, messages, and that a log has grown.
#pragma once

#include <dagger/actors/gateway.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <sys/eventfd.h>

namespace dagger::actors {

/// What others put in for the thread. They may hold it longer than it lives.
class gateway::mailbox {
public:
  struct letter {
    std::uint64_t to;
    std::string line;
    bool answers = true; // its last request
  };

  mailbox() : bell_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  int bell() const {
    return bell_.get();
  }

  void put(letter x) {
    {
      auto guard = std::lock_guard{mutex_};
      mail_.letters.push_back(std::move(x));
    }
    ring();
  }

  void stop() {
    {
      auto guard = std::lock_guard{mutex_};
      stopped_ = true;
    }
    ring();
  }

  bool stopped() const {
    auto guard = std::lock_guard{mutex_};
    return stopped_;
  }

  /// Wakes the thread. A bell that rings already is fine.
  void ring() const {
    [[maybe_unused]] auto n = eventfd_write(bell_.get(), 1);
  }

  void note_growth() {
    {
      auto guard = std::lock_guard{mutex_};
      if (std::exchange(mail_.log_has_grown, true))
        return;
    }
    ring();
  }

  struct mail {
    std::vector<letter> letters;
    bool log_has_grown = false;
  };

  mail take() {
    auto rings = eventfd_t{0};
    [[maybe_unused]] auto n = eventfd_read(bell_.get(), &rings);
    auto guard = std::lock_guard{mutex_};
    return std::exchange(mail_, {});
  }

private:
  descriptor bell_;
  mutable std::mutex mutex_;
  mail mail_;
  bool stopped_ = false;
};

template <class T, class Line>
void gateway::answer(std::uint64_t to, const future<T>& when, Line line_of) {
  visitors_.at(to).waits = true;
  when.then([to, box = box_, line_of](const result<T>& x) {
    box->put({to, x ? line_of(*x) : to_line(x.error())});
  });
}

} // namespace dagger::actors
