// Alphabets about outcomes: reports, retries, children, what agents change.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

alphabet submits_and_reports() {
  auto a = alphabet{.name = "submits and reports", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .retry = {}, .timeout = {}}); };
  a.symbols = {
    {"submit chain",
     [](planner_world& w) {
       auto optional = task_of("maybe", "a");
       optional.optional = true;
       w.submit(job_of("chain", {task_of("x", "a"), task_of("y", "a", {"x", "maybe"}), optional}));
       return true;
     }},
    {"submit one",
     [](planner_world& w) {
       auto t = task_of("", "a");
       t.input = text_payload(R"({"big":")" + std::string(200, 'x') + R"("})");
       w.submit(job_of("one", {t}));
       return true;
     }},
    reports("completed", anyone,
            [](const started& s) {
              auto r = plan::report{};
              r.outcome = done(R"({"of":")" + s.task + R"("})");
              r.summary = "summary of " + s.task;
              return r;
            }),
    reports("failed", anyone, failing("exception")),
    reports("skipped", anyone, plan::skipped{"nothing to do"}),
    reports("given back", anyone, plan::given_back{}),
    crash_of(a.join),
  };
  return a;
}

alphabet retries() {
  auto a = alphabet{.name = "retries", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a",
            .slots = 2,
            .retry = {.max_attempts = 3, .initial = 100ms, .max = 150ms},
            .timeout = {}});
  };
  a.begin = [](planner_world& w) {
    auto picky = task_of("picky", "a");
    picky.retry = retry_policy{.max_attempts = 3,
                               .initial = 0ms,
                               .backoff = backoff::fixed,
                               .retry_on = {"unavailable", "x.abort"},
                               .abort_on = {"x.abort"}};
    w.submit(job_of("j", {task_of("plain", "a"), picky, task_of("last", "a", {"plain"})}));
  };
  auto violations = text_payload(R"({"violations":[]})");
  a.symbols = {
    reports("completed", anyone, done()),
    reports("unavailable", anyone, failing("unavailable")),
    reports("aborting", anyone, failing("x.abort")),
    reports("later", anyone,
            plan::failed{.why = {.code = "http_status", .message = "", .retry_after = 400ms},
                         .feedback = std::move(violations)}),
    reports("final", anyone,
            plan::failed{.why = {.code = "unavailable", .message = "", .retryable = false},
                         .feedback = {}}),
    tick(),
    crash_of(a.join),
  };
  return a;
}

namespace {

/// A parent that adds a chain of two children and one alone, and waits for all three.
symbol adds_and_waits(std::string name, wait_mode mode) {
  return reports(std::move(name), of_agent("p"), [mode](const started& s) {
    auto r = plan::report{};
    r.added = {task_of("", "c"), task_of("", "c", {task_ref::nth(0)}), task_of("", "c")};
    auto wait = plan::suspended{};
    wait.any_of = {condition{mode, {task_ref::nth(0), task_ref::nth(1), task_ref::nth(2)}, {}, {}}};
    wait.state = text_payload(std::to_string(s.id.visit));
    r.outcome = wait;
    return r;
  });
}

} // namespace

alphabet children() {
  auto a = alphabet{.name = "children", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "p", .retry = {}, .timeout = {}});
    w.join({.agent = "c", .slots = 2, .retry = {}, .timeout = {}});
  };
  a.begin = [](planner_world& w) {
    w.submit(job_of("family", {task_of("parent", "p"), task_of("heir", "p", {"parent"})}));
  };
  a.symbols = {
    adds_and_waits("waits for all", wait_mode::all),
    adds_and_waits("waits for all or a failure", wait_mode::all_or_failure),
    adds_and_waits("waits for any", wait_mode::any),
    reports("child completed", of_agent("c"), done()),
    reports("child failed", of_agent("c"), failing("exception")),
    reports("parent completed", of_agent("p"), done()),
    crash_of(a.join),
  };
  return a;
}

namespace {

/// The root changes the job and is at once visited again.
symbol root_changes(std::string name, std::vector<plan::task_spec> added,
                    std::vector<plan::new_dependency> dependencies) {
  return reports(std::move(name), of_agent("r"), [added, dependencies](const started&) {
    auto r = plan::report{};
    r.added = added;
    r.dependencies = dependencies;
    auto wait = plan::suspended{};
    wait.any_of = {condition::time(duration{0})};
    r.outcome = wait;
    return r;
  });
}

void submit_rooted(planner_world& w) {
  auto spec = job_of("rooted", {task_of("root", "r"), task_of("first", "w"), task_of("x", "w"),
                                task_of("y", "w", {"x"}), task_of("z", "w", {"y"})});
  spec.allowed_agents = {"r", "w"};
  w.submit(spec);
}

void join_rooted(planner_world& w) {
  w.join({.agent = "r", .retry = {}, .timeout = {}});
  w.join({.agent = "w", .retry = {}, .timeout = {}});
  w.join({.agent = "other", .retry = {}, .timeout = {}});
}

} // namespace

alphabet dynamic_dependencies() {
  auto a = alphabet{.name = "dynamic dependencies", .join = join_rooted, .symbols = {}};
  a.begin = submit_rooted;
  auto wait = plan::suspended{};
  wait.any_of = {condition::all_or_failure({"z", "x"})};
  a.symbols = {
    root_changes("x after a new task", {task_of("", "w")}, {{"x", task_ref::nth(0)}}),
    root_changes("z after first and root", {}, {{"z", "first"}, {"z", "root"}}),
    root_changes("a cycle", {task_of("", "w", {"z"})}, {{"x", task_ref::nth(0)}}),
    reports("root waits for z", of_agent("r"), wait),
    reports("work completed", of_agent("w"), done()),
    reports("work failed", of_agent("w"), failing("exception")),
    reports("work skipped", of_agent("w"), plan::skipped{"not needed"}),
  };
  return a;
}

alphabet refused_changes() {
  auto a = alphabet{.name = "refused changes", .join = join_rooted, .symbols = {}};
  a.begin = [](planner_world& w) {
    submit_rooted(w);
    auto spec = job_of("second", {task_of("root", "r"), task_of("first", "w"),
                                  task_of("x", "w", {"first"}), task_of("y", "w", {"x"})});
    spec.tasks[2].optional = true;
    spec.tasks[3].optional = true;
    spec.allowed_agents = {"r", "w"};
    w.submit(spec);
  };
  a.symbols = {
    root_changes("after x and y, however they end", {task_of("", "w", {"x", "y"})}, {}),
    root_changes("first after a new task", {task_of("", "w")}, {{"first", task_ref::nth(0)}}),
    root_changes("a name twice", {task_of("same", "w"), task_of("same", "w")}, {}),
    reports("unknown agent", of_agent("r"),
            [](const started& s) {
              auto r = plan::report{};
              r.added = {task_of("", s.id.visit > 1 ? "other" : "nobody")};
              r.outcome = done();
              return r;
            }),
    reports("work completed", of_agent("w"), done()),
    reports("work failed", of_agent("w"), failing("exception")),
    crash_of(a.join),
  };
  return a;
}

} // namespace dagger::test
