// Alphabets about what is not the agents' doing: crashes, time, slots, clients.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

namespace {

symbol lose_and_join(std::string name, plan::agent_joined agent) {
  return {std::move(name), [agent](planner_world& w) {
            w.lose(agent.agent);
            w.join(agent);
            return true;
          }};
}

/// Lost, or there again.
symbol toggle(std::string name, plan::agent_joined agent) {
  return {std::move(name), [agent](planner_world& w) {
            if (w.is_here(agent.agent))
              w.lose(agent.agent);
            else
              w.join(agent);
            return true;
          }};
}

symbol newest_completes() {
  return {"newest completed", [](planner_world& w) {
            if (w.held().empty() || w.held().back().abandoned)
              return false;
            w.report(started{w.held().back()}, done());
            return true;
          }};
}

symbol later(duration d) {
  return {"later", [d](planner_world& w) {
            w.now += d;
            return true;
          }};
}

} // namespace

alphabet interruptions() {
  const auto first = plan::agent_joined{
    .agent = "a", .slots = 2, .retry = {}, .timeout = {}, .max_interruptions = 4};
  const auto second = plan::agent_joined{.agent = "b", .retry = {}, .timeout = {}};
  auto a = alphabet{.name = "interruptions", .join = {}, .symbols = {}};
  a.join = [=](planner_world& w) {
    w.join(first);
    w.join(second);
  };
  a.begin = [](planner_world& w) {
    auto once = task_of("once", "a");
    once.at_most_once = true;
    w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a"), task_of("u", "b")}));
    w.submit(job_of("k", {task_of("x", "a"), once}));
  };
  a.symbols = {
    crash_of(a.join),
    lose_and_join("a dies and comes back", first),
    toggle("b dies or comes back", second),
    reports("completed", anyone, done()),
    newest_completes(),
    reports("given back", anyone, plan::given_back{}),
    reports("waits a moment", anyone,
            [] {
              auto wait = plan::suspended{};
              wait.any_of = {condition::time(duration{0})};
              return wait;
            }()),
  };
  return a;
}

alphabet time_outs() {
  auto a = alphabet{.name = "time-outs", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a",
            .retry = {.max_attempts = 2, .initial = 50ms, .backoff = backoff::fixed},
            .timeout = 100ms});
  };
  a.begin = [](planner_world& w) {
    auto x = task_of("x", "a");
    x.total_timeout = 220ms;
    auto y = task_of("y", "a");
    y.timeout = 60ms;
    w.submit(job_of("j", {x, y, task_of("z", "a", {"x"})}));
  };
  auto wait = plan::suspended{};
  wait.any_of = {condition::all({"y"})};
  wait.deadline = 80ms;
  a.symbols = {
    tick(),
    later(60ms),
    reports("completed", anyone, done()),
    reports("failed", anyone, failing("exception")),
    reports("waits", anyone, wait),
    {"given up",
     [](planner_world& w) {
       const auto h = w.holding([](const started& s) { return s.stopped; });
       if (!h)
         return false;
       w.report(*h, plan::abandoned{});
       return true;
     }},
    {"returns after it was given up, or there is a crash",
     [join = a.join](planner_world& w) {
       for (const auto& h : w.held())
         if (h.abandoned) {
           w.report(started{h}, done());
           return true;
         }
       w.crash();
       join(w);
       return true;
     }},
  };
  return a;
}

