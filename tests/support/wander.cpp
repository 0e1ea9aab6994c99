// One long random history: everything that can happen, in any order.
#include <support/histories.hpp>
#include <support/random_specs.hpp>

#include <algorithm>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

class wanderer {
public:
  wanderer(std::uint64_t seed, const world_options& options) : roll_(seed), world_(options) {}

  walk_result run(std::uint32_t steps) {
    join_all();
    auto done = walk_result{};
    for (; done.steps < steps && world_.ok(); ++done.steps) {
      step();
      commit_some();
      if (roll_.once_in(4))
        world_.check();
      if (roll_.once_in(200))
        world_.check_at_rest();
    }
    world_.commit_all();
    world_.check_at_rest();
    world_.finish();
    done.histories = 1;
    done.problem = world_.problem();
    if (!world_.ok())
      done.problem += "\nlast steps:" + log_;
    return done;
  }

private:
  void note(const std::string& what) {
    log_ += " [" + what + "]";
    if (log_.size() > 600)
      log_.erase(0, log_.size() - 500);
  }

  void join_all() {
    for (const auto& a : agents())
      world_.join(a);
  }

  static std::vector<plan::agent_joined> agents() {
    return {{.agent = "a",
             .slots = 2,
             .retry = {.max_attempts = 3, .initial = 20ms, .max = 50ms},
             .timeout = {},
             .max_interruptions = 5},
            {.agent = "b",
             .slots = 1,
             .retry = {.max_attempts = 2, .initial = 0ms, .backoff = backoff::linear},
             .timeout = 80ms},
            {.agent = "c", .slots = 3, .retry = {}, .timeout = {}, .at_most_once = true}};
  }

  void step() {
    const auto what = roll_(140);
    if (what < 55)
      reports();
    else if (what < 67)
      time_passes();
    else if (what < 82)
      submit();
    else if (what < 86)
      resume();
    else if (what < 89)
      slots();
    else if (what < 93)
      lose();
    else if (what < 96)
      join();
    else if (what < 97)
      crash();
    else if (what < 100)
      world_.now += duration{roll_(60)};
    else if (what < 108)
      ask();
    else if (what < 112)
      retry();
    else if (what < 117)
      signal();
    else if (what < 122)
      decide();
    else if (what < 132)
      lives();
    else
      change();
  }

  /// Of a job that goes on.
  void change() {
    const auto id = some_id();
    const auto* j = world_.job(id);
    if (j == nullptr)
      return;
    note("change " + id);
    const auto name = j->tasks[roll_(static_cast<std::uint32_t>(j->tasks.size()))].name;
    const auto client = world_.someone();
    const auto what = roll_(4);
    if (what == 0)
      return world_.apply(plan::tasks_added{id, some_tasks(name), client});
    if (what == 1)
      return world_.apply(plan::task_removed{id, name, client, along(*j)});
    if (what == 2)
      return world_.apply(plan::task_enabled{
        id, name, roll_.once_in(2), client,
        roll_.once_in(3) ? text_payload(std::string(1 + roll_(200), '4')) : payload{}});
    world_.apply(plan::input_set{id, name, text_payload(std::string(1 + roll_(200), '3')), client});
  }

  /// Names of some that may go with another one.
  std::vector<std::string> along(const model::job& j) {
    auto made = std::vector<std::string>{};
    while (roll_.once_in(2))
      made.push_back(j.tasks[roll_(static_cast<std::uint32_t>(j.tasks.size()))].name);
    return made;
  }

  std::vector<plan::task_spec> some_tasks(const std::string& after) {
    auto made = std::vector{task(roll_.once_in(2) ? "" : "t" + std::to_string(roll_(9)))};
    made[0].after = {after};
    if (roll_.once_in(2)) {
      made.push_back(task(""));
      made[roll_(2)].after.push_back(task_ref::nth(roll_(2)));
    }
    return made;
  }

