// Runs a flow in memory and in a store, and compares the two.
#include "flows/flows.hpp"

#include "support/temporary_folder.hpp"

#include <dagger/actions/builtin.hpp>
#include <dagger/graph/file.hpp>

#include <gtest/gtest.h>

namespace flows {

namespace {

using dagger::json;

std::string in_words(const dagger::plan::task_status& x) {
  auto text = std::string{to_text(x.state)};
  if (x.error)
    text += ": " + (x.error->code.empty() ? "" : x.error->code + ": ") + x.error->message;
  return text;
}

std::string listed(const std::vector<dagger::error>& xs) {
  auto text = std::string{};
  for (auto& x : xs)
    text += to_string(x) + "\n";
  return text;
}

ending run_in(dagger::engine_options options, const std::string& yaml, const json& inputs,
              const agents& more) {
  auto engine = dagger::engine{std::move(options)};
  dagger::add_builtin_agents(engine);
  if (more)
    more(engine);
  auto known = std::vector<dagger::graph::known_agent>{};
  const auto all = engine.agents();
  for (auto& x : all)
    known.push_back({.name = x.name, .cacheable = !x.version.empty()});
  auto loaded = dagger::graph::load(yaml, "flow.yaml", {.agents = known});
  EXPECT_TRUE(loaded.problems.empty()) << listed(loaded.problems);
  if (!loaded.file)
    return {};
  auto made = dagger::graph::instantiate(*loaded.file, inputs, "run");
  if (!made) {
    ADD_FAILURE() << listed(made.error());
    return {};
  }
  const auto end = engine.submit(std::move(*made)).get();
  auto seen = ending{end.state(), end.completed() ? end.outputs() : json(nullptr), {}};
  for (auto& x : end.tasks())
    seen.tasks.emplace(x.name, in_words(x));
  return seen;
}

} // namespace

ending run(const std::string& yaml, const json& inputs, const agents& more) {
  const auto store = dagger::test::temporary_folder{};
  auto in_memory = run_in({}, yaml, inputs, more);
  auto kept = run_in({.store = store / "s"}, yaml, inputs, more);
  EXPECT_EQ(in_memory.state, kept.state);
  EXPECT_EQ(in_memory.outputs, kept.outputs);
  EXPECT_EQ(in_memory.tasks, kept.tasks);
  return kept;
}

} // namespace flows
