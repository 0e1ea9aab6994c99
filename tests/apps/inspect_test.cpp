// What `check`, `graph`, `jobs` and `show` tell about files and jobs.
#include "call.hpp"

#include <filesystem>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto family_file = R"(job: family
tasks:
  - {name: parent, agent: family}
  - {name: after, agent: set, after: [parent]}
)";

std::string family_store(const folder& room) {
  const auto file = room.write("family.yaml", family_file);
  EXPECT_TRUE(
    ended_with(run(own_command({"run", file, "--id", "family-1", "--store", room / "s"})), 0));
  return room / "s";
}

TEST(inspect, check_says_what_is_valid) {
  const auto room = folder{};
  const auto good = room.write("good.yaml", hello_file);
  const auto bad = room.write("bad.yaml", "job: a\ntasks: [{name: t, agent: nobody}]\n");
  EXPECT_EQ(call({"check", good}).out, good + ": valid, 1 task\n");
  const auto both = call({"check", good, bad});
  EXPECT_TRUE(ended_with(both, 2));
  EXPECT_TRUE(holds(both.out, good + ": valid"));
  EXPECT_TRUE(holds(both.err, "error: " + bad + ":2:26: tasks[0].agent: "));
  EXPECT_TRUE(ended_with(call({"check", "--allow-unknown-actions", good, bad}), 0));
  const auto shape = valid(call({"check", "--json", good, bad}).out, "check");
  EXPECT_EQ(shape[0]["valid"], true);
  EXPECT_EQ(shape[1]["valid"], false);
  EXPECT_EQ(shape[1]["problems"].size(), 1u);
}

constexpr auto flow_file = R"(name: orders
nodes:
  - {id: first, action: set, inputs: {x: 1}}
  - {id: rest, action: "flow:inner", dependencies: [first]}
flows:
  - {name: inner, nodes: [{id: only, action: set}]}
)";

TEST(inspect, check_and_graph_take_flow_files) {
  const auto room = folder{};
  const auto file = room.write("orders.yaml", flow_file);
  EXPECT_EQ(call({"check", file}).out, file + ": valid, 2 nodes\n");
  const auto unknown = room.write("unknown.yaml", "name: x\nnodes: [{id: a, action: elsewhere}]\n");
  EXPECT_TRUE(ended_with(call({"check", unknown}), 2));
  const auto allowed = call({"check", "--allow-unknown-actions", unknown});
  EXPECT_TRUE(ended_with(allowed, 0));
  EXPECT_EQ(allowed.err,
            "warning: " + unknown + ":2:17: nodes[0].action: unknown action 'elsewhere'\n");
  const auto dot = call({"graph", file}).out;
  EXPECT_TRUE(holds(dot, "subgraph cluster_1 {\n  label=\"rest\";"));
  for (const auto format : {"yaml", "json"}) {
    const auto printed = call({"graph", file, "--format", format}).out;
    const auto again = room.write(std::string{"again."} + format, printed);
    EXPECT_EQ(call({"check", again}).out, again + ": valid, 2 nodes\n");
    EXPECT_EQ(call({"graph", again, "--format", format}).out, printed);
    EXPECT_EQ(call({"graph", again}).out, dot);
  }
}

TEST(inspect, graph_draws_a_file_in_every_format) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  EXPECT_TRUE(holds(call({"graph", file}).out, "digraph"));
  EXPECT_TRUE(holds(call({"graph", file, "--format", "mermaid"}).out, "flowchart"));
  const auto shape = valid(call({"graph", file, "--format", "json"}).out, "graph");
  EXPECT_EQ(shape["nodes"].size(), 3u);
  EXPECT_EQ(shape["edges"][0], (json{{"from", "first"}, {"to", "nap"}, {"kind", "after"}}));
  const auto drawn = call({"graph", file, "--format", "svg", "-o", room / "long.svg"});
  EXPECT_TRUE(ended_with(drawn, 0));
  EXPECT_EQ(drawn.out, "");
  EXPECT_TRUE(holds(content_of(room / "long.svg"), "<svg"));
}

