// Schemas that apply other schemas to the same value: such chains must end, and soon.
#pragma once

#include <dagger/schema/program.hpp>

#include <cstddef>
#include <optional>

namespace dagger::schema {

/// What is wrong with the chains that start at `node`.
struct chain_fault {
  node_id node = never;
  /// It comes back to itself; else it is only too long.
  bool endless = false;
};

/// The first node whose chain never ends or is longer than `longest`, if there is one.
std::optional<chain_fault> find_chain_fault(const program& p, std::size_t longest);

} // namespace dagger::schema
