// The program that the kill test kills: it works on a fixed set of jobs in one store and
// writes what it does to a ledger outside of it, a line per fact, before or after the fact
// as the word says. Ends with 0 when all jobs have ended as they must.
#include <dagger/dagger.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace dagger;
using namespace std::chrono_literals;

constexpr auto job_count = 24;

int ledger = -1;

/// One write, so that a kill leaves whole lines.
void note(const std::string& line) {
  auto text = line + "\n";
  if (::write(ledger, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    std::abort();
}

void note_start(task& self) {
  note("start " + self.job_id() + " " + self.name() + " " + std::to_string(self.visit()) + " "
       + std::to_string(self.attempt()));
}

outcome work(task& self, const json& in) {
  note_start(self);
  if (in.contains("fails") && self.attempt() <= in["fails"])
    return failure{.code = "kill.planned", .message = "fails on purpose"};
  return json{{"n", in.value("n", 1)}};
}

/// Adds four children, waits for them, then for a moment, then joins.
outcome parent(task& self, const json&) {
  note_start(self);
  if (self.first_visit()) {
    auto children = std::vector<task_options>{};
    for (auto i = 0; i < 4; ++i)
      children.push_back({.agent = "work", .input = {{"n", i}}});
    return self.wait(condition::all(self.add_tasks(std::move(children))));
  }
  if (self.visit() == 2)
    return self.wait(condition::time(20ms));
  auto sum = 0;
  for (auto& d : self.dependencies())
    sum += d.output["n"].get<int>();
  return json{{"sum", sum}};
}

void add_agents(engine& e) {
  e.add({.name = "work",
         .concurrency = 4,
         .retry = {.max_attempts = 3, .initial = 5ms},
         .max_interruptions = 1'000'000, // it is we who kill, not the task
         .run = work});
  e.add({.name = "parent", .concurrency = 2, .max_interruptions = 1'000'000, .run = parent});
  e.add({.name = "once", .concurrency = 2, .at_most_once = true, .run = work});
}

job make(int n) {
  auto made = job{"kill-" + std::to_string(n)};
  auto first = made.add({.name = "first", .agent = "work", .input = {{"fails", n % 3}}});
  auto grow = made.add({.name = "grow", .agent = "parent", .after = {first}});
  made.add({.name = "once", .agent = "once", .after = {first}, .optional = true});
  made.add({.name = "last", .agent = "work", .after = {grow}});
  return made;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  ledger = ::open(argv[2], O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (ledger < 0)
    return 2;
  engine e{{.store = argv[1]}};
  add_agents(e);
  auto running = std::vector<submission>{};
  for (auto n = 0; n < job_count; ++n) {
    running.push_back(e.submit(make(n)));
    running.back().accepted().get();
    note("accepted " + running.back().id());
  }
  for (auto& x : running) {
    auto end = x.get();
    note("ended " + end.id() + " " + std::string{to_text(end.state())} + " "
         + std::to_string(end["grow"]["sum"].get<int>()));
  }
  return 0;
}
