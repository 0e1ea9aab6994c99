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

inline plan::task_spec task_of(std::string name, std::string agent,
                               std::vector<task_ref> after = {}) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = std::move(agent);
  t.after = std::move(after);
  t.input = text_payload("{}");
  return t;
}

} // namespace dagger::test
