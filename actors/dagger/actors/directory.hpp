// The agents of an engine: what others must know to give them work. Knows no threads
// and no actors.
#pragma once

#include <dagger/agent.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/result.hpp>
#include <dagger/schema/validator.hpp>

#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::actors {

/// An agent, ready to work; never changes.
struct known_agent {
  dagger::agent options;
  schema::validator input;
  schema::validator output;
  std::uint32_t slots = 1;
};

using agent_ptr = std::shared_ptr<const known_agent>;

/// Whether `agent::run` must be there.
enum class needs_function : std::uint8_t { yes, no };

/// Checks name and schemas and compiles these.
result<agent_ptr> prepare(agent options, needs_function function = needs_function::yes);

/// Agents by name. Safe to use from any thread.
class directory {
public:
  /// All of them or none; the first name that is taken, nothing if none is.
  std::optional<std::string> add(std::span<const agent_ptr> xs);

  /// Null if there is none.
  agent_ptr find(std::string_view name) const;

  std::vector<agent_ptr> all() const;

  /// What is wrong with giving `input` to the agent `name`; nothing if all is well. A templated
  /// input is checked when it is resolved.
  std::optional<error> refusal(std::string_view name, const json& input, bool templated) const;

  /// What is wrong with a definition, agents and their inputs included; nothing if all is well.
  std::optional<error> refusal(const plan::job_spec& spec) const;

private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, agent_ptr, std::less<>> agents_;
};

} // namespace dagger::actors
