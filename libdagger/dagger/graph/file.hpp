// One loader for flow and job files, and what becomes of them with inputs. Knows no engine:
// agents are names and schemas.
#pragma once

#include <dagger/graph/spec.hpp>
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
};

struct load_options {
  std::span<const known_agent> agents;
  /// Agents that are not registered are no problem (and their inputs are not checked).
  bool allow_unknown_agents = false;
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
};

/// Reads a job file: YAML, or JSON if `name` ends in `.json`. Checks its shape against
/// `schemas/job.schema.json`, then what a schema cannot say. Flow files are refused.
loaded load(std::string_view text, std::string_view name, const load_options& options);

/// The same for a file on disk; one that cannot be read is the problem.
loaded load_file(const std::filesystem::path& path, const load_options& options);

/// What `instantiate` gives: a definition, or all that is wrong with the given inputs.
using instance = tl::expected<plan::job_spec, std::vector<error>>;

/// Makes a job of a file: applies defaults, checks `given` (a JSON object) against the schemas
/// of the inputs, and puts their values in. Tasks that refer to outputs of other tasks stay
/// templates (`task_spec::templated`), in which only such references are left.
instance instantiate(const spec& file, const json& given, std::string id);

/// Reads `name=value`: the value is JSON if it is JSON, else a string.
result<std::pair<std::string, json>> parse_input_argument(std::string_view text);

} // namespace dagger::graph
