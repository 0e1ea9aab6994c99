// The agents of this program, as files are checked against them. Starts no job.
#pragma once

#include "command.hpp"

#include <dagger/graph/file.hpp>
#include <dagger/schema/validator.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// Adds the built-in agents, those of the program, and those of its plugins.
void add_all_agents(const program& self, engine& to);

class catalogue {
public:
  /// Of an engine that has its agents.
  explicit catalogue(const engine& from);

  /// Of the program: by an engine in memory that ends before this returns.
  static catalogue of(const program& self);

  const std::vector<agent_description>& agents() const {
    return agents_;
  }

  bool has(std::string_view name) const;

  /// For the loader; valid while the catalogue lives.
  std::vector<graph::known_agent> known() const;

private:
  std::vector<agent_description> agents_;
  std::vector<schema::validator> inputs_;
};

} // namespace dagger::apps
