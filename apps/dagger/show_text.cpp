// Tables and lines.
#include "show_text.hpp"

#include "event_lines.hpp"
#include "shapes.hpp"

#include <dagger/codec/json.hpp>

namespace dagger::apps {

namespace {

std::string clock_time(const std::optional<timestamp>& x) {
  return x ? to_rfc3339(*x).substr(11, 12) : "";
}

std::string counts_of(const plan::job_status& x) {
  auto text = std::to_string(x.tasks) + (x.tasks == 1 ? " task" : " tasks");
  for (auto i = std::size_t{0}; i < x.counts.size(); ++i)
    if (x.counts[i] > 0)
      text +=
        ", " + std::to_string(x.counts[i]) + " " + std::string{to_text(static_cast<task_state>(i))};
  return text;
}

/// Cells in which nothing follows on the last line.
std::string one_line(std::string_view text) {
  constexpr std::size_t most = 200;
  auto line = printable(text);
  if (line.size() > most) {
    line.resize(most);
    while (!line.empty() && (line.back() & 0xc0) == 0x80)
      line.pop_back();
    line += "...";
  }
  return line;
}

} // namespace

void print_head(console& out, const shown_job& x) {
  const auto& job = x.report.job;
  out.print("job " + out.styled(1, style::bold, printable(job.id)) + " (" + printable(job.name)
            + ") " + std::string{to_text(job.state)});
  out.print(std::string{job.stalled ? ", stalled" : ""}
            + (x.held || finished(job.state) ? "\n" : ", no engine works on it\n"));
  out.print("  created " + to_rfc3339(job.created));
  if (job.ended)
    out.print(", ended " + to_rfc3339(*job.ended) + ", took "
              + human_span(job.created, job.ended, now()));
  out.print("\n  " + counts_of(job) + "\n");
  if (!x.report.parent.empty())
    out.print("  submitted by job " + printable(x.report.parent) + "\n");
  if (!job.code.empty())
    out.print("  " + job.code + ": its deadline has passed\n");
  if (!x.report.inputs.empty())
    out.print("  inputs " + one_line(to_text(x.report.inputs)) + "\n");
  if (!x.report.outputs.is_null())
    out.print("  outputs " + one_line(to_text(x.report.outputs)) + "\n");
}

void print_tasks(console& out, const shown_job& x) {
  auto rows = table{};
  rows.add({"TASK", "AGENT", "STATE", "VISIT", "ATTEMPTS", "STARTED", "TOOK", "WHY"});
  for (const auto& task : x.report.tasks)
    rows.add({printable(task.name), printable(task.agent),
              out.styled(1, style_of(task.state), to_text(task.state)), std::to_string(task.visit),
              std::to_string(task.starts), clock_time(task.started),
              settled(task.state) ? human_span(task.started, task.ended, now()) : "",
              one_line(reason_for(x.report, task, x.agents, x.held))});
  out.print("\n");
  for (const auto& line : rows.lines())
    out.print(line + "\n");
}

void print_history(console& out, const shown_job& x) {
  out.print("\n");
  for (const auto& event : x.report.history) {
    const auto time = to_rfc3339(event.time) + "  ";
    for (const auto& range : event.added)
      for (auto i = std::uint32_t{0}; i < range.count; ++i)
        out.print(time + printable(x.report.tasks.at(range.first + i).name) + "  added\n");
    for (const auto& t : event.transitions) {
      out.print(time + printable(x.report.tasks.at(t.task).name) + "  "
                + out.styled(1, style_of(t.to), to_text(t.to)));
      if (t.to == task_state::running)
        out.print(", visit " + std::to_string(t.visit) + ", attempt " + std::to_string(t.attempt));
      const auto why = why_of(t);
      out.print((why.empty() ? "" : "  " + why) + "\n");
    }
    if (event.state)
      out.print(time + "job " + std::string{to_text(*event.state)} + "\n");
  }
}

void print_task(console& out, const shown_job& x, const plan::task_status& task, const json& full) {
  out.print("task " + out.styled(1, style::bold, printable(task.name)) + " (agent "
            + printable(task.agent) + ") "
            + out.styled(1, style_of(task.state), to_text(task.state)) + "\n");
  if (const auto why = reason_for(x.report, task, x.agents, x.held); !why.empty())
    out.print("  " + printable(why) + "\n");
  for (const auto& a : x.report.attempts.at(task.number))
    out.print("  visit " + std::to_string(a.visit) + ", attempt " + std::to_string(a.attempt) + ": "
              + to_rfc3339(a.started) + ", took "
              + (a.ended ? human_span(a.started, a.ended, now()) : "...")
              + (a.why ? ", " + a.why->code + ": " + printable(a.why->message) : "") + "\n");
  if (!task.summary.empty())
    out.print("  " + printable(task.summary) + "\n");
  out.print("input " + to_pretty_text(full["input"]) + "\n");
  if (full.contains("output"))
    out.print("output " + to_pretty_text(full["output"]) + "\n");
  if (full.contains("progress"))
    out.print("progress " + to_pretty_text(full["progress"]) + "\n");
}

} // namespace dagger::apps
