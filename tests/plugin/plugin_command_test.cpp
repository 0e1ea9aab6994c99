// `--plugin` on the command line: where it is taken, and that a wrong one ends with 2.
#include "apps/call.hpp"

#include <csignal>
#include <filesystem>
#include <utility>

namespace {

using namespace support;

constexpr auto greet_file = R"(job: greet
inputs: {name: {type: string, default: moon}}
tasks:
  - {name: greet, agent: greeter, inputs: {name: "${inputs.name}"}}
outputs: {text: greet.text}
)";

constexpr auto slow_greet_file = R"(job: slow_greet
tasks:
  - {name: nap, agent: sleep, inputs: {duration: 1h}}
  - {name: greet, agent: greeter, after: [nap], inputs: {name: moon}}
)";

std::string plugin(const std::string& name) {
  return std::string{TEST_PLUGINS} + "/" + name + ".so";
}

/// Each wrong plugin, and how what is said of it begins.
const auto wrong_ones = std::vector<std::pair<std::string, std::string>>{
  {"absent", "there is no such file"},
  {"no_symbol", "is no plugin: it has no symbol 'dagger_plugin'"},
  {"no_version", "is no plugin: it says nothing of itself"},
  {"other_version", "is for Dagger 0.0.9, this is "},
  {"other_abi", "was compiled with cc 1, c++ 199711; this Dagger with "},
  {"other_standard", "was compiled with "},
  {"other_size", "its agents have 8 bytes, here they have "},
  {"other_library", "cannot be loaded: libdagger.so.0.0.9: "},
  {"undefined", "cannot be loaded: undefined symbol: nowhere_to_be_found"},
  {"throws", "has thrown while it added its agents, and none of them is here: no licence"},
  {"throws_a_number", "has thrown while it added its agents, "},
  {"wrong_agent", "'no name' is no name of an agent"},
  {"taken_name", "there is an agent 'set' already"},
  {"same_name_twice", "there is an agent 'first' already"},
};

TEST(plugin_command, runs_and_checks_a_job_of_its_agents) {
  const auto room = folder{};
  const auto file = room.write("greet.yaml", greet_file);
  const auto ran = call({"run", file, "--plugin", plugin("greeter"), "-i", "name=sun"});
  EXPECT_TRUE(ended_with(ran, 0));
  EXPECT_EQ(ran.out, "{\n  \"text\": \"hello, sun\"\n}\n");
  EXPECT_EQ(ran.err, "");
  const auto checked = call({"check", file, "--plugin", plugin("greeter")});
  EXPECT_TRUE(ended_with(checked, 0));
  EXPECT_EQ(checked.out, file + ": valid, 1 task\n");
  EXPECT_TRUE(holds(call({"check", file}).err, "unknown agent 'greeter'"));
}

TEST(plugin_command, lists_its_agents_beside_those_of_the_program) {
  const auto shape = valid(call({"agents", "--json", "--plugin", plugin("greeter")}).out, "agents");
  ASSERT_EQ(shape.size(), 12u);
  EXPECT_EQ(shape[2]["name"], "greeter");
  EXPECT_EQ(shape[2]["version"], "7");
  EXPECT_EQ(shape[2]["input"]["required"], ::dagger::json::array({"name"}));
  const auto own = run(own_command({"agents", "--plugin", plugin("greeter")}));
  EXPECT_TRUE(holds(own.out, "greeter 7  Greets by name"));
  EXPECT_TRUE(holds(own.out, "crash_once"));
}

TEST(plugin_command, a_name_without_a_slash_is_a_file_too) {
  const auto room = folder{};
  const auto file = room.write("greet.yaml", greet_file);
  const auto x = call({"run", file, "--plugin", "greeter.so"}, {.directory = TEST_PLUGINS});
  EXPECT_TRUE(ended_with(x, 0));
}

TEST(plugin_command, a_job_goes_on_with_the_plugin_only) {
  const auto room = folder{};
  const auto file = room.write("slow.yaml", slow_greet_file);
  const auto store = room / "store";
  EXPECT_TRUE(ended_with(call({"run", file, "--plugin", plugin("greeter"), "--store", store, "--id",
                               "one", "--timeout", "10ms"}),
                         3));
  EXPECT_TRUE(ended_with(
    call({"resume", "one", "--store", store, "--plugin", plugin("greeter"), "--timeout", "10ms"}),
    3));
  const auto before = call({"store", "info", "--store", store, "--json"}).out;
  const auto wrong = call({"resume", "one", "--store", store, "--plugin", plugin("other_version")});
  EXPECT_TRUE(ended_with(wrong, 2));
  EXPECT_TRUE(holds(wrong.err, "is for Dagger 0.0.9"));
  EXPECT_EQ(call({"store", "info", "--store", store, "--json"}).out, before);
}

