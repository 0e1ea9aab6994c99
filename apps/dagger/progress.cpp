// Progress on standard error.
#include "progress.hpp"

#include "shapes.hpp"

#include <algorithm>
#include <array>
#include <unistd.h>
#include <utility>

namespace dagger::apps {

namespace {

constexpr std::size_t bar_width = 24;
constexpr auto wipe = "\r\x1b[2K";

style style_of(task_state x) {
  switch (x) {
  case task_state::completed:
    return style::good;
  case task_state::failed:
    return style::bad;
  case task_state::running:
    return style::busy;
  default:
    return style::dim;
  }
}

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

/// At most `columns` characters of `text`.
std::string cut(std::string text, std::size_t columns) {
  auto seen = std::size_t{0};
  for (auto i = std::size_t{0}; i < text.size(); ++i)
    if ((text[i] & 0xc0) != 0x80 && ++seen > columns) {
      text.resize(i);
      break;
    }
  return text;
}

} // namespace

progress::progress(console& out, bool live, bool verbose, store::view& v)
  : out_(out),
    live_(live),
    verbose_(verbose) {
  if (auto feed = event_feed::from_now_on(v); feed && wanted())
    feed_ = *feed;
}

progress::~progress() {
  clear();
}

void progress::look(store::view& v, const std::string& id) {
  const auto job = plan::find_job(v, id);
  if (!job || !*job)
    return;
  // What cannot be read is told by the engine.
  (void)feed_.read(v, (*job)->number, [&](const plan::job_event& x) { take(v, x); });
  if (live_)
    draw(**job);
}

void progress::take(store::view& v, const plan::job_event& what) {
  if (!names_.learn(v, what))
    return;
  if (verbose_)
    print(what);
  for (const auto& t : what.transitions) {
    if (t.to == task_state::running)
      running_.insert_or_assign(t.task, running_task{printable(names_.of(t.task)), what.time});
    else
      running_.erase(t.task);
  }
}

void progress::print(const plan::job_event& what) {
  clear();
  const auto time = to_rfc3339(what.time).substr(11, 12) + " ";
  for (const auto& t : what.transitions) {
    auto line = time + printable(names_.of(t.task)) + " ";
    line += out_.styled(STDERR_FILENO, style_of(t.to), to_text(t.to));
    if (t.visit > 1)
      line += ", visit " + std::to_string(t.visit);
    if (t.attempt > 1)
      line += ", attempt " + std::to_string(t.attempt);
    if (!t.code.empty())
      line += ": " + t.code + ": " + printable(t.message);
    out_.note(line);
  }
  if (what.state)
    out_.note(time + "job " + printable(what.id) + " " + std::string{to_text(*what.state)});
}

std::string progress::estimate(const plan::job_status& job, std::uint32_t done) {
  const auto present = now();
  if (!first_)
    first_ = {present, done};
  const auto [since, before] = *first_;
  if (done <= before || done >= job.tasks)
    return {};
  const auto spent = std::chrono::duration_cast<duration>(present - since);
  return "  ~" + human(spent * (job.tasks - done) / (done - before)) + " left";
}

void progress::draw(const plan::job_status& job) {
  const auto done = settled_in(job.counts);
  auto text = bar(done, job.tasks) + " " + std::to_string(done) + "/" + std::to_string(job.tasks)
            + counts_of(job) + estimate(job, done);
  const auto present = now();
  const auto room = out_.columns() - std::min<std::size_t>(out_.columns(), 1);
  for (const auto& [number, task] : running_) {
    if (width(text) >= room)
      break;
    text += "  " + task.name + " " + human_span(task.since, std::nullopt, present);
  }
  write_all(STDERR_FILENO, wipe + cut(std::move(text), room));
  drawn_ = true;
}

void progress::clear() {
  if (std::exchange(drawn_, false))
    write_all(STDERR_FILENO, wipe);
}

} // namespace dagger::apps
