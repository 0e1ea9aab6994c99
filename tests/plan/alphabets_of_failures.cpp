// Alphabets about what follows from failures: who runs after them, stops, pauses, what is undone;
// and about what tasks share.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

namespace {

plan::task_spec runs_if(run_if how, plan::task_spec task) {
  task.run_if = how;
  return task;
}

plan::task_spec undone_by(std::string agent, plan::task_spec task) {
  task.compensate = std::move(agent);
  return task;
}

plan::task_spec taking(resources what, plan::task_spec task) {
  task.resources = std::move(what);
  return task;
}

/// Two children, then waits for both.
symbol adds_two_and_waits(std::string name, std::function<bool(const started&)> who) {
  return reports(std::move(name), std::move(who), [](const started& s) {
    auto r = plan::report{};
    r.added = {task_of("", "a"), task_of("", "a")};
    auto wait = plan::suspended{};
    wait.any_of = {condition::all({task_ref::nth(0), task_ref::nth(1)})};
    wait.state = text_payload(std::to_string(s.id.visit));
    r.outcome = wait;
    return r;
  });
}

symbol resume(std::string id) {
  return {"resume " + id, [id](planner_world& w) {
            const auto* j = w.job(id);
            if (j == nullptr || j->state != job_state::paused)
              return false;
            w.resume(id);
            return true;
          }};
}

} // namespace

alphabet run_ifs() {
  auto a = alphabet{.name = "run if", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a"),
                          runs_if(run_if::all_done, task_of("done", "a", {"x", "y"})),
                          runs_if(run_if::one_success, task_of("success", "a", {"x", "y"})),
                          runs_if(run_if::one_failed, task_of("failure", "a", {"y", "x"})),
                          runs_if(run_if::none_failed, task_of("none", "a", {"x", "y"})),
                          task_of("last", "a", {"success", "failure"})}));
  };
  a.symbols = {
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    reports("skipped", anyone, plan::skipped{"not now"}),
    adds_two_and_waits("adds two and waits", anyone),
    either(retry("j"), cancel("j")),
    crash_of(a.join),
  };
  return a;
}

alphabet stops() {
  auto a = alphabet{.name = "a failure stops the job", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join(
      {.agent = "a", .slots = 2, .retry = {.max_attempts = 2, .initial = 40ms}, .timeout = 90ms});
  };
  a.begin = [](planner_world& w) {
    auto maybe = task_of("maybe", "a");
    maybe.optional = true;
    auto alone = task_of("alone", "a");
    alone.on_failure = on_failure::carry_on;
    auto spec = job_of("j", {task_of("x", "a"), maybe, alone, task_of("y", "a", {"x"}),
                             runs_if(run_if::one_failed, task_of("tidy", "a", {"x", "alone"})),
                             runs_if(run_if::all_done, task_of("tell", "a", {"y", "tidy"}))});
    spec.on_failure = on_failure::stop;
    w.submit(spec);
  };
  a.symbols = {
    reports("completed", anyone, done()),
    reports(
      "failed for good", anyone,
      plan::failed{.why = {.code = "x.no", .message = "", .retryable = false}, .feedback = {}}),
    reports("failed", anyone, failing("exception")),
    adds_two_and_waits("adds two and waits", anyone),
    tick(),
    either(retry("j"), cancel("j")),
    crash_of(a.join),
  };
  return a;
}