TEST(plugin_command, a_server_works_with_its_agents) {
  const auto room = folder{};
  const auto file = room.write("greet.yaml", R"(job: greet
tasks: [{name: greet, agent: greeter, inputs: {name: moon}}]
)");
  auto serves = process{dagger_command(
    {"serve", file, "--store", room / "store", "-v", "--plugin", plugin("greeter")})};
  EXPECT_TRUE(serves.says("greet completed"));
  serves.send(SIGTERM);
  EXPECT_TRUE(ended_with(serves.wait(), 0));
}

TEST(plugin_command, a_retry_knows_its_agents) {
  const auto room = folder{};
  const auto store = room / "store";
  const auto failing = room.write("fails.yaml", R"(job: work
tasks: [{name: greet, agent: fail, inputs: {message: not yet}}]
)");
  const auto mended = room.write("greets.yaml", R"(job: work
tasks: [{name: greet, agent: greeter, inputs: {name: moon}}]
)");
  EXPECT_TRUE(ended_with(call({"run", failing, "--store", store, "--id", "one"}), 1));
  const auto retry = std::vector<std::string>{"retry", "one", "--with", mended, "--store", store};
  const auto without = call(retry);
  EXPECT_TRUE(ended_with(without, 2));
  EXPECT_TRUE(holds(without.err, "unknown agent 'greeter'"));
  auto with = retry;
  with.insert(with.end(), {"--plugin", plugin("greeter")});
  EXPECT_TRUE(ended_with(call(with), 0));
  const auto end = call({"resume", "one", "--store", store, "--plugin", plugin("greeter")});
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_TRUE(holds(end.out, "hello, moon"));
}

TEST(plugin_command, a_wrong_one_ends_with_2_and_nothing_is_made) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  for (const auto& [name, message] : wrong_ones) {
    const auto x = call({"run", file, "--plugin", plugin(name), "--store", room / "store"});
    EXPECT_TRUE(ended_with(x, 2));
    EXPECT_EQ(x.out, "");
    EXPECT_TRUE(x.err.starts_with("error: " + plugin(name) + ": " + message)) << x.err;
    EXPECT_FALSE(std::filesystem::exists(room / "store")) << name;
  }
}

TEST(plugin_command, every_command_that_needs_agents_refuses_what_is_no_plugin) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  const auto notes = room.write("notes.txt", "To whom it may concern\n");
  for (const auto& words : std::vector<std::vector<std::string>>{{"run", file},
                                                                 {"serve", file},
                                                                 {"resume", "one"},
                                                                 {"retry", "one"},
                                                                 {"check", file},
                                                                 {"show", "one"},
                                                                 {"agents"}}) {
    auto all = words;
    all.insert(all.end(), {"--plugin", notes});
    const auto x = call(all, {.environment = {{"DAGGER_STORE", room / "store"}}});
    EXPECT_TRUE(ended_with(x, 2));
    EXPECT_EQ(x.out, "");
    EXPECT_TRUE(x.err.starts_with("error: " + notes + ": is no shared library\n  a plugin is "))
      << x.err;
    EXPECT_FALSE(std::filesystem::exists(room / "store")) << words.front();
  }
}

TEST(plugin_command, a_right_one_does_not_excuse_a_wrong_one) {
  const auto twice = call({"agents", "--plugin", plugin("greeter"), "--plugin", plugin("greeter")});
  EXPECT_TRUE(ended_with(twice, 2));
  EXPECT_EQ(twice.out, "");
  EXPECT_EQ(twice.err, "error: " + plugin("greeter")
                         + ": there is an agent 'greeter' already\n"
                           "  load each plugin once; of this one nothing was added\n");
  const auto second =
    call({"agents", "--plugin", plugin("greeter"), "--plugin", plugin("other_size")});
  EXPECT_TRUE(ended_with(second, 2));
  EXPECT_TRUE(holds(second.err, plugin("other_size") + ": its agents have 8 bytes"));
}

TEST(plugin_command, who_needs_no_agents_takes_no_plugin) {
  const auto x = call({"jobs", "--plugin", plugin("greeter")});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_TRUE(holds(x.err, "unknown option '--plugin'"));
}

} // namespace
