// One run of a flow in memory: who works on it, what its attempts have come to, and when it has
// ended. Who is ready is decided by `graph::run`. Knows no actors.
//
//   waiting ─► ready ─► running ─► completed, skipped
//                ▲         ├─────► failed: what comes next says `graph::run`
//                └─ pause ─┘
#pragma once

#include <dagger/actors/clock.hpp>
#include <dagger/actors/flow_program.hpp>
#include <dagger/flow_result.hpp>
#include <dagger/graph/picture.hpp>
#include <dagger/graph/ready_queue.hpp>
#include <dagger/graph/run.hpp>
#include <dagger/job.hpp>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace dagger::actors {

class flow_execution;

/// What executions use of their engine. Valid while the engine lives; functions that were left
/// behind use none of it.
struct flow_services {
  const actors::clock* clock = nullptr;
  /// How long what was stopped may go on.
  duration grace{0};
  /// Nodes at once where a flow does not say.
  std::uint32_t workers = 1;
  /// Times are those of `clock` alone.
  bool virtual_time = false;
  /// Calls the function soon, in a thread where it may block; false if there is none.
  std::function<bool(std::function<void()>)> launch;
  std::function<void(std::thread::id)> leave_behind;
  /// Calls `flow_execution::tick` at that time or soon after.
  std::function<void(std::weak_ptr<flow_execution>, timestamp)> wake_at;
  /// Requests a stop where a user's callback may block.
  std::function<void(std::stop_source)> request_stop;
  /// Calls a user's function in a thread for that.
  std::function<void(std::function<void()>)> call;
  /// The execution runs no more.
  std::function<void(const flow_execution&)> ended;
  /// A job of one task, and its end.
  std::function<future<job_result>(const job&)> submit;
  std::function<void(std::string)> cancel_job;
  std::function<void(std::string)> purge_job;
};

/// A node, or one element of a node that runs once for each element of a list.
struct flow_item {
  static constexpr std::uint32_t whole = 0xffff'ffff;

  std::uint32_t node = 0;
  std::uint32_t element = whole;

  std::uint64_t key() const {
    return std::uint64_t{element} << 32 | node;
  }
  static flow_item from(std::uint64_t key) {
    return {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  }
};

/// Made with `make`, begun once; where it is paused it may be resumed. Safe to use from any thread.
class flow_execution : public std::enable_shared_from_this<flow_execution> {
public:
  using end_callback = std::function<void(flow_execution&)>;
  using shared_program = std::shared_ptr<const flow_parts::program>;

  flow_execution(shared_program what, std::shared_ptr<const flow_services> services);
  ~flow_execution();

  /// Gives an input its value: a copy of `from`. Before `begin`.
  void set_input(std::uint32_t node, const void* from);
  /// `make` constructs the value at the place that it is given.
  void make_input(std::uint32_t node, const std::function<void(void*)>& make);
  /// False if there is none.
  bool take_fallback(std::uint32_t node);
  bool has_input(std::uint32_t node) const {
    return has_input_[node];
  }
  const void* input(std::uint32_t node) const {
    return place_of(node);
  }

  /// `on_end` is called once, when nothing of it runs any more, in whichever thread sees that.
  void begin(end_callback on_end);
  /// Goes on after it was paused; false if it is not.
  bool resume(end_callback on_end);
  void hold();
  void cancel(error why);
  /// Does what is due.
  void tick(timestamp now);
  /// The engine ends: leaves behind all that still runs. May be called again.
  void give_up();

  // After the end, until it is resumed.
  job_state state() const {
    return state_;
  }
  std::uint32_t passage() const {
    return passage_;
  }
  const flow_parts::program& program() const {
    return *program_;
  }
  /// Null if the node has not completed or has no value.
  const void* value_of(std::uint32_t node) const;
  std::optional<error> why_failed() const;
  node_report report_of(std::uint32_t node) const;
  timestamp started() const {
    return started_;
  }
  timestamp ended() const {
    return ended_;
  }
  /// With sub-flows as frames, `prefix` before the ids.
  void draw(graph::picture& to, const std::string& group, const std::string& prefix) const;

private:
  struct worker;
  struct shard;
  struct elements;
  friend class flow_parts::frame;

  /// `pending`: it ends later, and holds no thread meanwhile.
  enum class step_end : std::uint8_t { went_on, pending, lost };
  enum class timer_kind : std::uint8_t { retry, time_out, grace, whole, sweep };

  struct timer {
    timer_kind kind = timer_kind::retry;
    flow_item item = {};
    /// Of an attempt in a thread; null: of one without.
    std::shared_ptr<worker> who = {};
    /// Tells the attempt from others.
    std::uint64_t serial = 0;
  };

  /// An attempt that has failed.
  struct past_attempt {
    std::int64_t started = 0;
    std::int64_t ended = 0;
    failure why;
  };

  /// What there is to say about few nodes only.
  struct remarks {
    std::vector<past_attempt> attempts;
    /// Of these, since the run was last resumed.
    std::uint32_t failures = 0;
    /// Why it was skipped.
    std::string text;
  };