TEST(inspect, graph_into_a_file_that_may_not_be_so_large_is_an_error_of_the_file) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "the sanitizer writes a file of its own when a program starts";
#endif
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  const auto x = run({"sh", "-c", "ulimit -f 0; exec \"$0\" graph \"$1\" -o \"$2\"",
                      dagger_command({}).front(), file, room / "long.dot"});
  EXPECT_TRUE(ended_with(x, 1)) << "signal " << x.signal;
  EXPECT_TRUE(holds(x.err, "File too large"));
  EXPECT_FALSE(std::filesystem::exists(room / "long.dot"));
}

TEST(inspect, graph_needs_graphviz_for_svg_and_says_so) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  const auto x = call({"graph", file, "--format", "svg"}, {.environment = {{"PATH", "/nowhere"}}});
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "error: svg needs Graphviz"));
  EXPECT_TRUE(holds(x.err, "install graphviz, or use --format dot or mermaid"));
}

TEST(inspect, graph_of_a_job_shows_states_attempts_and_children) {
  const auto room = folder{};
  const auto store = family_store(room);
  const auto shape =
    valid(call({"graph", "family-1", "--format", "json", "--store", store}).out, "graph");
  ASSERT_EQ(shape["nodes"].size(), 4u);
  EXPECT_EQ(shape["nodes"][0]["state"], "completed");
  EXPECT_EQ(shape["nodes"][0]["visits"], 2);
  EXPECT_EQ(shape["nodes"][0]["attempts"], 2);
  auto kinds = json::object();
  for (const auto& edge : shape["edges"])
    kinds[edge["kind"].get<std::string>()] =
      edge["from"].get<std::string>() + " " + edge["to"].get<std::string>();
  EXPECT_EQ(kinds["after"], "parent after");
  EXPECT_EQ(kinds["waits"], "younger parent");
  EXPECT_EQ(kinds["added"], "parent younger");
  const auto drawn = call({"graph", "family-1", "--store", store}).out;
  EXPECT_TRUE(holds(drawn, "completed, 2 visits"));
  EXPECT_FALSE(holds(drawn, "attempts"));
}

TEST(inspect, graph_writes_files_as_a_whole_or_not_at_all) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  const auto x = call({"graph", file, "-o", room / "no/such.dot"});
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "error: " + (room / "no/such.dot") + ": cannot be written"));
  auto files = std::size_t{0};
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator{room.path()})
    ++files;
  EXPECT_EQ(files, 1u);
}

TEST(inspect, jobs_are_filtered_by_state_time_and_number) {
  const auto room = folder{};
  const auto hello = room.write("hello.yaml", hello_file);
  const auto fails = room.write("fails.yaml", "job: fails\ntasks: [{name: t, agent: fail, inputs: "
                                              "{message: on purpose}}]\n");
  const auto store = room / "s";
  EXPECT_TRUE(ended_with(call({"run", hello, "--id", "a", "--store", store}), 0));
  EXPECT_TRUE(ended_with(call({"run", fails, "--id", "b", "--store", store}), 1));
  EXPECT_TRUE(ended_with(call({"run", hello, "--id", "c", "--store", store}), 0));
  const auto ids = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"jobs", "--json", "--store", store});
    auto list = std::string{};
    for (const auto& x : valid(call(words).out, "jobs"))
      list += x["id"].get<std::string>();
    return list;
  };
  EXPECT_EQ(ids({}), "cba");
  EXPECT_EQ(ids({"--state", "failed"}), "b");
  EXPECT_EQ(ids({"--state", "completed", "--limit", "1"}), "c");
  EXPECT_EQ(ids({"--since", "1h"}), "cba");
  EXPECT_EQ(ids({"--since", "2100-01-01T00:00:00Z"}), "");
  const auto text = call({"jobs", "--store", store});
  EXPECT_TRUE(holds(text.out, "ID  STATE      TASKS  CREATED"));
  EXPECT_TRUE(holds(text.out, "\nb   failed     0/1    2"));
}

