// What a run of a flow has come to: its values, and the report of each node.
#pragma once

#include <dagger/error.hpp>
#include <dagger/future.hpp>
#include <dagger/plan/states.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

template <class T>
class node;

namespace actors {

class flow_execution;

} // namespace actors

namespace flow_parts {

struct value_type;
class node_handle;

} // namespace flow_parts

/// One attempt of a node.
struct attempt_report {
  timestamp started;
  timestamp ended;
  /// Why it failed.
  std::optional<dagger::error> error;
};

/// How a node has ended.
struct node_report {
  std::string name;
  task_state state = task_state::waiting;
  /// Those of `started` nodes: at least one.
  std::vector<attempt_report> attempts;
  /// Why it was skipped: "upstream failed: NAME", "stopped", ...
  std::string skipped_because;
  /// From the start of the first attempt to the end of the last.
  std::chrono::microseconds took{0};
  /// Of a `map`: one for each element that has started, `NAME[i]`.
  std::vector<node_report> elements;
  /// Of a sub-flow, if it has started.
  std::vector<node_report> nodes;
};

/// A run that has ended or is paused. A cheap copy; may outlive its engine and its flow.
class flow_result {
public:
  explicit flow_result(std::shared_ptr<const actors::flow_execution> of, std::uint32_t passage)
    : of_(std::move(of)),
      passage_(passage) {}

  /// completed, failed, cancelled; or paused, see `engine::resume`.
  job_state state() const;
  bool completed() const {
    return state() == job_state::completed;
  }
  /// The value of a node that has completed. Throws `error`: not_found (it has not, and why),
  /// misuse (a node of another flow, or added after the run began).
  template <class T>
  const T& operator[](const node<T>& x) const {
    return *static_cast<const T*>(value_of(x));
  }
  /// The first failure that made the run fail, `where` names the node; nothing if it did not.
  std::optional<dagger::error> failure() const;

  node_report at(const flow_parts::node_handle& node) const;
  /// All nodes, in the order of the flow; inputs are none.
  std::vector<node_report> nodes() const;
  /// `{"flow", "state", "started", "ended", "error", "nodes": [{"name", "state", "attempts":
  /// [{"started", "ended", "error"}], "skipped_because", "took_us", "elements", "nodes"}]}`;
  /// what there is nothing to say about is left out.
  json report() const;
  /// The same for people.
  std::string report_text() const;
  /// Pictures with states, durations and attempts.
  std::string dot() const;
  std::string mermaid() const;

private:
  friend class engine;
  const void* value_of(const flow_parts::node_handle& node) const;
  const actors::flow_execution& current() const;

  std::shared_ptr<const actors::flow_execution> of_;
  std::uint32_t passage_;
};

/// A run that was started: the future of its end.
class flow_run : public future<flow_result> {
public:
  flow_run(future<flow_result> end, std::weak_ptr<actors::flow_execution> of)
    : future<flow_result>(std::move(end)),
      of_(std::move(of)) {}

  /// Ends the run: nothing new starts, what runs gets its stop token, and is left behind after the
  /// engine's grace. Without effect on one that has ended.
  void cancel() const;
  /// Starts nothing new; the run ends as `job_state::paused` when nothing runs any more.
  void pause() const;

private:
  std::weak_ptr<actors::flow_execution> of_;
};

} // namespace dagger
