// Programs of nodes (`graph/node_program.hpp`) with the values that they may read, made ready once
// and shared by all parts of a node. Knows no actors.
#pragma once

#include <dagger/graph/evaluation.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/plan/query.hpp>

#include <atomic>
#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dagger::actors {

/// The values around a program.
struct surroundings {
  /// Of the job.
  json inputs;
  /// By the name of the task; what has no output is not there.
  std::map<std::string, json, std::less<>> outputs;
};

/// What a task runs. Immutable but for `stopped`.
struct prepared_program {
  graph::compiled_program code;
  std::shared_ptr<const surroundings> around;
  /// No further part of it is to start: it has failed.
  mutable std::atomic<bool> stopped = false;

  prepared_program(graph::compiled_program x, std::shared_ptr<const surroundings> values)
    : code(std::move(x)),
      around(std::move(values)) {}

  /// For `compiled_program`.
  graph::output_of outputs() const;
};

using program_ptr = std::shared_ptr<const prepared_program>;

/// Keeps the programs that parts share. Safe to use from any thread.
class program_cache {
public:
  /// Whose parts they are, and the visit in which these were added: a later one may read other
  /// values.
  struct key {
    std::uint64_t job = 0;
    std::uint32_t task = 0;
    std::uint32_t visit = 0;

    friend auto operator<=>(const key&, const key&) = default;
  };

  /// Null if it has to be made ready.
  program_ptr find(const key& which) const;
  /// Keeps it, in place of the one that was kept first if there are too many.
  void keep(const key& which, program_ptr x);

private:
  static constexpr std::size_t most = 64;

  mutable std::mutex mutex_;
  std::map<key, program_ptr> kept_;
  std::deque<key> order_;
};

/// The values of a job's inputs. Throws `error`.
json inputs_of(store::view& view, std::uint64_t job);

/// Puts values in place of the references of a template; `known` are the tasks that it may read.
result<json> filled(const json& tmpl, const json& inputs, const graph::is_node& known,
                    const graph::output_of& output);

/// Reads the programs of a job's tasks, and what these got. Its functions throw `error`.
class program_reader {
public:
  program_reader(store::view& view, program_cache& programs, std::uint64_t job)
    : view_(view),
      programs_(programs),
      job_(job) {}

  /// A program of a task that comes after `tasks`, or has waited for them.
  program_ptr ready(graph::node_program code, const std::vector<plan::task_range>& tasks);
  /// What the parts run that a task has added in one of its visits.
  program_ptr body_of(std::uint32_t owner, std::uint32_t visit);
  plan::task_status task(std::uint32_t number);
  /// Whether a node of a sub-flow, which this task runs, has failed and by that stopped it.
  bool has_stopped(std::uint32_t flow);
  json output_of(const plan::task_status& task);
  /// What the action of a task got when it ran; null if it was not to run.
  json input_of(const plan::task_status& task);

private:
  program_ptr program_of(const plan::task_status& task, const json& document);
  json filled_input(const plan::task_status& task, const json& tmpl);

  store::view& view_;
  program_cache& programs_;
  std::uint64_t job_;
};

} // namespace dagger::actors
