// From a document to a spec. Internal to the loader.
#pragma once

#include <dagger/graph/binding.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/findings.hpp>

#include <string>
#include <unordered_set>
#include <vector>

namespace dagger::graph {

/// Reads a file whose unknown keys are gone. What the schema refuses it passes over: the schema
/// check has reported it.
class file_reader {
public:
  /// `made` says already of what kind it is and where it stands.
  file_reader(json& file, spec made, findings& found);

  /// What the file says; without sub-flows and without a look at what it means.
  spec read();

private:
  void read_head();
  void read_config();
  void read_limits();
  void read_trigger();
  void read_inputs();
  void read_input(const std::string& name, const json& schema);
  void read_nodes();
  void read_outputs();

  std::string at(std::string_view rest) const {
    return made_.base + std::string{rest};
  }

  json& file_;
  findings& found_;
  spec made_;
};

} // namespace dagger::graph
