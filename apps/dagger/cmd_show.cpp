// `dagger show`: one job of a store.
#include "job_report.hpp"
#include "shapes.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>
#include <memory>

namespace dagger::apps {

namespace {

struct show_options {
  std::string id;
  std::string store;
  std::string task;
  bool history = false;
  bool json = false;
};

/// What one call of `show` has read.
struct shown {
  std::filesystem::path place;
  bool held = false;
  job_report report;
  catalogue agents;
};

style style_of(task_state x) {
  return x == task_state::completed ? style::good
       : x == task_state::failed    ? style::bad
       : x == task_state::running   ? style::busy
       : settled(x)                 ? style::dim
                                    : style::plain;
}

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

void print_head(console& out, const shown& x) {
  const auto& job = x.report.job;
  out.print("job " + out.styled(1, style::bold, printable(job.id)) + " (" + printable(job.name)
            + ") " + std::string{to_text(job.state)});
  out.print(x.held || finished(job.state) ? "\n" : ", no engine works on it\n");
  out.print("  created " + to_rfc3339(job.created));
  if (job.ended)
    out.print(", ended " + to_rfc3339(*job.ended) + ", took "
              + human_span(job.created, job.ended, now()));
  out.print("\n  " + counts_of(job) + "\n");
  if (!x.report.inputs.empty())
    out.print("  inputs " + one_line(to_text(x.report.inputs)) + "\n");
  if (!x.report.outputs.is_null())
    out.print("  outputs " + one_line(to_text(x.report.outputs)) + "\n");
}

void print_tasks(console& out, const shown& x) {
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

void print_history(console& out, const shown& x) {
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
      out.print(t.code.empty() ? "\n" : "  " + t.code + ": " + printable(t.message) + "\n");
    }
    if (event.state)
      out.print(time + "job " + std::string{to_text(*event.state)} + "\n");
  }
}

result<json> with_payloads(store::view& v, const shown& x, const plan::task_status& task) {
  auto made = to_json(x.report, task, x.agents, x.held);
  const auto job = x.report.job.number;
  const auto input = plan::load(v, job, task.number, store::slot::input, task.input);
  if (!input)
    return fail(input.error());
  made["input"] = input->value();
  const auto output = plan::load(v, job, task.number, store::slot::output, task.output);
  if (!output)
    return fail(output.error());
  if (!output->empty())
    made["output"] = output->value();
  return made;
}

void print_task(console& out, const shown& x, const plan::task_status& task, const json& full) {
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
}

result<void> show_task(program& self, store::view& v, const shown& x, const show_options& given) {
  const auto found = std::ranges::find(x.report.tasks, given.task, &plan::task_status::name);
  if (found == x.report.tasks.end()) {
    auto names = std::vector<std::string>{};
    for (const auto& task : x.report.tasks)
      names.push_back(task.name);
    return fail(code::not_found, "there is no task '" + given.task + "'", "job " + given.id,
                did_you_mean(given.task, names));
  }
  const auto full = with_payloads(v, x, *found);
  if (!full)
    return fail(full.error());
  if (given.json) {
    auto made = to_json(x.report, x.agents, x.held, false);
    made["tasks"] = json::array({*full});
    self.out.print_json(made);
  } else {
    print_task(self.out, x, *found, *full);
  }
  return {};
}

result<void> show(program& self, const show_options& given) {
  const auto place = needed_store(given.store);
  if (!place)
    return fail(place.error());
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  auto job = stored_job(*view, given.id, *place);
  if (!job)
    return fail(std::move(job.error()));
  auto report = report_on(*view, std::move(*job));
  if (!report)
    return fail(std::move(report.error()));
  const auto x =
    shown{*place, store::holder_of(*place).has_value(), std::move(*report), catalogue::of(self)};
  if (!given.task.empty())
    return show_task(self, *view, x, given);
  if (given.json) {
    self.out.print_json(to_json(x.report, x.agents, x.held, given.history));
    return {};
  }
  print_head(self.out, x);
  print_tasks(self.out, x);
  if (given.history)
    print_history(self.out, x);
  if (!finished(x.report.job.state) && !x.held)
    self.out.print("\ngo on: " + self.name + " resume " + given.id + as_option(*place) + "\n");
  return {};
}

} // namespace

action declare_show(options& to) {
  auto given = std::make_shared<show_options>();
  to.argument(given->id, "ID", "The id of the job");
  to.value(given->store, "--store", "DIR", "Where it is; default: $DAGGER_STORE");
  to.value(given->task, "--task", "T", "Only this task, with its input and output");
  to.flag(given->history, "--history", "With every event, oldest first");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) {
    const auto done = show(self, *given);
    if (done)
      return exit_code::done;
    self.out.complain(done.error());
    return code_of(done.error());
  };
}

} // namespace dagger::apps
