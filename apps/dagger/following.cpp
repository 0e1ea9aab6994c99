// The life of a job seen from the command line.
#include "following.hpp"

#include "catalogue.hpp"
#include "ending.hpp"
#include "shapes.hpp"
#include "stepping.hpp"
#include "store_access.hpp"
#include "watching.hpp"

#include <memory>
#include <unistd.h>

namespace dagger::apps {

namespace {

using namespace std::chrono_literals;

/// How long a first commit may take before signals are heard all the same.
constexpr auto patience_with_the_disk = 10s;

engine_options engine_for(const program& self, const follow_options& how,
                          const std::shared_ptr<step_gate>& gate) {
  auto made = engine_options{};
  made.store = how.store.value_or(std::filesystem::path{});
  made.adopt = adopt::named;
  made.holder = self.name + " " + how.command;
  made.max_slots = how.max_slots;
  made.reuse_outputs = how.reuse_outputs;
  if (gate)
    made.before_attempt = [gate](const upcoming_attempt& x) { return gate->wait(x); };
  return made;
}

progress_options shown_by(const program& self, const follow_options& how) {
  return {.live = self.out.is_terminal(STDERR_FILENO) && !how.json,
          .verbose = how.verbose,
          .door = {self.name, how.id, how.store}};
}

/// Says why we stop before we do: the second signal may come any time.
void say_why(program& self, const follow_options& how, watch_end reason) {
  if (reason == watch_end::deadline)
    self.out.complain(
      {code::timeout,
       "job " + how.id + " is not finished: --timeout " + to_text(*how.timeout) + " has passed",
       {},
       how_to_go_on(self, how.id, how.store)});
  else if (reason == watch_end::left)
    self.out.note("left: job " + how.id + " is not finished, and gone");
  else
    self.out.note("interrupted: job " + how.id + " is not finished; once more ends at once\n  "
                  + how_to_go_on(self, how.id, how.store));
}

std::optional<steady_time> deadline_of(const follow_options& how) {
  if (!how.timeout)
    return std::nullopt;
  return std::chrono::steady_clock::now() + *how.timeout;
}

/// While it lives, the bell rings for every event of the engine.
class event_bell {
public:
  event_bell(engine& runs, const bell& rung, bool wanted) : runs_(runs) {
    if (wanted)
      runs.on_events([rung] { rung.ring(); });
  }
  ~event_bell() {
    runs_.on_events(nullptr);
  }
  event_bell(const event_bell&) = delete;
  event_bell& operator=(const event_bell&) = delete;

private:
  engine& runs_;
};

/// Waits for the end of the job and shows its progress.
watch_end wait_for_end(program& self, const follow_options& how, engine& runs,
                       const interrupts& signals, const start& begin,
                       std::optional<submission>& job) {
  auto shown = progress{self.out, shown_by(self, how), *runs.read()};
  const auto changed = bell{};
  const auto done = bell{};
  const auto events = event_bell{runs, changed, shown.wanted()};
  job = begin(runs);
  // Only a job that is on disk can go on later; until then neither time nor signals count.
  job->accepted().wait_for(patience_with_the_disk);
  const auto deadline = deadline_of(how);
  job->then([done](const result<job_result>&) { done.ring(); });
  const auto watched =
    watched_job{how.id, [&] { return runs.read(); }, done.descriptor(), changed.descriptor(),
                [&] {
                  changed.hush();
                  return true;
                }};
  return watch(shown, watched, signals, deadline);
}

/// Goes through the job with a person.
watch_end step_to_end(program& self, const follow_options& how, engine& runs, step_gate& gate,
                      const interrupts& signals, const start& begin,
                      std::optional<submission>& job) {
  const auto done = bell{};
  auto steps = stepping{self, how.id, runs, gate};
  job = begin(runs);
  job->then([done](const result<job_result>&) { done.ring(); });
  return steps.run(signals, done.descriptor(), deadline_of(how));
}

} // namespace

exit_code follow(program& self, const follow_options& how, const start& begin) {
  const auto signals = interrupts{};
  auto damage = std::optional<damage_watch>{};
  if (how.store)
    damage.emplace(*how.store);
  auto end = std::optional<result<ending>>{};
  const auto gate = how.step ? std::make_shared<step_gate>() : nullptr;
  {
    auto runs = engine{engine_for(self, how, gate)};
    const auto opened = opened_at_last{gate}; // before the engine waits for what stands there
    add_all_agents(self, runs);
    auto job = std::optional<submission>{};
    const auto reason = gate ? step_to_end(self, how, runs, *gate, signals, begin, job)
                             : wait_for_end(self, how, runs, signals, begin, job);
    if (reason != watch_end::ended) {
      if (const auto full = runs.full()) {
        self.out.complain(not_written(*full, how_to_go_on(self, how.id, how.store)));
        return exit_code::store;
      }
      say_why(self, how, reason);
      // The engine ends here, in order: attempts are given back.
      return reason == watch_end::deadline ? exit_code::cancelled : exit_code::interrupted;
    }
    try {
      job->get();
      end = ending_of(*runs.read(), how.id);
    } catch (const error& x) {
      self.out.complain(x);
      return runs.broken() ? exit_code::store : code_of(x);
    }
  }
  if (*end)
    return tell(self, **end, {how.store, how.json});
  self.out.complain(end->error());
  return code_of(end->error());
}

result<exit_code> follow_there(program& self, const follow_options& how, control_client& line) {
  const auto signals = interrupts{};
  const auto damage = damage_watch{*how.store};
  const auto opened = open_for_reading(*how.store);
  if (!opened)
    return fail(opened.error());
  auto shown = progress{self.out, shown_by(self, how), *(*opened)->read()};
  // Watched before it is taken up: nothing of it passes unseen.
  auto events = control_client::connect(*how.store);
  if (!events)
    return fail(std::move(events.error()));
  if (auto begun = events->ask(actors::control_watch{.job = how.id}); !begun)
    return fail(std::move(begun.error()));
  if (auto taken = line.ask(actors::control_resume{.job = how.id}); !taken)
    return fail(std::move(taken.error()));
  const auto watched = watched_job{how.id, [&] { return (*opened)->read(); }, -1,
                                   events->descriptor(), [&] { return events->take(); }};
  const auto reason = watch(shown, watched, signals, deadline_of(how));
  shown.clear();
  if (reason == watch_end::ended) {
    const auto end = ending_of(*(*opened)->read(), how.id);
    if (!end)
      return fail(end.error());
    return tell(self, *end, {how.store, how.json});
  }
  if (reason == watch_end::deadline) {
    say_why(self, how, reason);
    return exit_code::cancelled;
  }
  self.out.note(reason == watch_end::lost
                  ? "the engine that worked on job " + how.id + " has ended\n  "
                      + how_to_go_on(self, how.id, how.store)
                  : "job " + how.id + " goes on without us; follow it: " + self.name + " resume "
                      + how.id + as_option(how.store));
  return exit_code::interrupted;
}

} // namespace dagger::apps
