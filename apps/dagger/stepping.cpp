// Commands from standard input, one line each.
#include "stepping.hpp"

#include "event_lines.hpp"
#include "shapes.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/graph/words.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace dagger::apps {

namespace {

constexpr std::string_view prompt = "(step) ";

/// No command is longer.
constexpr std::size_t line_bytes = 4'096;

struct step_command {
  std::string_view name;
  std::string_view argument;
  std::string_view text;
};

// Their first letters are enough to tell them apart.
constexpr auto commands_of_step = std::array{
  step_command{"list", "", "all tasks and how they stand"},
  step_command{"run", "", "runs the task, up to the next one"},
  step_command{"skip", "", "skips the task; what needs it is skipped as well"},
  step_command{"inspect", "[TASK]", "what the task is to get; with TASK, what that one returned"},
  step_command{"outputs", "", "what all tasks have returned so far"},
  step_command{"continue", "", "runs all that is left, without a stop"},
  step_command{"quit", "", "leaves the run, which is gone then"},
  step_command{"help", "", "prints this"},
};

/// The whole name for a beginning of it; empty if there is none.
std::string meant_by(const std::string& word) {
  const auto found = std::ranges::find_if(
    commands_of_step, [&](const step_command& x) { return x.name.starts_with(word); });
  return found == commands_of_step.end() ? "" : std::string{found->name};
}

std::string unknown(const std::string& word) {
  auto names = std::vector<std::string>{};
  for (const auto& x : commands_of_step)
    names.emplace_back(x.name);
  const auto hint = did_you_mean(word, names);
  return "unknown command '" + printable(word) + "': " + (hint.empty() ? "try help" : hint);
}

/// What nobody has typed is shown as if somebody had.
std::string echoed(std::string line) {
  if (::isatty(STDIN_FILENO) == 0)
    write_all(STDERR_FILENO, printable(line) + "\n");
  return line;
}

/// What has become of tasks; that they are ready, or run, is what is asked about.
std::vector<std::string> news_of(const console& out, const plan::job_event& what,
                                 const task_names& names) {
  auto lines = std::vector<std::string>{};
  for (const auto& x : what.transitions) {
    if (x.to == task_state::ready || x.to == task_state::running)
      continue;
    auto line = "  " + printable(names.of(x.task)) + " "
              + out.styled(STDERR_FILENO, style_of(x.to), dagger::to_text(x.to));
    if (const auto why = why_of(x); !why.empty())
      line += ": " + why;
    lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace

// -- the gate -----------------------------------------------------------------

attempt_choice step_gate::wait(const upcoming_attempt& x) {
  auto guard = std::unique_lock{mutex_};
  // A run that is gone through has one attempt at a time; another one would wait for its turn.
  answered_.wait(guard, [&] { return open_ || !waiting_; });
  if (open_)
    return *open_;
  waiting_ = x;
  arrivals_.ring();
  answered_.wait(guard, [&] { return open_ || answer_; });
  waiting_.reset();
  const auto choice = answer_ ? *answer_ : *open_;
  answer_.reset();
  answered_.notify_all();
  return choice;
}

std::optional<upcoming_attempt> step_gate::waiting() const {
  auto guard = std::lock_guard{mutex_};
  return answer_ ? std::nullopt : waiting_;
}

void step_gate::answer(attempt_choice x) {
  auto guard = std::lock_guard{mutex_};
  answer_ = x;
  answered_.notify_all();
}

void step_gate::open(attempt_choice x) {
  auto guard = std::lock_guard{mutex_};
  if (!open_ || x == attempt_choice::skip)
    open_ = x;
  answered_.notify_all();
}

// -- the person ---------------------------------------------------------------

stepping::stepping(program& self, std::string id, engine& runs, step_gate& gate)
  : out_(self.out),
    id_(std::move(id)),
    runs_(runs),
    gate_(gate),
    shown_(self.out,
           {.each =
              [this](const plan::job_event& what, const task_names& names) {
                for (const auto& text : news_of(out_, what, names))
                  out_.note(text);
              },
            .door = {self.name, id_, {}}},
           *runs.read()) {}

watch_end stepping::run(const interrupts& signals, int end, std::optional<steady_time> deadline) {
  const auto at_work = wakeups{signals, end, gate_.arrivals().descriptor(), deadline, {}};
  const auto at_prompt = wakeups{signals, -1, STDIN_FILENO, deadline, {}};
  while (true) {
    switch (apps::wait(at_work)) {
    case woken_by::end:
      look();
      return watch_end::ended;
    case woken_by::signal:
      return watch_end::signal;
    case woken_by::deadline:
      return watch_end::deadline;
    default:
      break;
    }
    gate_.arrivals().hush();
    look();
    if (const auto next = gate_.waiting())
      if (const auto left = ask(*next, at_prompt))
        return *left;
  }
}

/// Until the attempt has its answer, or there will be none.
std::optional<watch_end> stepping::ask(const upcoming_attempt& next, const wakeups& what) {
  answered_ = false;
  tell_next(next);
  while (!answered_) {
    const auto read = read_line(what);
    if (!read)
      return read.error();
    auto words = std::istringstream{*read};
    auto command = std::string{};
    auto argument = std::string{};
    if (!(words >> command))
      continue;
    words >> argument;
    if (const auto left = obey(command, argument, next))
      return left;
  }
  return std::nullopt;
}

std::optional<watch_end> stepping::obey(const std::string& word, const std::string& argument,
                                        const upcoming_attempt& next) {
  const auto command = meant_by(word);
  if (command.empty())
    out_.note(unknown(word));
  else if (command != "inspect" && !argument.empty())
    out_.note(command + " takes no argument: try help");
  else if (command == "list")
    list(next);
  else if (command == "inspect" && argument.empty())
    out_.note(to_pretty_text(next.input));
  else if (command == "inspect")
    inspect(argument);
  else if (command == "outputs")
    show_outputs();
  else if (command == "help")
    help();
  else if (command == "quit")
    return watch_end::left;
  else {
    if (command == "continue")
      gate_.open(attempt_choice::run);
    gate_.answer(command == "skip" ? attempt_choice::skip : attempt_choice::run);
    answered_ = true;
  }
  return std::nullopt;
}

/// The end of the input is that of the person's interest.
stepping::line stepping::read_line(const wakeups& what) {
  write_all(STDERR_FILENO, prompt);
  while (true) {
    if (const auto end = input_.find('\n'); end != input_.npos) {
      auto read = input_.substr(0, end);
      input_.erase(0, end + 1);
      // Of a line that was too long this is the rest.
      return std::exchange(too_long_, false) ? std::string{} : echoed(std::move(read));
    }
    if (input_ended_ && !input_.empty())
      return echoed(std::exchange(input_, {}));
    if (input_ended_) {
      write_all(STDERR_FILENO, "\n");
      return tl::unexpected(watch_end::left);
    }
    if (input_.size() > line_bytes) {
      if (!std::exchange(too_long_, true))
        out_.note("a line that long is no command");
      input_.clear();
    }
    switch (apps::wait(what)) {
    case woken_by::signal:
      return tl::unexpected(watch_end::signal);
    case woken_by::deadline:
      return tl::unexpected(watch_end::deadline);
    default:
      read_some();
    }
  }
}

void stepping::read_some() {
  auto part = std::array<char, line_bytes>{};
  const auto n = ::read(STDIN_FILENO, part.data(), part.size());
  if (n > 0)
    input_.append(part.data(), static_cast<std::size_t>(n));
  else if (n == 0 || (errno != EINTR && errno != EAGAIN))
    input_ended_ = true;
}

void stepping::look() {
  shown_.look(*runs_.read(), id_);
}

/// In the words of the file.
void stepping::say(std::string_view text) {
  const auto job = plan::find_job(*runs_.read(), id_);
  const bool is_flow = job && *job && (*job)->is_flow;
  out_.note(graph::in_words_of(is_flow ? graph::file_kind::flow : graph::file_kind::job, text));
}

void stepping::tell_next(const upcoming_attempt& next) {
  auto text = "next: task '" + printable(next.task) + "' (agent " + printable(next.agent) + ")";
  if (next.attempt > 1)
    text += ", attempt " + std::to_string(next.attempt);
  say(text);
}

void stepping::help() {
  auto shown = table{};
  for (const auto& x : commands_of_step)
    shown.add(
      {"  " + std::string{x.name} + (x.argument.empty() ? "" : " ") + std::string{x.argument},
       std::string{x.text}});
  for (const auto& text : shown.lines())
    say(text);
}

std::vector<plan::task_status> stepping::tasks() const {
  const auto view = runs_.read();
  const auto job = plan::find_job(*view, id_);
  if (!job || !*job)
    return {};
  auto found = plan::tasks_of(*view, (*job)->number).value_or(std::vector<plan::task_status>{});
  std::erase_if(found, [](const plan::task_status& x) { return x.replaced; });
  return found;
}

void stepping::list(const upcoming_attempt& next) {
  auto shown = table{};
  for (const auto& x : tasks()) {
    const bool is_next = x.name == next.task;
    shown.add({is_next ? "> next" : "  " + std::string{dagger::to_text(x.state)}, printable(x.name),
               printable(x.agent)});
  }
  for (const auto& text : shown.lines())
    out_.note(text);
}

json stepping::output_of(const plan::task_status& x) const {
  const auto view = runs_.read();
  const auto job = plan::find_job(*view, id_);
  if (!job || !*job)
    return nullptr;
  return plan::load_value(*view, (*job)->number, x.number, store::slot::output, x.output)
    .value_or(json(nullptr));
}

void stepping::inspect(const std::string& name) {
  auto names = std::vector<std::string>{};
  for (const auto& x : tasks()) {
    names.push_back(x.name);
    if (x.name != name)
      continue;
    if (x.state == task_state::completed)
      return out_.note(to_pretty_text(output_of(x)));
    return out_.note(std::string{dagger::to_text(x.state)}
                     + (x.error ? ": " + printable(x.error->message) : ""));
  }
  const auto hint = did_you_mean(name, names);
  say("there is no task '" + printable(name) + "'" + (hint.empty() ? "" : ": " + hint));
}

void stepping::show_outputs() {
  auto made = json::object();
  for (const auto& x : tasks())
    if (x.state == task_state::completed)
      made[x.name] = output_of(x);
  out_.note(to_pretty_text(made));
}

} // namespace dagger::apps
