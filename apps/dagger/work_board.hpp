// What a person sees of an engine that works on all jobs of its store.
#pragma once

#include "console.hpp"
#include "event_feed.hpp"
#include "needed_person.hpp"

#include <cstdint>
#include <set>
#include <unordered_map>
#include <utility>

namespace dagger::apps {

class work_board {
public:
  /// Begins with what happens after `v`. `door.id` is ignored.
  work_board(console& out, bool live, bool verbose, answer_door door, store::view& v);
  ~work_board();
  work_board(const work_board&) = delete;
  work_board& operator=(const work_board&) = delete;

  bool wanted() const {
    return live_ || verbose_;
  }

  /// Prints what is new and draws the line again.
  void look(store::view& v);

private:
  void take(store::view& v, const plan::job_event& what);
  void ask_for_answers(store::view& v, const plan::job_event& what);
  void draw();
  void clear();

  console& out_;
  bool live_;
  bool verbose_;
  bool drawn_ = false;
  answer_door door_;
  event_feed feed_;
  /// Of the jobs that something has happened to and that have not ended.
  std::unordered_map<std::uint64_t, task_names> names_;
  std::set<std::uint64_t> unfinished_;
  std::set<std::pair<std::uint64_t, std::uint32_t>> running_;
  std::uint64_t settled_ = 0;
};

} // namespace dagger::apps
