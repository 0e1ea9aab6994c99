// A run of a flow as one would do it by hand: one node at a time, looking at all of them before
// each step. Shares nothing with the runners but the names of states and rules.
#pragma once

#include <dagger/plan/states.hpp>
#include <dagger/value/node_rules.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace dagger::model {

struct flow_node {
  std::vector<std::uint32_t> before;
  dagger::run_if run_if = dagger::run_if::all_success;
  std::optional<dagger::on_failure> on_failure;
  bool optional = false;
  int priority = 0;
  /// Attempts that fail before one succeeds, and how many there may be.
  std::uint32_t failing = 0;
  std::uint32_t max_attempts = 1;
  /// Its own condition.
  bool condition = true;
};

struct flow {
  std::vector<flow_node> nodes;
  dagger::on_failure policy = dagger::on_failure::stop;
};

struct node_end {
  task_state state = task_state::waiting;
  /// Of a skipped one, as the report says it.
  std::string because;
  std::uint32_t attempts = 0;

  friend bool operator==(const node_end&, const node_end&) = default;
};

struct flow_end {
  job_state state = job_state::completed;
  std::vector<node_end> nodes;
  /// Each attempt, in order.
  std::vector<std::uint32_t> order;

  friend bool operator==(const flow_end&, const flow_end&) = default;
};

std::string name_of(std::uint32_t node);

/// Highest priority first, then the order of the flow.
flow_end run_by_hand(const flow& x);

/// Up to `most` nodes; anything may fail, be skipped, be tried again. `policies`: whether anything
/// but `on_failure::carry_on` may happen.
flow random_flow(std::mt19937& random, std::uint32_t most, bool policies);

std::string to_text(const flow& x);
std::string to_text(const flow_end& x);

} // namespace dagger::model
