// What changes of a run that goes on take, from outside (`engine`) and from inside (`task::flow`).
#pragma once

#include <dagger/value/json.hpp>

#include <filesystem>
#include <string>

namespace dagger {

/// Where nodes that are added come from.
struct node_options {
  /// For errors: "node.yaml:2:11: ...".
  std::string file = "node";
  /// Where the files of sub-flows stand that are run as `flow:NAME`; empty: there are none.
  std::filesystem::path folder = {};
};

} // namespace dagger
