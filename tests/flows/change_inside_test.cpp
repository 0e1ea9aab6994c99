// What a change makes of inputs and sub-flows, and runs that are changed by their own actions, in
// memory and in a store.
#include "flows/run_at_work.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace {

using namespace flows;

constexpr auto inputs_flow = R"(
name: inputs
flows:
  - name: inner
    inputs: {n: {type: integer}, m: {default: 5}}
    nodes: [{id: sum, action: set, inputs: [{name: v, expr: inputs.n + inputs.m}]}]
    outputs: {v: sum.v}
nodes:
  - {id: hold, action: holds}
  - {id: first, action: set, inputs: {x: 1}}
  - {id: plain, action: set, dependencies: [hold], inputs: {a: 1, b: 2}}
  - {id: tmpl, action: set, dependencies: [hold], inputs: {a: "${first.x}", b: "${first.x}!"}}
  - {id: program, action: set, dependencies: [hold],
     inputs: [{name: a, expr: first.x + 1}, {name: b, value: "${first.x}"}]}
  - {id: each, action: set, dependencies: [hold], for_each: inputs.list,
     inputs: {i: "${item}", k: 0}}
  - {id: sub, action: "flow:inner", dependencies: [hold], inputs: {n: 1}}
  - {id: strict, action: counts, dependencies: [hold], inputs: {n: 1}}
)";

TEST(change, a_node_gets_other_inputs_and_keeps_the_rest) {
  both([](run_at_work& run) {
    run.start(inputs_flow, {{"list", {1, 2}}});
    auto set = [&](const char* node, json values) {
      return said(run.engine.set_input("run", node, std::move(values)));
    };
    EXPECT_EQ(set("plain", {{"a", {{"deep", "${first.x}"}}}}), "ok");
    EXPECT_EQ(set("tmpl", {{"a", "${first.x}"}, {"c", nullptr}}), "ok");
    EXPECT_EQ(set("program", {{"a", "${first.x}"}}), "ok");
    EXPECT_EQ(set("each", {{"k", "x"}}), "ok");
    EXPECT_EQ(set("sub", {{"m", 40}}), "ok");
    EXPECT_EQ(set("strict", {{"n", 2}}), "ok");
    const auto events = run.events();
    EXPECT_EQ(set("strict", {{"n", 2}}), "ok"); // it is
    EXPECT_TRUE(set("strict", {{"n", "two"}}).starts_with("invalid_input: "));
    EXPECT_TRUE(set("strict", {{"m", 2}}).starts_with("invalid_input: "));
    EXPECT_TRUE(set("sub", {{"o", 2}}).starts_with("invalid_input: "));
    EXPECT_TRUE(set("each", 7).starts_with("invalid_input: "));
    EXPECT_TRUE(set("plian", {{"a", 2}}).starts_with("not_found: "));
    EXPECT_EQ(run.events(), events);
    const auto end = run.go();
    EXPECT_EQ(end["plain"], (json{{"a", {{"deep", "${first.x}"}}}, {"b", 2}}));
    EXPECT_EQ(end["tmpl"], (json{{"a", "${first.x}"}, {"b", "1!"}, {"c", nullptr}}));
    EXPECT_EQ(end["program"], (json{{"a", "${first.x}"}, {"b", 1}}));
    EXPECT_EQ(end["each"], (json{{"i", {1, 2}}, {"k", {"x", "x"}}}));
    EXPECT_EQ(end["sub"], (json{{"v", 41}}));
    EXPECT_EQ(end["strict"], (json{{"n", 2}}));
  });
}

TEST(change, inputs_that_are_set_at_the_same_time_are_all_there) {
  both([](run_at_work& run) {
    run.start(inputs_flow, {{"list", json::array()}});
    auto expected = json{{"a", 1}, {"b", 2}};
    auto done = std::vector<dagger::future<void>>{};
    for (auto i = 0; i < 50; ++i) {
      const auto name = "n" + std::to_string(i);
      expected[name] = i;
      done.push_back(run.engine.set_input("run", "plain", {{name, i}}));
    }
    for (auto& x : done)
      EXPECT_EQ(said(x), "ok");
    EXPECT_EQ(run.go()["plain"], expected);
  });
}

