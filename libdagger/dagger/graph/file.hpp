// One loader for flow and job files, and what becomes of them with inputs. Knows no engine:
// agents are names and schemas.
#pragma once

#include <dagger/graph/spec.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/result.hpp>

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dagger::graph {

/// An agent that is registered where the file is to run.
struct known_agent {
  std::string name;
  /// Of its input; null: anything. Must outlive the call.
  const schema::validator* input = nullptr;
  /// It declares a version, so its results can be kept.
  bool cacheable = false;
};

struct load_options {
  std::span<const known_agent> agents;
  /// Agents that are not registered are no problem (and their inputs are not checked).
  bool allow_unknown_agents = false;
  /// With that: they are warnings.
  bool warn_of_unknown_agents = false;
};

/// A file and everything that is wrong with it. `where` of each error is `file:line:col`, the
/// message begins with the path in the file, the hint may name the right word.
struct loaded {
  /// There if there are no problems.
  std::optional<spec> file;
  /// All of them, in the order of the file; at most `limits::problems`.
  std::vector<error> problems;
  /// What is allowed but hardly meant.
  std::vector<error> warnings;
  /// How many nodes of `file`, the last ones, are none of what was read (`new_nodes.hpp`).
  std::size_t others = 0;
};

/// Reads a flow or job file: YAML, or JSON if `name` ends in `.json`. Checks its shape against
/// `schemas/flow.schema.json` or `schemas/job.schema.json`, then what a schema cannot say.
/// Sub-flows must stand in its `flows:`.
loaded load(std::string_view text, std::string_view name, const load_options& options);

/// The same for a file on disk, whose sub-flows may be files beside it; one that cannot be read is
/// the problem.
loaded load_file(const std::filesystem::path& path, const load_options& options);

/// The same for a value that is what such a file says; `name` stands for the file in errors.
loaded load_value(json value, std::string_view name, const load_options& options);

/// The values of all inputs of a flow: what is given, else the defaults. All that is wrong with
/// them otherwise.
tl::expected<json, std::vector<error>> input_values(const spec& file, const json& given);

/// What `instantiate` gives: a definition, or all that is wrong with the given inputs.
using instance = tl::expected<plan::job_spec, std::vector<error>>;

/// Makes a job of a file: applies defaults, checks `given` (a JSON object) against the schemas
/// of the inputs, and puts their values in. Tasks that refer to outputs of other tasks stay
/// templates or programs (`flow_tasks.hpp`).
instance instantiate(const spec& file, const json& given, std::string id);

/// Reads `name=value`: the value is JSON if it is JSON, else a string.
result<std::pair<std::string, json>> parse_input_argument(std::string_view text);

} // namespace dagger::graph
