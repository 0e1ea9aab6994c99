// Runs that are changed from outside while they go on, in memory and in a store.
#include "flows/run_at_work.hpp"

#include <dagger/actors/job_picture.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

namespace {

using namespace flows;

/// `first` has ended or will, `hold` waits until somebody says go, `last` comes after it.
constexpr auto simple_flow = R"(
name: simple
inputs: {who: {type: string}, list: {default: [1, 2]}}
nodes:
  - {id: first, action: set, inputs: {x: 1}, outputs: [{name: x}]}
  - {id: hold, action: holds, dependencies: [first]}
  - {id: last, action: set, dependencies: [hold], inputs: {a: 1, b: "${first.x}"}}
)";

TEST(change, an_added_node_reads_tasks_and_inputs_of_the_run) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    EXPECT_EQ(said(run.engine.add_node("run", R"(
id: late
action: set
dependencies: [hold]
when: first.x == 1
inputs:
  - {name: text, value: "${inputs.who} ${first.x}"}
  - {name: sum, expr: first.x + last.a}
)")),
              "ok");
    const auto late = run.task("late");
    EXPECT_EQ(late.state, task_state::waiting);
    EXPECT_EQ(late.after.size(), 3u); // hold, first, last
    const auto end = run.go();
    EXPECT_EQ(end.state(), job_state::completed);
    EXPECT_EQ(end.outputs(), (json{{"late", {{"text", "Ann 1"}, {"sum", 2}}}}));
    EXPECT_NE(end.dot().find("late"), std::string::npos);
  });
}

TEST(change, nodes_of_one_list_may_refer_to_each_other_and_come_together) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    const auto before = run.events();
    const auto list = json::parse(R"([
      {"id": "b", "action": "set", "inputs": {"v": "${a.v}"}},
      {"id": "a", "action": "set", "dependencies": ["hold"], "inputs": {"v": 7},
       "failure": "set"},
      {"id": "each", "action": "set", "for_each": "inputs.list", "inputs": {"v": "${item}"},
       "dependencies": ["hold"]}])");
    EXPECT_EQ(said(run.engine.add_node("run", list)), "ok");
    EXPECT_EQ(run.events(), before + 1);
    EXPECT_EQ(run.how("a.failure"), "waiting");
    const auto end = run.go();
    EXPECT_EQ(end["b"], (json{{"v", 7}}));
    EXPECT_EQ(end["each"], (json{{"v", {1, 2}}}));
    EXPECT_TRUE(run.how("a.failure").starts_with("skipped"));
  });
}

TEST(change, all_problems_of_an_added_node_are_told_with_their_places) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    const auto before = run.events();
    constexpr auto text = R"(id: late
actoin: set
action: sett
inputs:
  - {name: a, reference: frist.x}
  - {name: b, reference: inputs.whom}
  - {name: c, reference: first.y}
  - {name: d, expr: "1 +"}
)";
    const auto problems = run.engine.check_node("run", text, {.file = "node.yaml"});
    EXPECT_EQ(all_of(problems),
              "node.yaml:2:1: actoin: unknown key 'actoin'\n  did you mean 'action'?\n"
              "node.yaml:3:9: action: unknown action 'sett'\n  did you mean 'set'?\n"
              "node.yaml:5:26: inputs[0].reference: unknown node 'frist'\n"
              "  did you mean 'first'?\n"
              "node.yaml:6:26: inputs[1].reference: unknown input 'whom'\n"
              "  did you mean 'who'?\n"
              "node.yaml:7:26: inputs[2].reference: node 'first' declares no output 'y'\n"
              "node.yaml:8:21: inputs[3].expr: not Lua: unexpected symbol near <eof>\n");
    const auto first = said(run.engine.add_node("run", text, {.file = "node.yaml"}));
    EXPECT_TRUE(first.starts_with("invalid_input: node.yaml:2:1: actoin: unknown key 'actoin' "
                                  "(and 5 more problems)"))
      << first;
    EXPECT_EQ(run.events(), before);
    EXPECT_EQ(run.tasks().size(), 3u);
    EXPECT_EQ(run.go().state(), job_state::completed);
  });
}

TEST(change, what_is_no_node_is_refused) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    for (auto& [node, why] : std::vector<std::pair<json, std::string>>{
           {"just text", "a node is a map, this is a scalar"},
           {7, "a node is a map, this is a scalar"},
           {json::array(), "there is no node in it"},
           {json::array({1}), "[0]"},
           {"id: a\n\taction: set", "2:1"},
           {"[{id: a, action: set}, {id: a, action: set}]", "[1].id"},
           {"[{id: a, action: set, dependencies: [b]}, {id: b, action: set, inputs: {x: '${a}'}}]",
            "cycle: a -> b -> a"},
           {"{id: a, action: set, dependencies: [a]}", "a"},
           {"{id: 'a b', action: set}", "id"},
           {"{id: a, action: counts, inputs: {n: many}}", "inputs.n"},
           {"{id: a, action: 'flow:none'}", "unknown flow 'none'"},
           {"{id: a, action: dagger.flow}", "unknown action 'dagger.flow'"},
           {"{name: x, nodes: [{id: a, action: set}]}", "unknown key 'nodes'"}}) {
      const auto told = all_of(run.engine.check_node("run", node));
      EXPECT_NE(told.find(why), std::string::npos) << node << "\n" << told;
      EXPECT_TRUE(said(run.engine.add_node("run", node)).starts_with("invalid_input: node:"))
        << node;
    }
    EXPECT_EQ(run.tasks().size(), 3u);
    EXPECT_TRUE(
      said(run.engine.add_node("other", "{id: a, action: set}")).starts_with("not_found"));
    run.go();
  });
}