TEST(change, a_node_may_run_a_flow_of_the_run_or_one_beside_it) {
  both([](run_at_work& run) {
    const auto beside = dagger::test::temporary_folder{};
    std::ofstream{beside / "apart.yaml"} << "name: apart\ninputs: {n: {type: integer}}\n"
                                            "nodes: [{id: x, action: set, inputs: "
                                            "[{name: v, expr: inputs.n * 2}]}]\n"
                                            "outputs: {v: x.v}\n";
    run.start(inputs_flow, {{"list", json::array()}});
    EXPECT_EQ(said(run.engine.add_node(
                "run",
                "- {id: more, action: 'flow:inner', dependencies: [hold], inputs: {n: 10}}\n"
                "- {id: other, action: 'flow:apart', dependencies: [hold], inputs: {n: 4}}\n",
                {.file = "node.yaml", .folder = beside / ""})),
              "ok");
    const auto end = run.go();
    EXPECT_EQ(end["more"], (json{{"v", 15}}));
    EXPECT_EQ(end["other"], (json{{"v", 8}}));
  });
}

/// What `self.flow()` does in the two attempts of one visit, of which the first one fails.
TEST(change, an_action_changes_its_own_run_and_may_do_it_again) {
  both([](run_at_work& run) {
    run.engine.add({.name = "grows", .run = [](dagger::task& self, const json&) -> outcome {
                      auto flow = self.flow();
                      flow.add_node("{id: grown, action: set, dependencies: [grow], "
                                    "inputs: {v: 1, w: 1}}");
                      flow.set_input("grown", {{"w", 2}});
                      flow.remove_node("gone");
                      flow.disable("off");
                      flow.enable("on");
                      if (self.attempt() == 1)
                        throw std::runtime_error{"not yet"};
                      try {
                        flow.add_node("{id: grown, action: set}");
                      } catch (const dagger::error& why) {
                        return json{{"code", why.code}};
                      }
                      return json::object();
                    }});
    run.start(R"(
name: growth
nodes:
  - {id: grow, action: grows, retry: {max_attempts: 2, initial: 1ms}}
  - {id: gone, action: set, dependencies: [grow]}
  - {id: off, action: set, dependencies: [grow], inputs: {v: 1}}
  - {id: on, action: set, enabled: false, dependencies: [grow], inputs: {v: 1}}
)",
              json::object());
    EXPECT_TRUE(run.end->wait_for(patience));
    const auto end = run.end->get();
    EXPECT_EQ(end.state(), job_state::completed);
    EXPECT_EQ(run.task("grow").starts, 2u);
    EXPECT_EQ(end["grow"], (json{{"code", "id_conflict"}}));
    EXPECT_EQ(end["grown"], (json{{"v", 1}, {"w", 2}}));
    EXPECT_EQ(run.how("gone"), "not there");
    EXPECT_EQ(run.how("off"), "skipped: disabled");
    EXPECT_EQ(run.how("on"), "completed");
  });
}

TEST(change, an_action_hears_of_what_is_refused) {
  both([](run_at_work& run) {
    auto refusals = json::array();
    auto heard = [&](const std::function<void()>& call) {
      try {
        call();
        refusals.push_back("nothing");
      } catch (const dagger::error& why) {
        refusals.push_back(why.code);
      }
    };
    run.engine.add({.name = "asks", .run = [&](dagger::task& self, const json&) -> outcome {
                      heard([&] { self.flow().add_node("{id: x, action: sett}"); });
                      heard([&] { self.flow().remove_node("none"); });
                      heard([&] { self.flow().remove_node("ask"); });
                      heard([&] { self.flow().disable("ask"); });
                      heard([&] { self.flow().set_input("ask", {{"v", 1}}); });
                      self.step("once", [&] {
                        heard([&] { self.flow().disable("last"); });
                        return json{};
                      });
                      return json::object();
                    }});
    run.engine.add({.name = "asks_alike",
                    .cooperative = true,
                    .run = [&](dagger::task& self, const json&) -> outcome {
                      heard([&] { self.flow(); });
                      return json::object();
                    }});
    run.start("name: refusals\nnodes:\n  - {id: ask, action: asks}\n"
              "  - {id: last, action: asks_alike, dependencies: [ask]}\n",
              json::object());
    EXPECT_TRUE(run.end->wait_for(patience));
    EXPECT_EQ(run.end->get().state(), job_state::completed);
    EXPECT_EQ(refusals, (json{"invalid_input", "not_found", "conflict", "conflict", "conflict",
                              "misuse", "misuse"}));
  });
}

} // namespace
