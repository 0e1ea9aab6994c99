// Which nodes can never run because others before them are disabled. Internal to the loader.
#pragma once

#include <dagger/graph/binding.hpp>
#include <dagger/graph/spec.hpp>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace dagger::graph {

/// Indexes of enabled nodes that are skipped whatever happens, each with that of a node before it
/// that is the reason. `bindings` are those of all nodes.
std::vector<std::pair<std::size_t, std::size_t>>
out_of_reach(const spec& flow, std::span<const node_binding> bindings);

} // namespace dagger::graph
