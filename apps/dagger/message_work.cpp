// A line per message, at once.
#include "message_work.hpp"

#include <dagger/actions/process.hpp>
#include <dagger/codec/json.hpp>

#include <unistd.h>

namespace dagger::apps {

namespace {

/// The last line of what a command has said about its failure.
std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  const auto end = text.rfind('\n');
  return end == text.npos ? text : text.substr(end + 1);
}

} // namespace

std::optional<std::string> message_work::handle(const json& event, std::uint32_t delivery) {
  const auto line = to_text(event) + "\n";
  auto failed = std::optional<std::string>{};
  if (command_.empty()) {
    out_.print(line);
    if (auto broken = out_.flush())
      failed = broken->message;
    else if (!out_.open())
      failed = "nobody reads it any more";
  } else {
    failed = run(line, event, delivery);
  }
  if (!failed)
    ++done_;
  return failed;
}

std::optional<std::string> message_work::run(const std::string& line, const json& event,
                                             std::uint32_t delivery) {
  auto what = actions::command{{"sh", "-c", command_}};
  what.input = line;
  what.environment = {{"DAGGER_CHANNEL", event.value("channel", "")},
                      {"DAGGER_POSITION", std::to_string(event.value("position", 0ull))},
                      {"DAGGER_DELIVERY", std::to_string(delivery)}};
  const auto ended = actions::run(what, stop_.get_token());
  if (!ended)
    return ended.error().message;
  out_.print(ended->output);
  out_.flush();
  write_all(STDERR_FILENO, ended->errors);
  if (ended->status == 0)
    return std::nullopt;
  const auto said = last_line(ended->errors);
  return "exit " + std::to_string(ended->status) + (said.empty() ? "" : ": " + said);
}

} // namespace dagger::apps
