// The agent `shell`.
#include <dagger/actions/shell.hpp>

#include <dagger/actions/process.hpp>
#include <dagger/codec/shell_text.hpp>
#include <dagger/codec/utf8.hpp>

#include <algorithm>
#include <cstring>

namespace dagger::actions {

namespace {

/// What of standard error stands in the message of a failure.
constexpr auto shown_lines = 20;
constexpr auto shown_bytes = std::size_t{2'000};

/// Between SIGTERM and SIGKILL; then there is time for the report before the agent's grace ends.
constexpr auto script_grace = duration{limits::grace} * 3 / 5;

/// Dash has had no pipefail for long.
bool has_pipefail() {
  static const auto has = [] {
    auto probe = run({.words = {"sh", "-c", "set -o pipefail"}}, {});
    return probe && probe->status == 0;
  }();
  return has;
}

std::vector<std::string> words_for(std::string script) {
  auto words = std::vector<std::string>{"sh", "-eu"};
  if (has_pipefail())
    words.insert(words.end(), {"-o", "pipefail"});
  words.insert(words.end(), {"-c", std::move(script)});
  return words;
}

std::string last_lines(std::string_view text) {
  while (text.ends_with('\n'))
    text.remove_suffix(1);
  auto from = text.size();
  for (auto n = 0; n < shown_lines && from != 0; ++n) {
    auto newline = text.rfind('\n', from - 1);
    from = newline == std::string_view::npos ? 0 : newline;
  }
  from = std::max(from, text.size() - std::min(text.size(), shown_bytes));
  auto shown = text.substr(from);
  return to_valid_utf8(shown.starts_with('\n') ? shown.substr(1) : shown);
}

failure failed(const finished& end) {
  auto said = last_lines(end.errors);
  auto why = end.signal ? "the script was killed by signal " + std::to_string(end.signal) + " ("
                            + ::strsignal(end.signal) + ")"
                        : "the script ended with exit status " + std::to_string(end.status);
  return {std::string{code::exit_status}, why + (said.empty() ? "" : ":\n" + said), true, {}};
}

failure to_failure(const error& x, bool retryable) {
  return {x.code, to_string(x), retryable, {}};
}

outcome run_script(task& self, const json& input, children& notes) {
  auto script = fill_script(input["script"].get<std::string>(), input);
  if (!script)
    return to_failure(script.error(), false);
  auto noted = children::note{};
  auto what = command{.words = words_for(std::move(*script))};
  what.working_directory = self.reached(input.value("cwd", std::string{}));
  what.input = input.value("stdin", std::string{});
  if (input.contains("env"))
    what.environment = input["env"].get<std::map<std::string, std::string>>();
  what.grace = script_grace;
  what.on_start = [&](pid_t group) { noted = notes.add(group); };
  auto end = run(what, self.stop_token());
  if (!end)
    return to_failure(end.error(), end.error().code == code::unavailable);
  if (end->is_stopped)
    return failure{.code = std::string{code::cancelled}, .message = "the script was stopped"};
  if (end->is_too_large)
    return failure{.code = std::string{code::too_large},
                   .message = "the script wrote more than "
                            + std::to_string(limits::command_output_bytes >> 20)
                            + " MiB; let it write a file",
                   .retryable = false};
  if (end->status != 0)
    return failed(*end);
  return json{{"stdout", to_valid_utf8(end->output)},
              {"stderr", to_valid_utf8(end->errors)},
              {"exit_code", end->status}};
}

} // namespace

agent shell(std::shared_ptr<children> notes) {
  auto made = agent{.name = "shell", .description = "Runs a shell script", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"script"}},
                {"properties",
                 {{"script", {{"type", "string"}}},
                  {"cwd", {{"type", "string"}}},
                  {"env", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
                  {"stdin", {{"type", "string"}}}}}};
  made.output = {{"type", "object"},
                 {"required", {"stdout", "stderr", "exit_code"}},
                 {"properties",
                  {{"stdout", {{"type", "string"}}},
                   {"stderr", {{"type", "string"}}},
                   {"exit_code", {{"type", "integer"}}}}}};
  made.concurrency = 64;
  made.run = [notes = std::move(notes)](task& self, const json& input) -> outcome {
    return run_script(self, input, *notes);
  };
  return made;
}

} // namespace dagger::actions