  /// Pause, cancel, purge.
  void ask() {
    if (world_.is_to_sweep() && roll_.once_in(2)) {
      note("sweep");
      return world_.sweep();
    }
    const auto id = some_id();
    const auto client = roll_.once_in(5) ? 0 : world_.someone();
    switch (roll_(4)) {
    case 0:
      note("pause " + id);
      return world_.apply(plan::job_paused{id, client});
    case 1:
      note("cancel " + id);
      world_.apply(plan::job_cancelled{id, client});
      if (roll_.once_in(3))
        world_.apply(plan::job_cancelled{id, client});
      return;
    case 2:
      note("sweep for nothing");
      if (!world_.is_to_sweep())
        world_.apply(plan::sweep_due{});
      return;
    default:
      note("purge " + id);
      world_.apply(plan::job_purged{id, client});
    }
  }

  void retry() {
    const auto id = some_id();
    auto x = plan::job_retried{.id = id, .client = world_.someone()};
    const auto* j = world_.job(id);
    if (j != nullptr && roll_.once_in(2)) {
      x.from = j->tasks[roll_(static_cast<std::uint32_t>(j->tasks.size()))].name;
    } else if (j != nullptr && roll_.once_in(3)) {
      auto spec = std::make_shared<plan::job_spec>(some_job(id));
      x.hash = plan::hash_of(*spec);
      x.with = std::move(spec);
    }
    note("retry " + id + (x.with ? " with another" : x.from.empty() ? "" : " from " + x.from));
    world_.apply(x);
  }

  std::string some_signal() {
    return roll_.once_in(2) ? "go" : "stop";
  }

  void signal() {
    const auto id = some_id();
    const auto name = some_signal();
    note("signal " + id + " " + name);
    world_.apply(plan::signal_received{id, name, text_payload(std::string(1 + roll_(200), '4')),
                                       !roll_.once_in(3), world_.someone()});
  }

  /// Of one in review if there is one.
  void decide() {
    auto x = plan::review_decided{.job = some_id(), .task = "t0", .client = world_.someone()};
    for (const auto& j : world_.expected().jobs())
      for (const auto& t : j.tasks)
        if (model::in_review(t) && roll_.once_in(2)) {
          x.job = j.id;
          x.task = t.name;
        }
    x.accepted = roll_.once_in(2);
    x.final = roll_.once_in(3);
    x.reason = "reason " + std::to_string(roll_(10));
    note("review of " + x.job + "/" + x.task);
    world_.apply(x);
  }

  /// A heartbeat, a step or a chunk, also of an attempt that is over.
  void lives() {
    if (world_.held().empty())
      return;
    const auto& held = world_.held();
    const auto id = held[roll_(static_cast<std::uint32_t>(held.size()))].id;
    note("signs of " + text_of(id));
    switch (roll_(4)) {
    case 0:
      return world_.apply(plan::heart_beaten{id, {}});
    case 1:
      if (roll_.once_in(3))
        world_.now += 500ms;
      return world_.apply(plan::heart_beaten{id, text_payload(std::string(1 + roll_(200), '6'))});
    case 2:
      return world_.apply(plan::step_done{id, "s" + std::to_string(roll_(3)),
                                          text_payload(std::to_string(roll_(100))),
                                          world_.someone()});
    default:
      auto chunks = std::vector<payload>{};
      for (auto n = roll_(3); n > 0; --n)
        chunks.push_back(text_payload(std::to_string(n)));
      return world_.apply(plan::chunks_emitted{id, chunks});
    }
  }

  void commit_some() {
    const auto n = static_cast<std::uint32_t>(world_.in_flight());
    world_.commit(roll_.once_in(3) ? roll_(n + 1) : n);
  }

  void crash() {
    note("crash");
    ghosts_.clear(); // nobody reports to a dead engine's heirs
    world_.crash();
    if (!roll_.once_in(4))
      join_all();
  }

  void lose() {
    const auto all = agents();
    const auto& a = all[roll_(3)];
    note("lose " + a.agent);
    world_.lose(a.agent);
    if (roll_.once_in(2))
      world_.join(a);
  }

  void join() {
    for (const auto& a : agents())
      if (!world_.is_here(a.agent)) {
        note("join " + a.agent);
        world_.join(a);
      }
  }

  void slots() {
    const auto all = agents();
    note("slots");
    world_.apply(plan::slots_changed{all[roll_(3)].agent, roll_.once_in(2) ? 1 : -1});
  }

  void time_passes() {
    const auto when = world_.expected().wake_at();
    note("time");
    if (when && !roll_.once_in(4))
      world_.time_passes_to(*when + std::chrono::milliseconds{roll_.once_in(3) ? roll_(30) : 0});
    else
      world_.time_passes_to(world_.now + duration{roll_(40)});
  }

