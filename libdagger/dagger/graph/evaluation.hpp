// From a program and the values around it to the input of an action. Pure: the same values give
// the same input. Knows no store, no file system and no agent.
#pragma once

#include <dagger/graph/node_program.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/script/program.hpp>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dagger::graph {

/// The output of a task by its name; null if it has none (skipped, failed). It must live as long as
/// the call that asks.
using output_of = std::function<const json*(std::string_view task)>;

/// What an action gets.
struct evaluated {
  json input;
  /// Names of inputs that are files, with their paths: they must exist.
  std::vector<std::pair<std::string, std::string>> files;
};

/// The node does not run.
struct left_out {
  std::string reason;
};

using evaluation = std::variant<evaluated, left_out>;

/// A program that is ready to run: its expressions and schemas are compiled once, whatever the
/// number of elements that share it. Immutable, shared by threads.
class compiled_program {
public:
  /// Refuses (invalid_input, `where` = place in the file) expressions that are none.
  static result<compiled_program> compile(node_program program);

  const node_program& program() const {
    return program_;
  }

  /// The condition, then the inputs. `inputs` are the values of the flow that was submitted.
  /// Fails with the place in the file in `where`.
  result<evaluation> evaluate(const json& inputs, const output_of& outputs) const {
    return evaluate(program_.scope, inputs, outputs);
  }

  /// The same with other values of names than the program's own: for elements and iterations.
  result<evaluation> evaluate(const json& scope, const json& inputs,
                              const output_of& outputs) const;

  /// Whether a `repeat` is done after an iteration with this output.
  result<bool> is_done(const json& output, const json& inputs, const output_of& outputs) const;

  /// What is wrong with an output: lists of what is missing and what nobody declared, and what
  /// breaks the schemas. Nothing if none are declared.
  std::vector<schema::violation> check(const json& output) const;

private:
  /// `Around` has the values of references and names.
  template <class Around>
  result<json> value_of(std::size_t input, Around& around) const;

  explicit compiled_program(node_program program) : program_(std::move(program)) {}

  node_program program_;
  std::set<std::string, std::less<>> upstream_;
  std::optional<script::program> when_;
  std::optional<script::program> until_;
  /// For each input; none for those that are no expressions.
  std::vector<std::optional<script::program>> inputs_;
  /// For each declared output.
  std::vector<schema::validator> outputs_;
};

} // namespace dagger::graph
