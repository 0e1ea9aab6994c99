// When two calls of nodes are equal, and whether the output of the earlier one still counts. Reads
// files and the store; knows no actors.
//
//   key: action and version, evaluated inputs, working folder, identities of input files, declared
//        outputs ─► row of the table `cache` ─► not too old, its files as they were written
#pragma once

#include <dagger/agent.hpp>
#include <dagger/graph/spec.hpp>
#include <dagger/plan/rows.hpp>
#include <dagger/store/store.hpp>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace dagger::actors {

class node_visit;

/// A call of a node with a rule for its output (`graph::cache_rule`).
class cached_call {
public:
  /// Nothing if the node has no rule, its action has no version, or a file cannot be read.
  static std::optional<cached_call> of(const node_visit& node, const agent& action,
                                       const json& input, store::view& view,
                                       const plan::assignment& given);

  /// Of the row, and of all that the output follows from.
  std::pair<digest, digest> key() const {
    return {place_, call_};
  }

  /// What is kept of an equal call, if it still counts; `recent` if the store has nothing newer.
  std::optional<plan::cached_row> find(store::view& view, const plan::cached_row* recent,
                                       timestamp now) const;

  /// What is to be kept of the output, in which files have their names; nothing if something has
  /// changed while the action ran.
  std::optional<plan::kept_output> keep(const node_visit& node, const agent& action,
                                        const json& output) const;

  /// A row that has been found is to be kept for longer, if that is what the rule wants.
  std::optional<plan::kept_output> renewed(const plan::cached_row& row, timestamp now) const;

  /// Why the action did not run, for people.
  std::string reason(const plan::cached_row& row) const;

private:
  /// Whether a row is of an equal call, young enough, and its files are as they were written.
  bool counts(const plan::cached_row& row, timestamp now) const;

  graph::cache_rule rule_;
  /// Where its relative paths begin.
  std::string folder_;
  digest place_;
  digest call_;
  /// The outcome of a later visit follows from files as they were when the first one began.
  bool is_whole_ = true;
  std::vector<plan::file_identity> inputs_;
};

/// The calls of which an output is being made in this engine: whoever wants the same one waits for
/// it. Safe to use from any thread.
class calls_in_progress {
public:
  using key = std::pair<digest, digest>;
  using row_ptr = std::shared_ptr<const plan::cached_row>;

  /// The right to make an output; its end wakes those who wait.
  class turn {
  public:
    turn(std::shared_ptr<calls_in_progress> of, const key& what)
      : of_(std::move(of)),
        what_(what) {}
    ~turn() {
      of_->end(what_, made_);
    }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

    /// The output is on its way to the store.
    void made(plan::cached_row x) {
      made_ = std::make_shared<const plan::cached_row>(std::move(x));
    }

  private:
    std::shared_ptr<calls_in_progress> of_;
    key what_;
    row_ptr made_;
  };

  /// Waits until nobody makes this output, or `stop`; then it is the caller's turn, if there is one
  /// to be had.
  static std::unique_ptr<turn> begin(const std::shared_ptr<calls_in_progress>& board,
                                     const key& what, bool may_wait, const std::stop_token& stop);

  /// An output that has just been made, and may not be in the store yet.
  row_ptr recent(const key& what) const;

private:
  static constexpr std::size_t most_recent = 16;

  void end(const key& what, row_ptr made);

  mutable std::mutex mutex_;
  std::condition_variable_any ended_;
  std::set<key> open_;
  std::deque<std::pair<key, row_ptr>> recent_;
};

} // namespace dagger::actors
