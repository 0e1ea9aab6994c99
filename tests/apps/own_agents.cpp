// A program with agents that misbehave, as users' programs may; started by the tests of the
// command.
#include <dagger/dagger.hpp>

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <stdexcept>
#include <string>
#include <unistd.h>

namespace {

using dagger::json;

/// Waits for something that never comes, deaf to its stop token.
dagger::outcome hang(dagger::task&, const json&) {
  auto mutex = std::mutex{};
  auto never = std::condition_variable{};
  auto guard = std::unique_lock{mutex};
  never.wait(guard, [] { return false; });
  return json{};
}

/// Kills its process as long as the file is not there, and makes it before.
dagger::outcome crash_once(dagger::task&, const json& input) {
  const auto file = input["file"].get<std::string>();
  if (!std::ifstream{file}.good()) {
    std::ofstream{file} << "was here\n";
    ::kill(::getpid(), SIGKILL);
  }
  return json{{"survived", true}};
}

/// Reads where nothing is.
dagger::outcome segfault(dagger::task&, const json&) {
  ::raise(SIGSEGV);
  return json{};
}

/// Says whether two of its kind were at work at the same time; waits for the other one a while.
dagger::outcome together(dagger::task&, const json&) {
  static auto mutex = std::mutex{};
  static auto changed = std::condition_variable{};
  static auto at_work = 0;
  static auto met = false;
  static auto one_has_left = false;
  auto guard = std::unique_lock{mutex};
  if (++at_work == 2)
    met = true;
  changed.notify_all();
  changed.wait_for(guard, std::chrono::seconds{2}, [] { return met || one_has_left; });
  one_has_left = true;
  --at_work;
  return json{{"met", met}};
}

dagger::outcome throws(dagger::task&, const json&) {
  throw std::runtime_error{"thrown on purpose"};
}

dagger::outcome enormous(dagger::task&, const json&) {
  return json{{"text", std::string(std::size_t{65} << 20, 'x')}};
}

dagger::outcome family(dagger::task& self, const json&) {
  if (!self.first_visit())
    return json{{"children", self.dependencies().size()}};
  auto children =
    self.add_tasks({{.name = "older", .agent = "set"}, {.name = "younger", .agent = "set"}});
  return self.wait(std::move(children));
}

/// Submits a job that goes on when this one has ended.
dagger::outcome submits(dagger::task& self, const json& input) {
  auto below = dagger::job{input["id"].get<std::string>()};
  below.add({.name = "only", .agent = "set", .input = {{"x", 1}}});
  self.submit(below, dagger::on_parent_end::leave);
  return json{};
}

/// Waits for the signal `go`; then works until somebody writes into the FIFO.
dagger::outcome goes(dagger::task& self, const json& input) {
  if (self.first_visit())
    return self.wait(dagger::condition::signal("go"));
  auto text = std::string{};
  std::getline(std::ifstream{input["fifo"].get<std::string>()}, text);
  return json{{"answer", self.answer()}};
}

/// Waits for the signal `approve`, for a day at most.
dagger::outcome asks(dagger::task& self, const json&) {
  if (!self.first_visit())
    return json{{"answer", self.answer()}, {"late", self.deadline_passed()}};
  const auto schema = json{{"type", "object"}, {"required", {"by"}}};
  return self.wait(dagger::condition::signal("approve", schema),
                   {.deadline = std::chrono::hours{24}});
}

/// Writes a draft and has it reviewed; what was said of the last one stands in it.
dagger::outcome drafts(dagger::task& self, const json&) {
  return self.review({{"visit", self.visit()}, {"feedback", self.feedback()}});
}

/// Works until it is told to stop.
dagger::outcome patient(dagger::task& self, const json&) {
  auto mutex = std::mutex{};
  auto changed = std::condition_variable_any{};
  auto guard = std::unique_lock{mutex};
  changed.wait(guard, self.stop_token(), [] { return false; });
  return dagger::failure{.code = "own.stopped", .message = "told to stop"};
}

/// Works until somebody writes into the FIFO.
dagger::outcome reads(dagger::task&, const json& input) {
  auto text = std::string{};
  std::getline(std::ifstream{input["fifo"].get<std::string>()}, text);
  return json{{"text", text}};
}

/// Leaves a line in the ledger, then fails as long as the file is not there.
dagger::outcome needs_file(dagger::task& self, const json& input) {
  if (input.contains("ledger"))
    std::ofstream{input["ledger"].get<std::string>(), std::ios::app} << self.name() << "\n";
  if (input.contains("file") && !std::ifstream{input["file"].get<std::string>()}.good())
    return dagger::failure{.code = "own.missing", .message = "no file", .retryable = false};
  return json{{"done", true}};
}

/// Emits, waits for the signal `more`, emits.
dagger::outcome talks(dagger::task& self, const json&) {
  self.emit({{"visit", self.visit()}, {"word", "one"}});
  self.emit({{"visit", self.visit()}, {"word", "two"}});
  if (self.first_visit())
    return self.wait(dagger::condition::signal("more"));
  return json{{"answer", self.answer()}};
}

/// Adds as many tasks as it is told to.
dagger::outcome adds(dagger::task& self, const json& input) {
  for (auto i = 0; i < input["count"].get<int>(); ++i)
    self.add_task({.agent = "set"});
  return json{};
}

/// Waits for a task of its job.
dagger::outcome awaits(dagger::task& self, const json& input) {
  if (!self.first_visit())
    return json{};
  return self.wait(dagger::task_ref{input["task"].get<std::string>()});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({.name = "hang", .grace = std::chrono::milliseconds{10}, .run = hang});
    engine.add({.name = "deaf", .run = hang});
    engine.add({.name = "crash_once", .run = crash_once});
    engine.add({.name = "segfault", .run = segfault});
    engine.add({.name = "together", .concurrency = 4, .run = together});
    engine.add({.name = "throws", .run = throws});
    engine.add({.name = "enormous", .run = enormous});
    engine.add({.name = "family", .run = family});
    engine.add({.name = "submits", .run = submits});
    engine.add({.name = "goes", .run = goes});
    engine.add({.name = "asks", .run = asks});
    engine.add({.name = "drafts", .run = drafts});
    engine.add({.name = "patient", .run = patient});
    engine.add({.name = "reads", .run = reads});
    engine.add({.name = "needs_file", .run = needs_file});
    engine.add({.name = "talks", .run = talks});
    engine.add({.name = "adds", .run = adds});
    engine.add({.name = "awaits", .run = awaits});
  });
}
