// `run --step`: tasks begin one by one, each when a person says so. What runs next decides the
// engine, as ever.
#pragma once

#include "command.hpp"
#include "progress.hpp"
#include "waiting.hpp"
#include "watching.hpp"

#include <dagger/engine.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dagger::apps {

/// Where attempts wait for an answer, one at a time. Safe to use from any thread.
class step_gate {
public:
  /// For `engine_options::before_attempt`.
  attempt_choice wait(const upcoming_attempt& x);

  /// The attempt that waits, if one does.
  std::optional<upcoming_attempt> waiting() const;

  void answer(attempt_choice x);

  /// Nobody waits from now on: this is the answer to all. The first one counts, but that all are
  /// skipped counts in any case.
  void open(attempt_choice x);

  /// Rings when one has come.
  const bell& arrivals() const {
    return arrivals_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable answered_;
  bell arrivals_;
  std::optional<upcoming_attempt> waiting_;
  std::optional<attempt_choice> answer_;
  std::optional<attempt_choice> open_;
};

/// Opens the gate at the end of its life, so that nothing stands there for ever.
class opened_at_last {
public:
  explicit opened_at_last(std::shared_ptr<step_gate> gate) : gate_(std::move(gate)) {}
  ~opened_at_last() {
    if (gate_)
      gate_->open(attempt_choice::skip);
  }
  opened_at_last(const opened_at_last&) = delete;
  opened_at_last& operator=(const opened_at_last&) = delete;

private:
  std::shared_ptr<step_gate> gate_;
};

/// Asks a person on standard error, who answers on standard input.
class stepping {
public:
  /// Begins before the job does.
  stepping(program& self, std::string id, engine& runs, step_gate& gate);

  /// Until `end` is readable, a person has had enough (`watch_end::left`), a signal or the
  /// deadline.
  watch_end run(const interrupts& signals, int end, std::optional<steady_time> deadline);

private:
  using line = tl::expected<std::string, watch_end>;

  std::optional<watch_end> ask(const upcoming_attempt& next, const wakeups& what);
  std::optional<watch_end> obey(const std::string& command, const std::string& argument,
                                const upcoming_attempt& next);
  line read_line(const wakeups& what);
  void read_some();
  void look();
  void say(std::string_view text);
  void tell_next(const upcoming_attempt& next);
  void help();
  void list(const upcoming_attempt& next);
  void inspect(const std::string& name);
  void show_outputs();
  std::vector<plan::task_status> tasks() const;
  json output_of(const plan::task_status& x) const;

  console& out_;
  std::string id_;
  engine& runs_;
  step_gate& gate_;
  progress shown_;
  bool answered_ = false;
  std::string input_;
  bool input_ended_ = false;
  bool too_long_ = false;
};

} // namespace dagger::apps
