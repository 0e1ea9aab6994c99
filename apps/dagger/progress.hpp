// What a person sees of a job while it runs: a live line on a terminal, a line per event with -v,
// and whom it waits for.
#pragma once

#include "console.hpp"
#include "event_feed.hpp"
#include "needed_person.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace dagger::apps {

struct progress_options {
  /// A line on standard error that is drawn again and again.
  bool live = false;
  /// A line on standard error for each event.
  bool verbose = false;
  /// Gets each event, if it is set; names of its tasks are known.
  std::function<void(const plan::job_event&, const task_names&)> each = {};
  /// How others can answer the tasks that wait for somebody; `id` is the job's.
  answer_door door;
};

class progress {
public:
  /// Begins with what happens after `v`.
  progress(console& out, progress_options how, store::view& v);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Somebody sees it: `look` is worth its cost.
  bool wanted() const {
    return how_.live || how_.verbose || how_.each;
  }

  /// The line has to be drawn again when time passes.
  bool live() const {
    return how_.live;
  }

  /// Prints what is new, draws the line again, and returns how the job stands. An unreadable store
  /// shows nothing: the engine will say what is wrong with it.
  std::optional<plan::job_status> look(store::view& v, const std::string& id);

  /// Draws the line again, with the times of now.
  void redraw();

  /// Takes the live line away.
  void clear();

private:
  struct running_task {
    std::string name;
    timestamp since;
  };

  void take(store::view& v, const plan::job_event& what);
  void print(const plan::job_event& what);
  void ask_for_answers(const std::vector<plan::task_status>& tasks);
  std::string estimate(std::uint32_t settled);

  console& out_;
  progress_options how_;
  bool drawn_ = false;
  event_feed feed_;
  task_names names_;
  std::map<std::uint32_t, running_task> running_;
  /// As of the last look.
  std::optional<plan::job_status> last_;
  /// When and with how many settled tasks we began to look.
  std::optional<std::pair<timestamp, std::uint32_t>> first_;
};

} // namespace dagger::apps
