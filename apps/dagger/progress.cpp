// Progress on standard error.
#include "progress.hpp"

#include "event_lines.hpp"
#include "shapes.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>
#include <utility>

namespace dagger::apps {

namespace {

constexpr std::size_t bar_width = 24;

std::uint32_t settled_in(const plan::task_counts& counts) {
  auto n = std::uint32_t{0};
  for (auto i = std::size_t{0}; i < counts.size(); ++i)
    if (settled(static_cast<task_state>(i)))
      n += counts[i];
  return n;
}

std::string bar(std::uint32_t part, std::uint32_t whole) {
  const auto filled = whole == 0 ? 0 : bar_width * part / whole;
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "]";
}

std::string counts_of(const plan::job_status& job) {
  constexpr auto shown = std::array{task_state::running,   task_state::ready,  task_state::backoff,
                                    task_state::suspended, task_state::failed, task_state::skipped};
  auto text = std::string{};
  for (const auto x : shown)
    if (const auto n = job.counts[static_cast<std::size_t>(x)]; n > 0)
      text += "  " + std::to_string(n) + " " + std::string{to_text(x)};
  return text;
}

} // namespace

progress::progress(console& out, progress_options how, store::view& v)
  : out_(out),
    how_(std::move(how)) {
  if (auto feed = event_feed::from_now_on(v); feed && wanted())
    feed_ = *feed;
}

progress::~progress() {
  clear();
}

std::optional<plan::job_status> progress::look(store::view& v, const std::string& id) {
  auto job = plan::find_job(v, id);
  if (!job || !*job)
    return std::nullopt;
  if (!wanted())
    return std::move(*job);
  // What cannot be read is told by the engine.
  (void)feed_.read(v, (*job)->number, [&](const plan::job_event& x) { take(v, x); });
  const auto suspended = (*job)->counts[static_cast<std::size_t>(task_state::suspended)];
  if (!last_ && suspended > 0)
    if (const auto tasks = plan::tasks_of(v, (*job)->number))
      ask_for_answers(*tasks);
  last_ = **job;
  redraw();
  return std::move(*job);
}

void progress::take(store::view& v, const plan::job_event& what) {
  if (!names_.learn(v, what, static_cast<bool>(how_.each)))
    return;
  if (how_.verbose)
    print(what);
  if (how_.each) {
    clear();
    how_.each(what, names_);
  }
  auto suspended = std::vector<plan::task_range>{};
  for (const auto& t : what.transitions) {
    if (t.code == code::late_report) // the task stays as it is
      continue;
    if (t.to == task_state::running)
      running_.insert_or_assign(t.task, running_task{printable(names_.of(t.task)), what.time});
    else
      running_.erase(t.task);
    if (t.to == task_state::suspended)
      suspended.push_back({t.task, 1});
  }
  // At the first look all suspended tasks are asked for.
  if (last_ && !suspended.empty())
    if (const auto tasks = plan::tasks_of(v, what.job, suspended))
      ask_for_answers(*tasks);
}

void progress::ask_for_answers(const std::vector<plan::task_status>& tasks) {
  if (!how_.live && !how_.verbose)
    return;
  for (const auto& task : tasks)
    for (const auto& line : how_to_answer(task, how_.door)) {
      clear();
      out_.note(line);
    }
}

void progress::print(const plan::job_event& what) {
  clear();
  for (const auto& line : lines_of(out_, STDERR_FILENO, what, names_))
    out_.note(line);
}

std::string progress::estimate(std::uint32_t done) {
  const auto present = now();
  if (!first_)
    first_ = {present, done};
  const auto [since, before] = *first_;
  if (done <= before || done >= last_->tasks)
    return {};
  const auto spent = std::chrono::duration_cast<duration>(present - since);
  return "  ~" + human(spent * (last_->tasks - done) / (done - before)) + " left";
}

void progress::redraw() {
  if (!how_.live || !last_)
    return;
  const auto done = settled_in(last_->counts);
  auto text = bar(done, last_->tasks) + " " + std::to_string(done) + "/"
            + std::to_string(last_->tasks) + counts_of(*last_) + estimate(done);
  const auto present = now();
  const auto room = out_.columns() - std::min<std::size_t>(out_.columns(), 1);
  for (const auto& [number, task] : running_) {
    if (width(text) >= room)
      break;
    text += "  " + task.name + " " + human_span(task.since, std::nullopt, present);
  }
  write_all(STDERR_FILENO, std::string{wipe_line} + cut(std::move(text), room));
  drawn_ = true;
}

void progress::clear() {
  if (std::exchange(drawn_, false))
    write_all(STDERR_FILENO, wipe_line);
}

} // namespace dagger::apps
