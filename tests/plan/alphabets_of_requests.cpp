// Alphabets about what users ask of jobs: pause, cancel, retry, purge.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

namespace {

/// A parent "root" that adds "child" and waits for it, or completes; "next" comes after it.
symbol adds_a_child() {
  return reports("a child is added and waited for", anyone, [](const started& s) {
    auto r = plan::report{};
    r.added = {task_of(s.task + "-child", "a")};
    auto wait = plan::suspended{};
    wait.any_of = {condition::all({task_ref::nth(0)})};
    wait.state = text_payload(std::to_string(s.id.visit));
    r.outcome = wait;
    return r;
  });
}

} // namespace

alphabet pauses() {
  auto a = alphabet{.name = "pause and resume", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join(
      {.agent = "a", .slots = 2, .retry = {.max_attempts = 2, .initial = 50ms}, .timeout = 80ms});
  };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"}), task_of("z", "a")}));
    w.submit(job_of("k", {task_of("x", "a"), task_of("y", "a")}));
  };
  a.symbols = {
    pause("j"),
    {"resume",
     [](planner_world& w) {
       w.resume("j");
       return true;
     }},
    {"somebody submits it again, or another one pauses",
     [](planner_world& w) {
       const auto* j = w.job("j");
       if (j->state == job_state::paused)
         w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"}), task_of("z", "a")}));
       else
         w.apply(plan::job_paused{"k", w.someone()});
       return true;
     }},
    reports("completed", anyone, done()),
    reports("failed, or given back", anyone,
            [](const started& s) {
              auto r = plan::report{};
              if (s.task == "z")
                r.outcome = plan::given_back{};
              else
                r.outcome = failing("exception");
              return r;
            }),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet cancels() {
  auto a = alphabet{.name = "cancel", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join(
      {.agent = "a", .slots = 3, .retry = {.max_attempts = 2, .initial = 40ms}, .timeout = 100ms});
  };
  a.begin = [](planner_world& w) {
    auto y = task_of("y", "a");
    y.total_timeout = 90ms;
    w.submit(job_of("j", {task_of("x", "a"), y, task_of("z", "a", {"x"}), task_of("u", "a")}));
  };
  a.symbols = {
    cancel("j"),
    reports("two jobs are submitted and waited for", anyone,
            [](const started&) {
              auto r = plan::report{};
              r.jobs = {job_to_submit("below"), job_to_submit("beside", on_parent_end::leave)};
              auto wait = plan::suspended{};
              wait.any_of = {condition::of_jobs({"below"})};
              r.outcome = wait;
              return r;
            }),
    reports("completed, adding another", anyone,
            [](const started& s) {
              auto r = plan::report{};
              if (s.task == "x")
                r.added = {task_of("", "a")};
              r.summary = "summary of " + s.task;
              r.outcome = done();
              return r;
            }),
    reports("failed", anyone, failing("exception")),
    reports("given back, or gives up", anyone,
            [](const started& s) {
              auto r = plan::report{};
              r.outcome = plan::given_back{};
              if (s.stopped)
                r.outcome = plan::abandoned{};
              return r;
            }),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet plain_retries() {
  auto a = alphabet{.name = "retry what did not complete", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    auto maybe = task_of("maybe", "a");
    maybe.optional = true;
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"}), maybe}));
  };
  a.symbols = {
    {"retry",
     [](planner_world& w) {
       w.apply(plan::job_retried{.id = "j", .client = w.someone()});
       return true;
     }},
    adds_a_child(),
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    reports("skipped", anyone, plan::skipped{"not now"}),
    cancel("j"),
    crash_of(a.join),
  };
  return a;
}

alphabet retries_from() {
  auto a = alphabet{.name = "retry from a task", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a", {"x"})}));
    // Up to here it is the same in all histories: x has waited for its child.
    const auto add = adds_a_child();
    add.happen(w);
    w.commit_all();
    w.report(*w.holding(), done());
    w.commit_all();
  };
  const auto from = [](std::string name) {
    return symbol{"retry from " + name, [name](planner_world& w) {
                    w.apply(plan::job_retried{.id = "j", .from = name, .client = w.someone()});
                    return true;
                  }};
  };
  a.symbols = {
    from("x"),
    from("x-child"),
    from("y"),
    reports("completes after a step", anyone,
            [](const started&) {
              auto r = plan::report{};
              r.outcome = done();
              return r;
            }),
    adds_a_child(),
    reports("fails", anyone, failing("exception")),
    crash_of(a.join),
  };
  a.symbols[3].happen = [](planner_world& w) {
    const auto h = w.holding();
    if (!h)
      return false;
    w.apply(plan::step_done{h->id, "once", text_payload("1"), w.someone()});
    auto r = plan::report{};
    r.summary = "summary of " + h->task;
    r.outcome = done();
    w.report(*h, r);
    return true;
  };
  return a;
}

alphabet retries_beside_children() {
  auto a =
    alphabet{.name = "retry from a task whose child others come after", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 3, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a"), task_of("z", "a", {"y"})}));
    w.commit_all();
    // Up to here it is the same in all histories: x has added its child and is done.
    auto r = plan::report{};
    r.added = {task_of("x-child", "a")};
    r.outcome = done();
    w.report(*w.holding("x"), r);
    w.commit_all();
  };
  const auto of_task = [](std::string name) {
    return [name = std::move(name)](const started& s) { return s.task == name; };
  };
  a.symbols = {
    {"retry from x",
     [](planner_world& w) {
       w.apply(plan::job_retried{.id = "j", .from = "x", .client = w.someone()});
       return true;
     }},
    reports("waits for the child of x", of_task("y"),
            [] {
              auto wait = plan::suspended{};
              wait.any_of = {condition::all({"x-child"})};
              return wait;
            }()),
    reports("adds one after the child of x", of_task("y"),
            [](const started&) {
              auto r = plan::report{};
              r.added = {task_of("later", "a", {"x-child"})};
              r.outcome = done();
              return r;
            }),
    reports("adds a child", of_task("x"),
            [](const started&) {
              auto r = plan::report{};
              r.added = {task_of("x-child", "a")};
              r.outcome = done();
              return r;
            }),
    reports("completed", anyone, done()),
    reports("fails", anyone, failing("exception")),
    crash_of(a.join),
  };
  return a;
}

alphabet retries_with() {
  auto a = alphabet{.name = "retry with another definition", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a"), task_of("z", "a", {"x"})}));
  };
  const auto with = [](std::string name, std::vector<plan::task_spec> tasks) {
    return symbol{std::move(name), [tasks](planner_world& w) {
                    auto spec = std::make_shared<plan::job_spec>(job_of("j", tasks));
                    const auto hash = plan::hash_of(*spec);
                    w.apply(plan::job_retried{
                      .id = "j", .with = std::move(spec), .hash = hash, .client = w.someone()});
                    return true;
                  }};
  };
  a.symbols = {
    with("retry with a longer one", {task_of("first", "a"), task_of("x", "a", {"first"}),
                                     task_of("y", "a"), task_of("", "a", {"x", "y"})}),
    with("retry with a shorter one", {task_of("y", "a")}),
    {"submit one of both again",
     [](planner_world& w) {
       const auto* j = w.job("j");
       w.submit(job_of(
         "j", j->tasks.size() % 2 == 0
                ? std::vector{task_of("y", "a")}
                : std::vector{task_of("x", "a"), task_of("y", "a"), task_of("z", "a", {"x"})}));
       return true;
     }},
    adds_a_child(),
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    crash_of(a.join),
  };
  return a;
}

alphabet purges() {
  auto a = alphabet{.name = "purge", .join = {}, .symbols = {}};
  a.options.retention = 500ms;
  a.join = [](planner_world& w) {
    w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = 50ms});
  };
  a.begin = [](planner_world& w) {
    w.submit(job_of("j", {task_of("x", "a")}));
    w.submit(job_of("k", {task_of("x", "a")}));
    w.submit(job_of("l", {task_of("x", "a")}));
  };
  a.symbols = {
    {"purge",
     [](planner_world& w) {
       w.apply(plan::job_purged{"j", w.someone()});
       return true;
     }},
    {"submit again",
     [](planner_world& w) {
       w.submit(job_of("j", {task_of("x", "a")}));
       return true;
     }},
    {"sweep",
     [](planner_world& w) {
       if (w.is_to_sweep())
         w.sweep();
       else
         w.apply(plan::sweep_due{});
       return true;
     }},
    reports("completes with a stream and a step", anyone, done(std::string(300, '1'))),
    reports(
      "waits for both others", [](const started& s) { return s.job_id == "k"; },
      [] {
        auto wait = plan::suspended{};
        wait.any_of = {condition::of_jobs({"j", "l"}, wait_mode::all)};
        return wait;
      }()),
    tick(),
    crash_of(a.join),
  };
  a.symbols[3].happen = [](planner_world& w) {
    const auto h = w.holding();
    if (!h)
      return false;
    w.apply(plan::step_done{h->id, "s", text_payload("[1]"), w.someone()});
    w.apply(plan::chunks_emitted{h->id, {text_payload("1"), text_payload("2")}});
    w.report(*h, done(std::string(300, '1')));
    return true;
  };
  return a;
}

} // namespace dagger::test