  std::string some_id() {
    return "job-" + std::to_string(jobs_ == 0 ? 0 : roll_(jobs_));
  }

  void resume() {
    const auto id = some_id();
    note("resume " + id);
    world_.resume(id);
  }

  plan::task_spec task(std::string name) {
    return some_task_spec(roll_, std::move(name));
  }

  plan::job_spec some_job(std::string id) {
    return some_job_spec(roll_, std::move(id));
  }

  void submit() {
    if (jobs_ > 0 && roll_.once_in(6)) { // the same again, or another one of that name
      auto spec = roll_.once_in(2) ? last_ : job_of(some_id(), {task("")});
      note("again " + spec.id);
      world_.submit(std::move(spec));
      return;
    }
    auto spec = some_job("job-" + std::to_string(jobs_++));
    note("submit " + spec.id);
    last_ = spec;
    world_.submit(std::move(spec));
  }

  /// A task of the reporter's job, or one that is being added.
  task_ref some_task(const started& s, std::size_t added) {
    if (added > 0 && roll_.once_in(2))
      return task_ref::nth(roll_(static_cast<std::uint32_t>(added)));
    const auto& tasks = world_.expected().jobs()[s.id.job - 1].tasks;
    if (tasks.empty()) // it was purged
      return task_ref{"t0"};
    return task_ref{tasks[roll_(static_cast<std::uint32_t>(tasks.size()))].name};
  }

  condition some_condition(const started& s, std::size_t added) {
    switch (roll_(12)) {
    case 0:
      return condition::time(duration{roll_(50)});
    case 1:
      return condition::time(world_.now + duration{roll_(50)});
    case 2:
      return condition::signal(some_signal());
    case 3: {
      auto ids = std::vector<std::string>{some_id()};
      if (roll_.once_in(2))
        ids.push_back(some_id());
      return condition::of_jobs(std::move(ids), static_cast<wait_mode>(roll_(3)));
    }
    case 4: {
      auto names = std::vector<std::string>{"t" + std::to_string(roll_(9))};
      if (roll_.once_in(2))
        names.push_back("t" + std::to_string(roll_(9)));
      return condition::of_expected(std::move(names), static_cast<wait_mode>(roll_(3)));
    }
    default:
      break;
    }
    auto tasks = std::vector<task_ref>{};
    for (auto n = roll_(4); n > 0; --n)
      tasks.push_back(some_task(s, added));
    return {.mode = static_cast<wait_mode>(roll_(3)), .tasks = tasks};
  }

  plan::suspended some_wait(const started& s, std::size_t added) {
    auto wait = plan::suspended{};
    for (auto n = 1 + roll_(2); n > 0; --n)
      wait.any_of.push_back(some_condition(s, added));
    if (roll_.once_in(2))
      wait.state = text_payload(std::to_string(roll_(1000)));
    if (roll_.once_in(3))
      wait.deadline = duration{roll_(60)};
    wait.on_deadline = roll_.once_in(2) ? on_deadline::wake : on_deadline::fail;
    if (roll_.once_in(4))
      wait.default_answer = text_payload(std::string(1 + roll_(200), '2'));
    return wait;
  }

  plan::in_review some_review() {
    auto review = plan::in_review{};
    review.output = text_payload(std::string(1 + roll_(300), '9'));
    if (roll_.once_in(2))
      review.state = text_payload(std::to_string(roll_(1000)));
    if (roll_.once_in(3))
      review.deadline = duration{roll_(60)};
    review.on_deadline = roll_.once_in(2) ? on_deadline::wake : on_deadline::fail;
    return review;
  }

  plan::submitted some_submit() {
    auto spec = std::make_shared<plan::job_spec>(
      roll_.once_in(4) ? last_ : some_job("job-" + std::to_string(jobs_++)));
    auto hash = plan::hash_of(*spec);
    return {std::move(spec), std::move(hash),
            roll_.once_in(2) ? on_parent_end::cancel : on_parent_end::leave};
  }

  decltype(plan::report::outcome) some_end() {
    switch (roll_(3)) {
    case 0:
      return plan::completed{text_payload("1")};
    case 1:
      return plan::given_back{};
    default:
      return plan::abandoned{};
    }
  }