TEST(inspect, show_tells_tasks_attempts_children_and_history) {
  const auto room = folder{};
  const auto store = family_store(room);
  const auto shape = valid(
    run(own_command({"show", "family-1", "--json", "--history", "--store", store})).out, "show");
  ASSERT_EQ(shape["tasks"].size(), 4u);
  EXPECT_EQ(shape["tasks"][0]["visits"], 2);
  EXPECT_EQ(shape["tasks"][0]["attempts"].size(), 2u);
  EXPECT_EQ(shape["tasks"][2]["parent"], "parent");
  EXPECT_EQ(shape["tasks"][1]["after"], json::array({"parent"}));
  EXPECT_EQ(shape["outputs"], (json{{"after", json::object()}}));
  EXPECT_EQ(shape["history"].back()["event"], "job completed");
  const auto text = run(own_command({"show", "family-1", "--history", "--store", store}));
  EXPECT_TRUE(holds(text.out, "job family-1 (family) completed"));
  EXPECT_TRUE(holds(text.out, "younger  added"));
  EXPECT_TRUE(holds(text.out, "parent  running, visit 2, attempt 1"));
}

TEST(inspect, show_of_one_task_has_its_input_and_output) {
  const auto room = folder{};
  const auto store = family_store(room);
  const auto shape =
    valid(call({"show", "family-1", "--task", "parent", "--json", "--store", store}).out, "show");
  ASSERT_EQ(shape["tasks"].size(), 1u);
  EXPECT_EQ(shape["tasks"][0]["output"], (json{{"children", 2}}));
  EXPECT_EQ(shape["tasks"][0]["input"], json::object());
  const auto text = call({"show", "family-1", "--task", "parent", "--store", store});
  EXPECT_TRUE(holds(text.out, "output {\n  \"children\": 2\n}"));
  const auto wrong = call({"show", "family-1", "--task", "paernt", "--store", store});
  EXPECT_TRUE(ended_with(wrong, 2));
  EXPECT_TRUE(holds(wrong.err, "there is no task 'paernt'\n  did you mean 'parent'?"));
}

TEST(inspect, an_unknown_id_names_the_nearest_one) {
  const auto room = folder{};
  const auto store = family_store(room);
  for (const auto* command : {"show", "graph"}) {
    const auto x = call({command, "famliy-1", "--store", store});
    EXPECT_TRUE(ended_with(x, 2));
    EXPECT_EQ(x.err,
              "error: " + store + ": there is no job 'famliy-1'\n  did you mean 'family-1'?\n");
  }
}

TEST(inspect, show_says_why_a_task_does_not_run) {
  const auto room = folder{};
  const auto file = room.write("hang.yaml", "job: hang\n"
                                            "tasks:\n"
                                            "  - {name: t, agent: hang}\n"
                                            "  - {name: u, agent: hang}\n"
                                            "  - {name: v, agent: set, after: [t, u]}\n");
  EXPECT_TRUE(ended_with(
    run(own_command({"run", file, "--id", "hang-1", "--store", room / "s", "--timeout", "200ms"})),
    3));
  const auto here =
    valid(call({"show", "hang-1", "--json", "--store", room / "s"}).out, "show")["tasks"];
  EXPECT_EQ(here[1]["reason"], "no agent 'hang' here");
  EXPECT_EQ(here[2]["reason"], "waits for t, u");
  const auto there =
    valid(run(own_command({"show", "hang-1", "--json", "--store", room / "s"})).out, "show");
  EXPECT_EQ(there["tasks"][1]["reason"], "no engine works on it");
}

} // namespace
