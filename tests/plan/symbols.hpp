// The words of which the alphabets are made: outcomes, reports of the oldest attempt, time.
#pragma once

#include <support/histories.hpp>

namespace dagger::test {

inline plan::completed done(std::string text = R"({"n":1})") {
  return {text_payload(std::move(text))};
}

inline plan::failed failing(std::string code) {
  return {.why = {.code = std::move(code), .message = "it did not work"}, .feedback = {}};
}

/// The oldest attempt that `wanted` names reports.
inline symbol reports(std::string name, std::function<bool(const started&)> wanted,
                      std::function<plan::report(const started&)> make) {
  return {std::move(name), [wanted = std::move(wanted), make = std::move(make)](planner_world& w) {
            const auto h = w.holding(wanted);
            if (!h)
              return false;
            w.report(*h, make(*h));
            return true;
          }};
}

inline symbol reports(std::string name, std::function<bool(const started&)> wanted,
                      decltype(plan::report::outcome) outcome) {
  return reports(std::move(name), std::move(wanted), [outcome](const started&) {
    auto r = plan::report{};
    r.outcome = outcome;
    return r;
  });
}

inline bool anyone(const started&) {
  return true;
}

inline std::function<bool(const started&)> of_agent(std::string name) {
  return [name = std::move(name)](const started& s) { return s.agent == name; };
}

inline symbol tick() {
  return {"time passes", [](planner_world& w) {
            const auto when = w.expected().wake_at();
            if (!when)
              return false;
            w.time_passes_to(*when);
            return true;
          }};
}

inline symbol pause(std::string id) {
  return {"pause " + id, [id](planner_world& w) {
            w.apply(plan::job_paused{id, w.someone()});
            return true;
          }};
}

inline symbol cancel(std::string id) {
  return {"cancel " + id, [id](planner_world& w) {
            w.apply(plan::job_cancelled{id, w.someone()});
            return true;
          }};
}

/// Of a job that has ended.
inline symbol retry(std::string id) {
  return {"retry " + id, [id](planner_world& w) {
            if (const auto* j = w.job(id); j == nullptr || !finished(j->state))
              return false;
            w.apply(plan::job_retried{.id = id, .client = w.someone()});
            return true;
          }};
}

inline symbol signals(std::string job, std::string name, bool queue = true) {
  return {(queue ? "signal " : "signal, if it is waited for, ") + name, [=](planner_world& w) {
            const auto client = w.someone();
            w.apply(plan::signal_received{job, name, text_payload(std::to_string(client)), queue,
                                          client});
            return true;
          }};
}

/// `happen` if it can, else `other`.
inline symbol either(symbol happen, symbol other) {
  return {happen.name + ", or " + other.name,
          [=](planner_world& w) { return happen.happen(w) || other.happen(w); }};
}

inline plan::task_spec task_of(std::string name, std::string agent,
                               std::vector<task_ref> after = {}) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = std::move(agent);
  t.after = std::move(after);
  t.input = text_payload("{}");
  return t;
}

/// A job of one task of agent "a", as an outcome submits it.
inline plan::submitted job_to_submit(std::string id, on_parent_end on_end = on_parent_end::cancel) {
  auto spec = std::make_shared<plan::job_spec>(job_of(std::move(id), {task_of("x", "a")}));
  auto hash = plan::hash_of(*spec);
  return {std::move(spec), std::move(hash), on_end};
}

} // namespace dagger::test
