// The visit of a task that is a node of a flow, or a part of one: what it finds out before its
// action is called, and what it holds against the outputs afterwards.
//
//   program (its own, or the body of that of the task it is a part of)
//     ─► `when` ─► inputs ─► files that must exist ─► the action
//     ─► declared outputs ─► files get their names
#pragma once

#include <dagger/actors/programs.hpp>
#include <dagger/plan/command.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/store/store.hpp>

#include <optional>
#include <string>
#include <vector>

namespace dagger::actors {

/// A node's side of one attempt.
class node_visit {
public:
  /// Finds the program for an input that is one, or that of a part. Throws `error`.
  node_visit(store::view& view, program_cache& programs, const plan::assignment& given,
             const json& input);
  /// Removes what the action has left of files that did not get their names.
  ~node_visit();
  node_visit(const node_visit&) = delete;
  node_visit& operator=(const node_visit&) = delete;

  /// What the action gets; nothing if it is not to run, `left_out` says why. Its error is the end
  /// of the attempt.
  result<std::optional<json>> evaluate();

  const std::string& left_out() const {
    return left_out_;
  }

  /// What is wrong with the output of the action: names, schemas, files that are missing. If it is
  /// nothing, files have got their names, and the output their paths.
  result<std::vector<schema::violation>> finish(json& output);

  const graph::node_program& program() const {
    return ready_->code.program();
  }

  /// Where its relative paths begin, if it says any; as `folder_of`.
  const std::string& folder() const {
    return folder_;
  }

  // For the question whether an equal call has been made (`cached_call.hpp`); nothing of it is
  // there if the program has no rule for that.

  /// What the action gets, but for the names of files that it is to write.
  const json& plain_input() const {
    return plain_input_;
  }

  /// Inputs that are files.
  const std::vector<std::string>& input_files() const {
    return input_files_;
  }

  /// Declared outputs that are files, by the names that they get.
  std::vector<std::string> output_paths() const {
    return output_paths_;
  }

  /// The values of names that are its own: `item`, `index`, `previous`.
  const json& scope() const {
    return scope_;
  }

  /// For `repeat`: whether this output of an iteration ends it.
  result<bool> is_done(const json& output) const;

  /// No further part of this task is to start.
  void stop_parts() const;

private:
  struct output_file {
    std::string name;
    std::string path;
    /// Where the action writes it, as this process reaches it.
    std::string temporary;
  };

  result<void> name_files(json& input);

  program_cache& programs_;
  const plan::assignment& given_;
  program_ptr ready_;
  json scope_;
  /// The sub-flow that it is a node of has been stopped.
  bool flow_has_stopped_ = false;
  std::string folder_;
  std::string left_out_;
  std::vector<output_file> files_;
  json plain_input_;
  std::vector<std::string> input_files_;
  std::vector<std::string> output_paths_;
};

} // namespace dagger::actors