TEST(change, the_same_node_twice_is_one_and_another_of_its_id_is_a_conflict) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    const auto node = json("id: late\naction: set\ndependencies: [hold]\nwhen: 1 == 1\n"
                           "inputs: {v: \"${first.x}\"}");
    EXPECT_EQ(said(run.engine.add_node("run", node)), "ok");
    const auto once = run.events();
    EXPECT_EQ(said(run.engine.add_node("run", node)), "ok");
    // Elsewhere in another file.
    EXPECT_EQ(said(run.engine.add_node("run",
                                       "\n\n- " + std::string{"{id: late, action: set, "}
                                         + "when: 1 == 1, dependencies: [hold], "
                                           "inputs: {v: \"${first.x}\"}}",
                                       {.file = "other.yaml"})),
              "ok");
    EXPECT_EQ(run.events(), once);
    for (auto other : {"{id: late, action: shell, inputs: {script: 'true'}}",
                       "{id: late, action: set, dependencies: [hold, last], when: 1 == 1, "
                       "inputs: {v: '${first.x}'}}",
                       "{id: late, action: set, dependencies: [hold], when: 1 == 2, "
                       "inputs: {v: '${first.x}'}}",
                       "{id: late, action: set, dependencies: [hold], when: 1 == 1, "
                       "inputs: {v: '${first.x}'}, priority: 3}"})
      EXPECT_TRUE(said(run.engine.add_node("run", other)).starts_with("id_conflict: ")) << other;
    // Nor is what was in the file added again.
    EXPECT_EQ(said(run.engine.add_node(
                "run", "{id: first, action: set, inputs: {x: 1}, outputs: [{name: x}]}")),
              "ok");
    // What has been set since is not held against it.
    EXPECT_EQ(said(run.engine.set_input("run", "late", {{"v", 2}})), "ok");
    EXPECT_EQ(said(run.engine.add_node("run", node)), "ok");
    EXPECT_EQ(run.go()["late"], (json{{"v", 2}}));
  });
}

TEST(change, a_removed_node_is_gone_and_its_name_is_free) {
  both([](run_at_work& run) {
    run.start(R"(
name: removals
nodes:
  - {id: hold, action: holds}
  - {id: a, action: set, dependencies: [hold], failure: set}
  - {id: b, action: set, dependencies: [a]}
)",
              json::object());
    auto gone = [&](const char* name) { return said(run.engine.remove_node("run", name)); };
    EXPECT_TRUE(gone("hold").starts_with("conflict: ")) << gone("hold");
    EXPECT_NE(gone("a").find("'b' needs it"), std::string::npos) << gone("a");
    EXPECT_NE(gone("hodl").find("did you mean 'hold'?"), std::string::npos) << gone("hodl");
    EXPECT_EQ(gone("b"), "ok");
    EXPECT_TRUE(gone("b").starts_with("not_found: "));
    EXPECT_EQ(gone("a"), "ok");
    EXPECT_EQ(run.how("a.failure"), "not there");
    EXPECT_EQ(said(run.engine.add_node("run", "{id: a, action: set, dependencies: [hold], "
                                              "inputs: {v: 1}}")),
              "ok");
    const auto end = run.go();
    EXPECT_EQ(end.state(), job_state::completed);
    EXPECT_EQ(end["a"], (json{{"v", 1}}));
    EXPECT_EQ(end.outputs(), (json{{"b", nullptr}})); // as when the run began
    EXPECT_EQ(end.dot().find("\"b\""), std::string::npos) << end.dot();
  });
}

