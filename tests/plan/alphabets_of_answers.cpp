// Alphabets about answers from outside and signs of life: signals, reviews, heartbeats,
// steps, streams.
#include <plan/alphabets.hpp>
#include <plan/symbols.hpp>

namespace dagger::test {

using namespace std::chrono_literals;

namespace {

plan::report waiting_for(std::vector<condition> conditions, payload default_answer = {}) {
  auto wait = plan::suspended{};
  wait.any_of = std::move(conditions);
  wait.state = text_payload("[1]");
  wait.deadline = 50ms;
  wait.default_answer = std::move(default_answer);
  auto r = plan::report{};
  r.outcome = wait;
  return r;
}

} // namespace

alphabet signalled() {
  auto a = alphabet{.name = "signals", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) { w.submit(job_of("j", {task_of("x", "a"), task_of("y", "a")})); };
  a.symbols = {
    signals("j", "go"),
    signals("j", "stop", false),
    reports("waits for go or a moment", anyone,
            [](const started&) {
              return waiting_for({condition::signal("go"), condition::time(30ms)});
            }),
    reports("waits for y, stop or go, with a default", anyone,
            [](const started&) {
              return waiting_for(
                {condition::any({"y"}), condition::signal("stop"), condition::signal("go")},
                text_payload(std::string(200, '3')));
            }),
    reports("completed", anyone, done()),
    tick(),
    crash_of(a.join),
  };
  return a;
}

alphabet reviews() {
  auto a = alphabet{.name = "review", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) { w.join({.agent = "a", .slots = 2, .retry = {}, .timeout = {}}); };
  a.begin = [](planner_world& w) {
    auto x = task_of("x", "a");
    x.total_timeout = 120ms;
    w.submit(job_of("j", {x, task_of("y", "a", {"x"}), task_of("z", "a")}));
  };
  const auto decide = [](std::string name, bool accepted, bool final) {
    return symbol{std::move(name), [=](planner_world& w) {
                    w.apply(plan::review_decided{.job = "j",
                                                 .task = "x",
                                                 .accepted = accepted,
                                                 .reason = "too short",
                                                 .final = final,
                                                 .client = w.someone()});
                    return true;
                  }};
  };
  const auto review = [](std::string name, on_deadline on_deadline) {
    return reports(std::move(name), anyone, [=](const started& s) {
      auto r = plan::report{};
      auto x = plan::in_review{};
      x.output = text_payload(std::string(150, '5'));
      x.state = text_payload(std::to_string(s.id.visit));
      x.deadline = 70ms;
      x.on_deadline = on_deadline;
      r.outcome = x;
      r.summary = "summary";
      return r;
    });
  };
  a.symbols = {
    decide("accept", true, false),
    decide("reject", false, false),
    either(retry("j"), decide("reject for good", false, true)),
    review("to be reviewed", on_deadline::fail),
    review("to be reviewed for some time", on_deadline::wake),
    either(tick(), reports("completed", anyone, done())),
    crash_of(a.join),
  };
  return a;
}

alphabet signs_of_life() {
  auto a = alphabet{.name = "heartbeats, steps and streams", .join = {}, .symbols = {}};
  a.join = [](planner_world& w) {
    w.join({.agent = "a",
            .retry = {.max_attempts = 3, .initial = 0ms},
            .timeout = 2500ms,
            .at_most_once = false,
            .max_interruptions = 3,
            .heartbeat = 900ms});
  };
  a.begin = [](planner_world& w) {
    auto y = task_of("y", "a");
    y.heartbeat = 2s;
    w.submit(job_of("j", {task_of("x", "a"), y}));
  };
  const auto of_oldest = [](std::string name,
                            std::function<plan::event(planner_world&, const started&)> make) {
    return symbol{std::move(name), [make](planner_world& w) {
                    if (w.held().empty())
                      return false;
                    const auto h = started{w.held().front()}; // also one that is over
                    w.apply(make(w, h));
                    return true;
                  }};
  };
  a.symbols = {
    of_oldest("beats with progress",
              [](planner_world& w, const started& s) {
                w.now += 400ms;
                return plan::heart_beaten{
                  s.id, text_payload(std::to_string(w.now.time_since_epoch().count()))};
              }),
    of_oldest("beats, or does a step",
              [](planner_world& w, const started& s) -> plan::event {
                w.now += 300ms;
                if (s.id.attempt % 2 == 1)
                  return plan::heart_beaten{s.id, {}};
                return plan::step_done{s.id, "step", text_payload("[1]"), w.someone()};
              }),
    of_oldest("emits",
              [](planner_world&, const started& s) {
                return plan::chunks_emitted{s.id, {text_payload("1"), text_payload("2")}};
              }),
    reports("waits a moment or fails", anyone,
            [](const started& s) {
              auto r = plan::report{};
              if (s.id.visit > 1)
                r.outcome = failing("exception");
              else
                r = waiting_for({condition::time(0ms)});
              return r;
            }),
    reports("given back, or completed late", anyone,
            [](const started& s) {
              auto r = plan::report{};
              r.outcome = plan::given_back{};
              if (s.stopped)
                r.outcome = done();
              return r;
            }),
    tick(),
    crash_of(a.join),
  };
  return a;
}

} // namespace dagger::test
