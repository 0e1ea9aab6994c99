// A flow that was checked and made ready to run; shared by all its runs, never changes.
#pragma once

#include <dagger/flow.hpp>
#include <dagger/flow_tables.hpp>
#include <dagger/graph/graph.hpp>
#include <dagger/graph/ready_queue.hpp>
#include <dagger/result.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::flow_parts {

class program {
public:
  /// All that is wrong with the flow is in one error (invalid_input), a line each.
  static result<std::shared_ptr<const program>> make(std::shared_ptr<const flow_tables> tables);
  /// Of a flow as it is now.
  static result<std::shared_ptr<const program>> make_of(const flow& x);

  program(std::shared_ptr<const flow_tables> tables_, graph::graph edges_)
    : tables(std::move(tables_)),
      edges(std::move(edges_)) {}

  const graph::resource_uses& uses_of(std::uint32_t node) const {
    return uses[tables->nodes[node].settings];
  }

  std::shared_ptr<const flow_tables> tables;
  graph::graph edges;
  /// Of each node's value, in units of `frame::place_bytes`; and the end of the last.
  std::vector<std::uint32_t> places;
  std::size_t values_size = 0;
  /// Some values need an end.
  bool has_destructors = false;
  /// Nodes start in an order, out of one queue.
  bool ordered = false;
  /// What there is of each resource, and what nodes need of it, by `flow_node::settings`.
  std::vector<std::uint64_t> pool;
  std::vector<graph::resource_uses> uses;
  /// Nodes that are inputs, and that run for each element of a list.
  std::vector<std::uint32_t> inputs;
  std::vector<std::uint32_t> lists;
  /// By the number of the node.
  std::map<std::uint32_t, std::shared_ptr<const program>> sub_flows;
};

} // namespace dagger::flow_parts