alphabet waits() {
  auto a = alphabet{.name = "waits", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    auto x = task_of("x", "a");
    x.total_timeout = 100ms;
    w.submit(job_of("j", {x, task_of("y", "a")}));
  };
  auto moment = plan::suspended{};
  moment.any_of = {condition::time(30ms)};
  moment.state = text_payload("[1]");
  moment.deadline = 30ms;
  auto other = plan::suspended{};
  other.any_of = {condition::any({"x", "y"})};
  other.deadline = 40ms;
  other.on_deadline = on_deadline::wake;
  auto either = plan::suspended{};
  either.any_of = {condition::all_or_failure({"y"}),
                   condition::time(timestamp{std::chrono::seconds{1'000'000}} + 20ms)};
  either.deadline = 10ms;
  const auto is_x = [](const started& s) { return s.task == "x"; };
  const auto is_y = [](const started& s) { return s.task == "y"; };
  auto for_x = other;
  for_x.any_of = {condition::all_or_failure({"x"})};
  a.symbols = {
    reports("waits for a moment", anyone, moment),
    reports("y waits for x until a deadline", is_y, for_x),
    reports("x waits for y or a moment", is_x, either),
    reports("x waits for itself or y", is_x, other),
    reports("completed", anyone, done()),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet duplicates() {
  auto a = alphabet{.name = "duplicates", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .retry = {}, .timeout = {}}); };
  auto wait = plan::suspended{};
  wait.any_of = {condition::time(50ms)};
  a.symbols = {
    {"submit",
     [](planner_world& w) {
       w.submit(job_of("same", {task_of("x", "a"), task_of("y", "a", {"x"})}));
       return true;
     }},
    {"submit another one with the same id",
     [](planner_world& w) {
       w.submit(job_of("same", {task_of("x", "a")}));
       return true;
     }},
    {"resume",
     [](planner_world& w) {
       w.resume("same");
       return true;
     }},
    reports("completed", anyone, done()),
    reports("waits", anyone, wait),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet named_jobs() {
  auto a = duplicates();
  a.name = "an engine that takes up only named jobs";
  a.options.scope = plan::scope::named;
  a.symbols[3] = {"submit the second job", [](planner_world& w) {
                    w.submit(job_of("second", {task_of("x", "a")}));
                    return true;
                  }};
  a.symbols[5] = {"time passes or it is completed", [](planner_world& w) {
                    if (const auto h = w.holding()) {
                      w.report(*h, done());
                      return true;
                    }
                    return tick().happen(w);
                  }};
  return a;
}

alphabet slots() {
  const auto first = plan::agent_joined{.agent = "a", .retry = {}, .timeout = {}};
  const auto second = plan::agent_joined{.agent = "b", .slots = 2, .retry = {}, .timeout = {}};
  auto a = alphabet{.name = "slots", .join = {}, .symbols = {}};
  a.join = [=](planner_world& w) {
    w.join(first);
    w.join(second);
  };
  const auto submit = [](std::string id, std::int32_t of_job) {
    return [id, of_job](planner_world& w) {
      auto urgent = task_of("urgent", "a");
      urgent.priority = 1;
      auto spec = job_of(id, {task_of("", "a"), task_of("", "a"), urgent, task_of("", "b")});
      spec.priority = of_job;
      w.submit(spec);
      return true;
    };
  };
  const auto change = [](std::string agent, std::int32_t by) {
    return [agent, by](planner_world& w) {
      w.apply(plan::slots_changed{agent, by});
      return true;
    };
  };
  a.begin = [submit](planner_world& w) {
    submit("one", 0)(w);
    submit("two", 0)(w);
  };
  a.symbols = {
    {"submit important", submit("important", 1)},
    {"submit three", submit("three", 0)},
    {"more slots", change("a", 1)},
    {"fewer slots", change("a", -1)},
    toggle("a dies or comes back", first),
    reports("completed", anyone, done()),
    newest_completes(),
  };
  return a;
}

std::vector<alphabet> all_alphabets() {
  return {submits_and_reports(),
          retries(),
          children(),
          dynamic_dependencies(),
          refused_changes(),
          interruptions(),
          time_outs(),
          waits(),
          duplicates(),
          named_jobs(),
          slots(),
          pauses(),
          cancels(),
          plain_retries(),
          retries_from(),
          retries_beside_children(),
          retries_with(),
          purges(),
          signalled(),
          reviews(),
          signs_of_life(),
          other_jobs(),
          submitted_jobs(),
          stalls(stall_action::fail_wait),
          stalls(stall_action::notify_planning_agent),
          stalls(stall_action::terminate_job),
          stalls(stall_action::callback),
          unseen_stalls(stall_action::fail_wait),
          limited(),
          run_ifs(),
          stops(),
          pauses_after_failures(),
          shares(),
          undoings(),
          changes()};
}

} // namespace dagger::test