alphabet pauses_after_failures() {
  auto a = alphabet{.name = "a failure pauses the job", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}, .at_most_once = true});
  };
  a.begin = [](planner_world& w) {
    auto stopping = task_of("stopping", "a");
    stopping.on_failure = on_failure::stop;
    auto spec = job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"}), stopping,
                             runs_if(run_if::all_done, task_of("tell", "a", {"x", "y"}))});
    spec.on_failure = on_failure::pause;
    spec.limits.deadline = 300ms;
    w.submit(spec);
  };
  a.symbols = {
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    adds_two_and_waits("adds two and waits", anyone),
    resume("j"),
    either(retry("j"), cancel("j")),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet shares() {
  auto a = alphabet{.name = "shares", .join = {}, .symbols = {}};
  a.options.pool = {{"gpu", 2}, {"disk", 1}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a", .slots = 3, .retry = {}, .timeout = 70ms});
    w.join({.agent = "b", .slots = 2, .retry = {}, .timeout = {}});
  };
  a.begin = [](planner_world& w) {
    auto parent = task_of("parent", "b");
    parent.max_children = 1;
    w.submit(job_of("j", {taking({{"gpu", 1}}, task_of("one", "a")),
                          taking({{"gpu", 2}}, task_of("two", "a")), parent,
                          taking({{"disk", 1}}, task_of("disk", "b"))}));
    auto spec = job_of("k", {taking({{"gpu", 1}}, task_of("x", "a")),
                             taking({{"gpu", 1}, {"disk", 1}}, task_of("y", "b")),
                             taking({{"gpu", 1}}, task_of("z", "a"))});
    spec.resources = {{"gpu", 1}};
    w.submit(spec);
    w.submit(job_of("l", {task_of("free", "a"), task_of("more", "a", {"free"})}));
  };
  a.symbols = {
    reports("a completes", of_agent("a"), done()),
    reports("b completes", of_agent("b"), done()),
    adds_two_and_waits("adds two and waits", [](const started& s) { return s.task == "parent"; }),
    reports("is given back, or gives up", anyone,
            [](const started& s) {
              auto r = plan::report{};
              r.outcome = plan::given_back{};
              if (s.stopped)
                r.outcome = plan::abandoned{};
              return r;
            }),
    reports("takes more than there is", of_agent("a"),
            [](const started&) {
              auto r = plan::report{};
              r.added = {taking({{"gpu", 3}}, task_of("", "a"))};
              r.outcome = done();
              return r;
            }),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet undoings() {
  auto a = alphabet{.name = "what was done is undone", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = 80ms});
    w.join({.agent = "u", .slots = 2, .retry = {}, .timeout = {}});
  };
  a.begin = [](planner_world& w) {
    auto spec =
      job_of("j", {undone_by("u", task_of("x", "a")), undone_by("u", task_of("y", "a", {"x"})),
                   task_of("z", "a", {"y"}), task_of("beside", "a", {"y"})});
    spec.limits.deadline = 200ms;
    w.submit(spec);
    // In all histories x has completed.
    w.commit_all();
    w.report(*w.holding(), done());
    w.commit_all();
  };
  a.symbols = {
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    reports("adds one that can be undone and waits for it", anyone,
            [](const started&) {
              auto r = plan::report{};
              r.added = {undone_by("u", task_of("", "a"))};
              auto wait = plan::suspended{};
              wait.any_of = {condition::all({task_ref::nth(0)})};
              r.outcome = wait;
              return r;
            }),
    cancel("j"),
    {"retry, from y every other time",
     [](planner_world& w) {
       const auto* j = w.job("j");
       if (j == nullptr || !finished(j->state))
         return false;
       w.apply(plan::job_retried{
         .id = "j", .from = j->tasks.size() % 2 == 0 ? "" : "y", .client = w.someone()});
       return true;
     }},
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet changes() {
  auto a = alphabet{.name = "changes from outside", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"}), task_of("z", "a", {"y"}),
                          task_of("u", "a")}));
  };
  a.symbols = {
    {"two are added",
     [](planner_world& w) {
       w.apply(plan::tasks_added{
         "j", {task_of("", "a", {"y", task_ref::nth(1)}), task_of("", "a")}, w.someone()});
       return true;
     }},
    {"z is removed, or u, or y with z",
     [](planner_world& w) {
       const auto* j = w.job("j");
       if (j->tasks[1].disabled)
         w.apply(plan::task_removed{"j", "y", w.someone(), {"z", "z"}});
       w.apply(plan::task_removed{"j", j->tasks[2].replaced ? "u" : "z", w.someone()});
       return true;
     }},
    {"y is disabled, or enabled",
     [](planner_world& w) {
       w.apply(plan::task_enabled{"j", "y", w.job("j")->tasks[1].disabled, w.someone()});
       return true;
     }},
    {"u is disabled after it gets an input, or y does",
     [](planner_world& w) {
       const auto& u = w.job("j")->tasks[3];
       if (!u.disabled)
         w.apply(plan::input_set{"j", "u", text_payload(std::string(300, '5')), w.someone()});
       w.apply(plan::task_enabled{"j", "u", false, w.someone()});
       w.apply(plan::input_set{"j", "y", text_payload("[1]"), w.someone()});
       return true;
     }},
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    either(retry("j"), crash_of(a.join)),
  };
  return a;
}

} // namespace dagger::test