  /// An attempt without a thread.
  struct pending {
    std::uint64_t serial = 0;
    std::int64_t started = 0;
    bool timed_out = false;
    std::function<void()> cancel;
  };

  using nodes = graph::run::nodes;

  // Walking (flow_walk.cpp).
  void walk(worker& me);
  bool next(worker& me, flow_item& x);
  bool take(worker& me, flow_item& x);
  bool steal(worker& me, flow_item& x);
  bool take_in_order(flow_item& x);
  step_end step(worker& me, flow_item x);
  bool go_on(worker& me, flow_item& x);
  void refuse(flow_item x, nodes& ready);
  bool has_work();
  void add_items(const std::vector<flow_item>& xs);
  void add_ready(const nodes& ready);
  void enqueue(flow_item x);
  void invite(std::size_t most);
  void done_in_order(flow_item x, const nodes& ready);
  void launch(std::shared_ptr<worker> who);
  void end_if_drained(std::unique_lock<std::mutex>& guard);

  // Attempts (flow_attempt.cpp).
  void call(worker& me, flow_item x);
  bool may_be_called(flow_parts::frame& f);
  void conclude(worker& me, flow_item x);
  void conclude_badly(flow_item x, past_attempt attempt, nodes& ready);
  void skip(flow_item x, std::string text, nodes& ready);
  void fail_for_good(flow_item x, nodes& ready);
  void follow_mode();
  const retry_policy& policy_of(std::uint32_t node) const;
  std::string identity_of(flow_item x, std::uint32_t failures) const;

  // Lists and what runs elsewhere (flow_spread.cpp).
  void spread(worker& me, std::uint32_t node);
  void settle_element(flow_item x, task_state how, nodes& ready);
  bool start_pending(worker& me, flow_item x);
  void start_sub_flow(flow_item x, std::uint64_t serial);
  std::shared_ptr<flow_execution> paused_sub_flow(std::uint32_t node) const;
  std::shared_ptr<flow_execution> new_sub_flow(std::uint32_t node) const;
  void pause_with(flow_item x, std::uint64_t serial);
  void start_action(flow_item x, std::uint64_t serial);
  json action_input(std::uint32_t node) const;
  void end_pending(flow_item x, std::uint64_t serial, std::optional<failure> why,
                   const std::function<void(void*)>& store);

  // Times (flow_timers.cpp).
  void add_timer(timestamp when, timer x);
  void fire(const timer& x);
  void release();
  void time_out(const timer& x);
  void lose(const timer& x);
  void lose(const std::shared_ptr<worker>& who, std::uint64_t serial, failure why);
  void stop(worker& who);

  void* place_of(std::uint32_t node) const;

  // Reports (flow_report.cpp).
  std::int64_t stamp() const;
  timestamp time_of(std::int64_t stamp) const;
  std::string name_of(flow_item x) const;
  std::string skipped_because(std::uint32_t node) const;
  node_report report_of(flow_item x, const graph::node_progress& at) const;

  const shared_program program_;
  const std::shared_ptr<const flow_services> services_;
  graph::run core_;
  std::unique_ptr<std::byte, void (*)(std::byte*)> values_;
  std::vector<bool> has_input_;
  std::uint32_t limit_;
  timestamp started_;
  timestamp ended_;
  std::int64_t base_ = 0; // the stamp at `started_`

  /// Work that waits, one list for each worker that there may be at once.
  std::vector<std::unique_ptr<shard>> shards_;
  /// Workers that have a thread. Changed under the lock; who reads it without only saves a look.
  std::atomic<std::uint32_t> active_ = 0;

  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<worker>> workers_; // as many as there were ever at once
  std::vector<std::shared_ptr<worker>> free_;
  graph::ready_queue queue_;  // in order
  std::uint32_t running_ = 0; // in order: nodes, those without a thread included
  std::uint32_t holds_ = 0;   // somebody who is no worker is about to add work
  std::size_t backing_off_ = 0;
  std::multimap<timestamp, timer> timers_;
  std::map<std::uint64_t, remarks> remarks_; // by key of the item
  std::map<std::uint64_t, pending> pending_;
  std::map<std::uint32_t, std::unique_ptr<elements>> elements_; // null before it spreads
  std::map<std::uint32_t, std::shared_ptr<flow_execution>> sub_flows_;
  std::optional<std::uint32_t> first_failed_;
  std::optional<error> why_cancelled_;
  std::size_t left_behind_ = 0;
  std::uint64_t last_serial_ = 0;
  graph::run::mode followed_ = graph::run::mode::going;
  end_callback on_end_;
  std::atomic<bool> over_ = true;
  bool given_up_ = false;
  job_state state_ = job_state::running;
  std::atomic<std::uint32_t> passage_ = 0;
};

/// With states, or as the flow is now.
graph::picture picture_of(const flow_execution& x);
graph::picture picture_of(const flow_parts::flow_tables& x);

} // namespace dagger::actors