TEST(change, disabled_nodes_are_skipped_and_enabled_ones_run) {
  both([](run_at_work& run) {
    run.start(R"(
name: switches
nodes:
  - {id: hold, action: holds}
  - {id: off, action: set, dependencies: [hold], inputs: {v: 1}}
  - {id: behind, action: set, dependencies: [off]}
  - {id: on_off, action: set, dependencies: [hold], inputs: {v: 2}}
  - {id: not_yet, action: set, enabled: false, dependencies: [hold], inputs: {v: 3}}
  - {id: never, action: set, enabled: false, dependencies: [hold]}
)",
              json::object());
    auto& e = run.engine;
    EXPECT_EQ(said(e.disable("run", "off")), "ok");
    EXPECT_EQ(said(e.disable("run", "off")), "ok");
    EXPECT_TRUE(run.task("off").disabled);
    EXPECT_EQ(said(e.disable("run", "on_off")), "ok");
    EXPECT_EQ(said(e.enable("run", "on_off")), "ok");
    EXPECT_EQ(said(e.enable("run", "hold")), "ok"); // it is
    EXPECT_TRUE(said(e.disable("run", "hold")).starts_with("conflict: "));
    EXPECT_EQ(said(e.disable("run", "not_yet")), "ok");
    EXPECT_EQ(said(e.enable("run", "not_yet")), "ok");
    const auto picture = dagger::actors::picture_of("run", run.tasks());
    EXPECT_EQ(picture.nodes[1].label.back(), "disabled");
    run.go();
    EXPECT_EQ(run.how("off"), "skipped: disabled");
    EXPECT_TRUE(run.how("behind").starts_with("skipped"));
    EXPECT_EQ(run.how("on_off"), "completed");
    EXPECT_EQ(run.how("not_yet"), "completed");
    EXPECT_TRUE(run.how("never").starts_with("skipped"));
  });
}

TEST(change, a_run_that_has_ended_is_not_changed) {
  both([](run_at_work& run) {
    run.start(simple_flow);
    run.go();
    const auto events = run.events();
    auto& e = run.engine;
    for (auto& x : {e.add_node("run", "{id: late, action: set}"), e.remove_node("run", "last"),
                    e.disable("run", "last"), e.set_input("run", "last", {{"a", 2}}),
                    e.add_task("run", {.name = "late", .agent = "set"})}) {
      const auto told = said(x);
      EXPECT_TRUE(told.starts_with("conflict: ")) << told;
      EXPECT_NE(told.find("it is completed"), std::string::npos) << told;
    }
    EXPECT_EQ(run.events(), events);
  });
}

TEST(change, a_node_that_says_nothing_of_retries_has_those_of_the_flow) {
  both([](run_at_work& run) {
    auto calls = std::make_shared<std::atomic<int>>(0);
    run.engine.add({.name = "fails", .run = [calls](dagger::task&, const json&) -> outcome {
                      ++*calls;
                      throw dagger::error{"test.broken", "always"};
                    }});
    run.start(R"(
name: patient
inputs: {who: {}, list: {default: [1]}}
config: {on_failure: continue, retry: {max_attempts: 3, initial: 1ms, backoff: fixed}}
nodes: [{id: hold, action: holds}]
)");
    EXPECT_EQ(said(run.engine.add_node("run", R"(
- {id: silent, action: fails, dependencies: [hold]}
- {id: once, action: fails, dependencies: [hold], try_count: 1}
- {id: each, action: fails, dependencies: [hold], for_each: inputs.list}
)")),
              "ok");
    // The same again changes nothing.
    EXPECT_EQ(said(run.engine.add_node("run", "{id: silent, action: fails, dependencies: [hold]}")),
              "ok");
    run.go();
    EXPECT_EQ(run.task("silent").starts, 3u);
    EXPECT_EQ(run.task("once").starts, 1u);
    EXPECT_EQ(run.task("each[0]").starts, 3u);
    EXPECT_EQ(*calls, 7);
  });
}

TEST(change, jobs_of_typed_tasks_are_changed_alike) {
  both([](run_at_work& run) {
    auto job = dagger::job{"run"};
    const auto hold = job.add({.name = "hold", .agent = "holds"});
    job.add({.name = "count", .agent = "counts", .after = {hold}, .input = {{"n", 1}}});
    run.end.emplace(run.engine.submit(job));
    run.end->accepted().get();
    auto& e = run.engine;
    const auto more = dagger::task_options{
      .name = "more", .agent = "counts", .after = {"count"}, .input = {{"n", 3}}};
    EXPECT_EQ(said(e.add_task("run", more)), "ok");
    EXPECT_EQ(said(e.add_task("run", more)), "ok");
    auto other = more;
    other.input = {{"n", 4}};
    EXPECT_TRUE(said(e.add_task("run", other)).starts_with("id_conflict: "));
    other.input = {{"n", "four"}};
    EXPECT_TRUE(said(e.add_task("run", other)).starts_with("invalid_input: "));
    EXPECT_TRUE(said(e.add_task("run", {.agent = "nobody"})).starts_with("not_found: "));
    EXPECT_TRUE(
      said(e.add_task("run", {.agent = "set", .after = {"none"}})).starts_with("not_found"));
    // In the words of job files.
    EXPECT_EQ(said(e.add_node("run", "{name: text, agent: set, after: [more], "
                                     "inputs: {v: '${more.n}'}}")),
              "ok");
    EXPECT_EQ(said(e.set_input("run", "count", {{"n", 2}})), "ok");
    EXPECT_EQ(run.tasks().size(), 4u);
    const auto end = run.go();
    EXPECT_EQ(end["count"], (json{{"n", 2}}));
    EXPECT_EQ(end["text"], (json{{"v", 3}}));
  });
}

} // namespace
