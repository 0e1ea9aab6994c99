// The life of a job seen from the command line.
#include "following.hpp"

#include "catalogue.hpp"
#include "progress.hpp"
#include "shapes.hpp"
#include "store_access.hpp"
#include "waiting.hpp"

#include <algorithm>
#include <unistd.h>

namespace dagger::apps {

namespace {

using namespace std::chrono_literals;

/// Ten times a second is as often as an eye wants it.
constexpr auto redraw_interval = 100ms;
/// How long a first commit may take before signals are heard all the same.
constexpr auto patience_with_the_disk = 10s;
/// Failed tasks that are named; `show` lists all.
constexpr std::size_t named_failures = 10;

/// What remains of a job when its engine has gone.
struct ending {
  job_state state = job_state::running;
  json outputs;
  std::vector<plan::task_status> tasks;
  std::optional<error> why;
};

engine_options engine_for(const program& self, const follow_options& how) {
  auto made = engine_options{};
  made.store = how.store.value_or(std::filesystem::path{});
  made.adopt = adopt::named;
  made.holder = self.name + " " + how.command;
  made.max_slots = how.max_slots;
  return made;
}

std::string how_to_look(const program& self, const follow_options& how) {
  if (!how.store)
    return "add --store DIR to keep its history and look at it afterwards";
  return "look at it: " + self.name + " show " + how.id + as_option(how.store);
}

std::string how_to_go_on(const program& self, const follow_options& how) {
  if (!how.store)
    return "it ran in memory and is gone; with --store DIR it could go on";
  return "go on: " + self.name + " resume " + how.id + as_option(how.store);
}

/// Says why we stop before we do: the second signal may come any time.
void say_why(program& self, const follow_options& how, woken_by reason) {
  if (reason == woken_by::deadline)
    self.out.complain(
      {code::timeout,
       "job " + how.id + " is not finished: --timeout " + to_text(*how.timeout) + " has passed",
       {},
       how_to_go_on(self, how)});
  else
    self.out.note("interrupted: job " + how.id + " is not finished; once more ends at once\n  "
                  + how_to_go_on(self, how));
}

/// Waits for the end of the job and shows its progress.
woken_by wait_for_end(program& self, const follow_options& how, engine& runs,
                      const interrupts& signals, const start& begin,
                      std::optional<submission>& job) {
  const auto live = self.out.is_terminal(STDERR_FILENO) && !how.json;
  auto shown = progress{self.out, live, how.verbose, *runs.read()};
  const auto done = bell{};
  job = begin(runs);
  // Only a job that is on disk can go on later; until then neither time nor signals count.
  job->accepted().wait_for(patience_with_the_disk);
  auto deadline = std::optional<steady_time>{};
  if (how.timeout)
    deadline = std::chrono::steady_clock::now() + *how.timeout;
  job->then([done](const result<job_result>&) { done.ring(); });
  auto interval = std::optional<std::chrono::milliseconds>{};
  if (shown.wanted())
    interval = redraw_interval;
  auto reason = woken_by::interval;
  while (reason == woken_by::interval) {
    reason = wait(done, signals, deadline, interval);
    if (shown.wanted())
      shown.look(*runs.read(), how.id);
  }
  return reason;
}

ending ending_of(const job_result& job) {
  auto made = ending{job.state(), nullptr, job.tasks(), job.failure()};
  if (job.completed())
    made.outputs = job.outputs();
  return made;
}

std::string failed_tasks(const ending& end) {
  auto text = std::string{};
  auto left = std::size_t{0};
  auto named = std::size_t{0};
  for (const auto& x : end.tasks) {
    if (x.state != task_state::failed || x.optional)
      continue;
    if (named++ == named_failures)
      left = 1;
    else if (left > 0)
      ++left;
    else
      text += "\n  task '" + printable(x.name) + "' (agent " + printable(x.agent)
            + "): " + (x.error ? x.error->code + ": " + printable(x.error->message) : "failed");
  }
  if (left > 0)
    text += "\n  and " + std::to_string(left) + " more";
  return text;
}

void print(program& self, const follow_options& how, const ending& end) {
  if (how.json) {
    auto tasks = json::object();
    for (const auto& x : end.tasks)
      tasks[x.name] = brief(x);
    auto made = json{{"id", how.id},
                     {"state", dagger::to_text(end.state)},
                     {"outputs", end.outputs},
                     {"tasks", std::move(tasks)}};
    if (end.why)
      made["error"] = to_json(*end.why);
    self.out.print_json(made);
  } else if (end.state == job_state::completed) {
    self.out.print_json(end.outputs);
  }
  if (end.state == job_state::completed)
    return;
  self.out.complain(
    {end.why ? end.why->code : std::string{code::cancelled},
     "job " + how.id + " " + std::string{dagger::to_text(end.state)} + failed_tasks(end),
     {},
     how_to_look(self, how)});
}

} // namespace

exit_code follow(program& self, const follow_options& how, const start& begin) {
  const auto signals = interrupts{};
  auto damage = std::optional<damage_watch>{};
  if (how.store)
    damage.emplace(*how.store);
  auto end = ending{};
  {
    auto runs = engine{engine_for(self, how)};
    add_all_agents(self, runs);
    auto job = std::optional<submission>{};
    const auto reason = wait_for_end(self, how, runs, signals, begin, job);
    if (reason != woken_by::bell) {
      say_why(self, how, reason);
      // The engine ends here, in order: attempts are given back.
      return reason == woken_by::deadline ? exit_code::cancelled : exit_code::interrupted;
    }
    try {
      end = ending_of(job->get());
    } catch (const error& x) {
      self.out.complain(x);
      return runs.broken() ? exit_code::store : code_of(x);
    }
  }
  print(self, how, end);
  return code_of(end.state);
}

} // namespace dagger::apps
