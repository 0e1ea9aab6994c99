// From the map of a node to a node. Internal to the loader.
#pragma once

#include <dagger/graph/findings.hpp>
#include <dagger/graph/spec.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace dagger::graph {

/// Reads the nodes of a file whose unknown keys are gone. What the schema refuses it passes over.
class node_reader {
public:
  node_reader(const spec& file, findings& found);

  /// Reads the node with this index; what it says is moved out of `from`.
  node read(std::size_t index, json& from);

private:
  using key_reader = void (*)(node_reader& self, json& value);
  static key_reader reader_of(std::string_view key);

  void read_inputs(json& from);
  void read_listed_inputs(json& from);
  bool read_source(node_input& to, json& item);
  void read_outputs(json& from);
  void read_tolerate(json& value);
  void read_repeat(json& value);
  void read_cache(json& value);
  void join_retries();
  std::optional<duration> duration_of(const json& value, const char* rest);

  std::string pointer(std::string_view rest) const {
    return node_pointer(file_, index_, rest);
  }

  const spec& file_;
  findings& found_;
  std::size_t index_ = 0;
  node made_;
  std::optional<std::uint32_t> tries_;
  bool never_again_ = false;
};

} // namespace dagger::graph