  plan::report some_report(const started& s) {
    static const auto codes = std::array{"exception", "unavailable", "x.abort", "payment.declined"};
    auto r = plan::report{};
    const auto what = roll_(20);
    const auto& tasks = world_.expected().jobs()[s.id.job - 1].tasks;
    if (what >= 10 && tasks.size() < 30 && roll_.once_in(2)) {
      for (auto n = roll_(3); n > 0; --n) {
        r.added.push_back(task(roll_.once_in(4) ? "t" + std::to_string(roll_(9)) : ""));
        if (roll_.once_in(3))
          r.added.back().after.push_back(some_task(s, r.added.size() - 1));
      }
      if (roll_.once_in(4))
        r.dependencies.push_back({some_task(s, r.added.size()), some_task(s, r.added.size())});
    }
    if (what >= 10 && roll_.once_in(8) && !last_.id.empty())
      r.jobs.push_back(some_submit());
    if (roll_.once_in(4))
      r.summary = "summary " + std::to_string(roll_(100));
    if (what < 5)
      r.outcome =
        plan::failed{.why = {.code = codes[roll_(4)],
                             .message = "no",
                             .retryable = !roll_.once_in(5),
                             .retry_after = roll_.once_in(6) ? std::optional{duration{roll_(50)}}
                                                             : std::nullopt},
                     .feedback = roll_.once_in(3) ? text_payload("[1]") : payload{}};
    else if (what < 6)
      r.outcome = plan::skipped{"nothing to do"};
    else if (what < 7)
      r.outcome = plan::given_back{};
    else if (what < 14)
      r.outcome = some_wait(s, r.added.size());
    else if (what < 15)
      r.outcome = some_review();
    else
      r.outcome = plan::completed{text_payload(std::string(1 + roll_(300), '8')),
                                  roll_.once_in(8) ? "of an equal call" : ""};
    if (roll_.once_in(3))
      r.keep = some_kept_output();
    if (auto* end = std::get_if<plan::completed>(&r.outcome);
        end && (r.keep || !end->cached.empty()))
      end->place = r.keep ? r.keep->place : some_kept_output().place;
    return r;
  }

  /// Few places, and times that end while others are written.
  plan::kept_output some_kept_output() {
    auto made = plan::kept_output{.place = digest128(std::to_string(roll_(40))),
                                  .call = {1, roll_(9)},
                                  .keep = duration{roll_(500)}};
    for (auto n = roll_(3); n > 0; --n)
      made.files.push_back(
        {.path = "f" + std::to_string(n), .size = roll_(9), .modified = roll_(9)});
    if (roll_.once_in(2) && !made.files.empty())
      made.files[0].content = digest128("x");
    return made;
  }

  void reports() {
    const auto& held = world_.held();
    if (!ghosts_.empty() && roll_.once_in(20)) { // once more, long after it was over
      const auto ghost = ghosts_[roll_(static_cast<std::uint32_t>(ghosts_.size()))];
      note("ghost " + ghost.job_id + "/" + ghost.task);
      world_.report(ghost, some_end());
    }
    if (held.empty())
      return;
    const auto h = started{held[roll_(static_cast<std::uint32_t>(held.size()))]};
    if (h.abandoned)
      return;
    note("report " + h.job_id + "/" + h.task);
    if (roll_.once_in(10))
      ghosts_.push_back(h);
    if (h.stopped && roll_.once_in(3))
      world_.report(h, plan::abandoned{});
    else
      world_.report(h, some_report(h));
  }

  dice roll_;
  planner_world world_;
  std::uint32_t jobs_ = 0;
  plan::job_spec last_;
  std::vector<started> ghosts_;
  std::string log_;
};

} // namespace

walk_result wander(std::uint64_t seed, std::uint32_t steps, world_options options) {
  if (seed % 3 == 0) // some forget what is finished
    options.retention = 200ms;
  if (seed % 5 != 0) // in the others, jobs have only what they say
    options.pool = {{"gpu", 2}, {"disk", 1}};
  // One by one, a job that another one needs is read before its turn, and has its turn earlier.
  options.tasks_at_once = 256;
  return wanderer{seed, options}.run(steps);
}

} // namespace dagger::test
