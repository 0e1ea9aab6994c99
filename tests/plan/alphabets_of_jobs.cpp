// Alphabets about jobs that know of each other, tasks that are expected, and limits.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

namespace {

std::function<bool(const started&)> of_job(std::string id) {
  return [id = std::move(id)](const started& s) { return s.job_id == id; };
}

plan::report waiting_for(condition c) {
  auto wait = plan::suspended{};
  wait.any_of = {std::move(c)};
  auto r = plan::report{};
  r.outcome = wait;
  return r;
}

symbol waits_for_jobs(std::string name, std::string who, std::vector<std::string> ids,
                      wait_mode mode) {
  return reports(std::move(name), of_job(std::move(who)),
                 [=](const started&) { return waiting_for(condition::of_jobs(ids, mode)); });
}

/// A planning agent that adds what is missing.
symbol adds_what_is_missing() {
  return reports("what is missing is added", of_agent("p"), [](const started&) {
    auto r = plan::report{};
    r.added = {task_of("figures", "a")};
    r.outcome = done();
    return r;
  });
}

} // namespace

alphabet other_jobs() {
  auto a = alphabet{.name = "other jobs", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 3, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"})}));
    w.submit(job_of("k", {task_of("x", "a")}));
    w.submit(job_of("l", {task_of("x", "a")}));
  };
  a.symbols = {
    waits_for_jobs("j waits for k and l", "j", {"k", "l"}, wait_mode::all),
    waits_for_jobs("k waits for any of l and m", "k", {"l", "m"}, wait_mode::any),
    waits_for_jobs("l waits for j", "l", {"j"}, wait_mode::all_or_failure),
    reports("submits m and waits for it", anyone,
            [](const started&) {
              auto r = waiting_for(condition::of_jobs({"m"}));
              r.jobs = {job_to_submit("m")};
              return r;
            }),
    reports("completed", anyone, done()),
    either(reports("failed", of_job("l"), failing("exception")),
           reports("newest failed", of_job("m"), failing("exception"))),
    either(retry("l"), crash_of(a.join)),
  };
  return a;
}

alphabet submitted_jobs() {
  auto a = alphabet{.name = "jobs submitted by outcomes", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) { w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a")})); };
  const auto submits = [](std::string name, std::vector<plan::submitted> jobs) {
    return reports(std::move(name), anyone, [jobs](const started& s) {
      auto r = plan::report{};
      r.jobs = jobs;
      for (auto& one : r.jobs)
        if (one.spec->id == "below ") { // a job for each that asks
          auto spec = std::make_shared<plan::job_spec>(*one.spec);
          spec->id = "below-" + s.job_id;
          one.hash = plan::hash_of(*spec);
          one.spec = std::move(spec);
        }
      r.outcome = done();
      return r;
    });
  };
  auto other = job_to_submit("j");
  other.hash = "another one";
  auto unknown = job_to_submit("unknown");
  {
    auto spec = std::make_shared<plan::job_spec>(*unknown.spec);
    spec->tasks[0].agent = "nobody";
    unknown.spec = std::move(spec);
  }
  a.symbols = {
    submits("submits one below", {job_to_submit("below ")}),
    submits("submits one that is left", {job_to_submit("left", on_parent_end::leave)}),
    submits("submits one with an id in use", {job_to_submit("fine"), other}),
    submits("submits one of nobody", {job_to_submit("good"), unknown}),
    cancel("j"),
    reports("completed", anyone, done()),
    crash_of(a.join),
  };
  return a;
}

alphabet stalls(stall_action action) {
  auto a = alphabet{.name = "expected tasks and stalls", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}});
    w.join({.agent = "p", .retry = {}, .timeout = {}});
  };
  a.begin = [=](planner_world& w) {
    auto spec = job_of("j", {task_of("x", "a"), task_of("y", "a"), task_of("z", "a", {"y"})});
    spec.stall_action = action;
    spec.planning_agent = "p";
    w.submit(spec);
  };
  a.symbols = {
    reports("waits for figures", of_agent("a"),
            [](const started&) { return waiting_for(condition::of_expected({"figures"})); }),
    reports("waits for tables and figures, or a moment", of_agent("a"),
            [](const started& s) {
              auto r = waiting_for(condition::of_expected({"tables", "figures"}, wait_mode::all));
              if (s.id.visit == 1)
                std::get<plan::suspended>(r.outcome).any_of.push_back(condition::time(20ms));
              return r;
            }),
    either(adds_what_is_missing(), reports("figures are added, after y", of_agent("a"),
                                           [](const started&) {
                                             auto r = plan::report{};
                                             r.added = {task_of("figures", "a", {"y"})};
                                             r.outcome = done();
                                             return r;
                                           })),
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    tick(),
    either(retry("j"), crash_of(a.join)),
  };
  return a;
}

alphabet unseen_stalls(stall_action action) {
  auto a = alphabet{.name = "stalls of a job that nobody works on", .join = {}, .symbols = {}};
  a.options.scope = plan::scope::named;
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [=](planner_world& w) {
    auto spec = job_of("j", {task_of("x", "a"), task_of("y", "a")});
    spec.stall_action = action;
    spec.planning_agent = "a";
    w.submit(spec);
  };
  a.symbols = {
    reports("waits for figures", anyone,
            [](const started&) { return waiting_for(condition::of_expected({"figures"})); }),
    reports("to be reviewed", anyone, plan::in_review{.output = text_payload("1")}),
    {"accept",
     [](planner_world& w) {
       w.apply(
         plan::review_decided{.job = "j", .task = "y", .accepted = true, .client = w.someone()});
       return true;
     }},
    {"resume",
     [](planner_world& w) {
       w.resume("j");
       return true;
     }},
    reports("completed", anyone, done()),
    crash_of(a.join),
  };
  return a;
}

alphabet limited() {
  auto a = alphabet{.name = "limits of a job", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join(
      {.agent = "a", .slots = 3, .retry = {.max_attempts = 2, .initial = 90ms}, .timeout = {}});
  };
  a.begin = [](planner_world& w) {
    auto spec = job_of("j", {task_of("x", "a"), task_of("y", "a"), task_of("z", "a", {"y"})});
    spec.limits = {.tasks = 5, .depth = 2, .running = 1, .deadline = 100ms};
    w.submit(spec);
    w.submit(job_of("k", {task_of("x", "a"), task_of("y", "a")}));
  };
  a.symbols = {
    reports("adds two", of_job("j"),
            [](const started&) {
              auto r = plan::report{};
              r.added = {task_of("", "a"), task_of("", "a")};
              r.outcome = done();
              return r;
            }),
    reports("adds one and waits for it", of_job("j"),
            [](const started&) {
              auto r = waiting_for(condition::all({task_ref::nth(0)}));
              r.added = {task_of("", "a")};
              return r;
            }),
    reports("completed", anyone, done()),
    reports("failed", of_job("j"), failing("exception")),
    either(retry("j"), cancel("j")),
    tick(),
    crash_of(a.join),
  };
  return a;
}

} // namespace dagger::test
