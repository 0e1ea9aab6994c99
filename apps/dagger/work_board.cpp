// Counts what the log tells.
#include "work_board.hpp"

#include "event_lines.hpp"
#include "shapes.hpp"

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace dagger::apps {

work_board::work_board(console& out, bool live, bool verbose, answer_door door, store::view& v)
  : out_(out),
    live_(live),
    verbose_(verbose),
    door_(std::move(door)) {
  if (!wanted())
    return;
  if (auto feed = event_feed::from_now_on(v))
    feed_ = *feed;
  // What cannot be read is told by the engine.
  (void)plan::list_jobs(v, [&](const plan::job_status& x) {
    if (!finished(x.state))
      unfinished_.insert(x.number);
    return true;
  });
}

work_board::~work_board() {
  clear();
}

void work_board::look(store::view& v) {
  (void)feed_.read(v, event_feed::all_jobs, [&](const plan::job_event& x) { take(v, x); });
  draw();
}

void work_board::take(store::view& v, const plan::job_event& what) {
  auto& names = names_[what.job];
  if (verbose_ && names.learn(v, what)) {
    clear();
    for (const auto& line : lines_of(out_, STDERR_FILENO, what, names, true))
      out_.note(line);
  }
  for (const auto& t : what.transitions) {
    if (t.code == code::late_report) // the task stays as it is
      continue;
    if (t.to == task_state::running)
      running_.emplace(what.job, t.task);
    else
      running_.erase({what.job, t.task});
    settled_ += settled(t.to) ? 1 : 0;
  }
  ask_for_answers(v, what);
  if (what.state && finished(*what.state)) {
    unfinished_.erase(what.job);
    names_.erase(what.job);
  } else {
    unfinished_.insert(what.job);
  }
}

void work_board::ask_for_answers(store::view& v, const plan::job_event& what) {
  auto suspended = std::vector<plan::task_range>{};
  for (const auto& t : what.transitions)
    if (t.to == task_state::suspended)
      suspended.push_back({t.task, 1});
  if (suspended.empty())
    return;
  const auto tasks = plan::tasks_of(v, what.job, suspended);
  if (!tasks)
    return;
  door_.id = what.id;
  for (const auto& task : *tasks)
    for (const auto& line : how_to_answer(task, door_)) {
      clear();
      out_.note("job " + what.id + ": " + line);
    }
}

void work_board::draw() {
  if (!live_)
    return;
  const auto count = [](std::uint64_t n, const char* one, const char* many) {
    return std::to_string(n) + " " + (n == 1 ? one : many);
  };
  write_all(STDERR_FILENO, std::string{wipe_line}
                             + cut(count(unfinished_.size(), "unfinished job", "unfinished jobs")
                                     + ", " + count(running_.size(), "task runs", "tasks run")
                                     + ", " + count(settled_, "task", "tasks") + " done",
                                   out_.columns() - std::min<std::size_t>(out_.columns(), 1)));
  drawn_ = true;
}

void work_board::clear() {
  if (std::exchange(drawn_, false))
    write_all(STDERR_FILENO, wipe_line);
}

} // namespace dagger::apps
