// What a person sees of a job while it runs: a live line on a terminal, a line per event with -v.
#pragma once

#include "console.hpp"
#include "event_feed.hpp"

#include <map>
#include <optional>
#include <string>

namespace dagger::apps {

class progress {
public:
  /// Begins with what happens after `v`.
  progress(console& out, bool live, bool verbose, store::view& v);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// Somebody sees it: `look` is worth its cost.
  bool wanted() const {
    return live_ || verbose_;
  }

  /// Prints what is new and draws the line again. An unreadable store shows nothing: the engine
  /// will say what is wrong with it.
  void look(store::view& v, const std::string& id);

  /// Takes the live line away.
  void clear();

private:
  struct running_task {
    std::string name;
    timestamp since;
  };

  void take(store::view& v, const plan::job_event& what);
  void print(const plan::job_event& what);
  void draw(const plan::job_status& job);
  std::string estimate(const plan::job_status& job, std::uint32_t settled);

  console& out_;
  bool live_;
  bool verbose_;
  bool drawn_ = false;
  event_feed feed_;
  task_names names_;
  std::map<std::uint32_t, running_task> running_;
  /// When and with how many settled tasks we began to look.
  std::optional<std::pair<timestamp, std::uint32_t>> first_;
};

} // namespace dagger::apps
