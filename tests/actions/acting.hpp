// What the tests of built-in agents share: one task on one agent, and what became of it.
#pragma once

#include "../actors/agents.hpp"

#include <dagger/actions/builtin.hpp>

#include <string>
#include <utility>

namespace dagger::test {

/// An engine in memory with the built-in agents.
class acting {
public:
  acting() {
    add_builtin_agents(engine_);
  }

  /// The output; throws the error that the task has failed with.
  json run(const std::string& agent_name, json input, duration timeout = duration{0}) {
    auto made = job{"job-" + std::to_string(++count_)};
    auto options = task_options{};
    options.name = "only";
    options.agent = agent_name;
    options.input = std::move(input);
    if (timeout > duration{0})
      options.timeout = timeout;
    made.add(std::move(options));
    auto end = got(engine_.submit(made));
    if (auto why = end.failure())
      throw error{*why};
    return end["only"];
  }

  /// "code: message" of the failure; the output as text if there is none.
  std::string failure(const std::string& agent_name, json input, duration timeout = duration{0}) {
    try {
      return run(agent_name, std::move(input), timeout).dump();
    } catch (const error& x) {
      return x.code + ": " + x.message;
    }
  }

private:
  dagger::engine engine_{{.log = log_level::off}};
  int count_ = 0;
};

} // namespace dagger::test
