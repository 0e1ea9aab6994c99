// The command line itself: help, wrong words, streams, colours.
#include "call.hpp"

#include <fcntl.h>

namespace {

using namespace support;

const auto commands = std::vector<std::string>{"run",  "resume", "check", "graph",  "jobs",
                                               "show", "agents", "store", "version"};

TEST(usage, every_command_has_a_help_with_an_example) {
  for (const auto& name : commands) {
    const auto x = call({name, "--help"});
    EXPECT_TRUE(ended_with(x, 0));
    EXPECT_TRUE(holds(x.out, "Example:\n  dagger " + name));
    EXPECT_TRUE(holds(x.out, "--color"));
    EXPECT_TRUE(holds(x.out, "\nUsage: dagger " + name + " [OPTIONS]"));
    EXPECT_EQ(x.err, "");
  }
}

TEST(usage, help_lists_every_command) {
  const auto x = call({"--help"});
  EXPECT_TRUE(ended_with(x, 0));
  for (const auto& name : commands)
    EXPECT_TRUE(holds(x.out, "\n  " + name + " "));
  EXPECT_EQ(call({"help"}).out, x.out);
  EXPECT_EQ(call({"help", "run"}).out, call({"run", "--help"}).out);
}

TEST(usage, without_a_command_the_help_is_an_error) {
  const auto x = call({});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_EQ(x.out, "");
  EXPECT_TRUE(holds(x.err, "usage: dagger COMMAND"));
}

TEST(usage, an_unknown_command_names_the_nearest_one) {
  const auto x = call({"rnu"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_EQ(x.err, "error: dagger: unknown command 'rnu'\n  did you mean 'run'?\n");
  EXPECT_EQ(call({"xyzzy"}).err,
            "error: dagger: unknown command 'xyzzy'\n  dagger --help lists all commands\n");
}

TEST(usage, an_unknown_option_names_the_nearest_one) {
  const auto x = call({"jobs", "--limt", "3"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_EQ(x.err, "error: dagger jobs: unknown option '--limt'\n  did you mean '--limit'?\n");
}

TEST(usage, a_missing_or_superfluous_argument_is_refused) {
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"run"}, {"check"}, {"show"}, {"resume"}, {"graph"}, {"store"}}) {
    const auto x = call(words);
    EXPECT_TRUE(ended_with(x, 2));
    EXPECT_TRUE(holds(x.err, "error: dagger " + words.front() + ": "));
    EXPECT_TRUE(holds(x.err, "is required"));
  }
  const auto x = call({"version", "now"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_TRUE(holds(x.err, "error: dagger version: unexpected argument 'now'"));
}

TEST(usage, values_of_options_are_checked) {
  const auto of_time = call({"run", "x.yaml", "--timeout", "soon"});
  EXPECT_TRUE(ended_with(of_time, 2));
  EXPECT_EQ(of_time.err, "error: --timeout: not a duration: 'soon'\n"
                         "  write it like 250ms, 5s, 10m, 1h or 2d\n");
  const auto of_number = call({"run", "x.yaml", "--parallel", "0"});
  EXPECT_TRUE(ended_with(of_number, 2));
  EXPECT_EQ(of_number.err, "error: --parallel: '0' is not a number from 1 on\n");
  const auto of_word = call({"graph", "x.yaml", "--format", "mermad"});
  EXPECT_TRUE(ended_with(of_word, 2));
  EXPECT_EQ(of_word.err, "error: --format: 'mermad' is not one of dot, mermaid, json, yaml, svg\n"
                         "  did you mean 'mermaid'?\n");
  const auto of_action = call({"store", "chekc", "--store", "x"});
  EXPECT_TRUE(ended_with(of_action, 2));
  EXPECT_TRUE(holds(of_action.err, "did you mean 'check'?"));
  const auto of_since = call({"jobs", "--since", "yesterday", "--store", "x"});
  EXPECT_TRUE(ended_with(of_since, 2));
  EXPECT_TRUE(holds(of_since.err, "error: --since: neither a time nor a duration: 'yesterday'"));
}

TEST(usage, version_names_what_it_is_made_of) {
  const auto x = call({"version"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.out, "dagger 0."));
  const auto shape = valid(call({"version", "--json"}).out, "version");
  for (const auto* name : {"version", "caf", "lmdb", "compiler"})
    EXPECT_TRUE(holds(x.out, shape[name].get<std::string>()));
}

TEST(usage, a_reader_that_goes_away_is_no_error) {
  const auto room = folder{};
  auto text = std::string{"job: wide\ntasks:\n"};
  for (auto i = 0; i < 20'000; ++i)
    text += "  - {name: t" + std::to_string(i) + ", agent: set}\n";
  auto running = process{dagger_command({"graph", room.write("wide.yaml", text)})};
  running.stop_reading();
  const auto x = running.wait();
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(x.err, "");
}

TEST(usage, a_full_device_is_an_error) {
  const auto x = call({"version"}, {.out = "/dev/full"});
  EXPECT_TRUE(ended_with(x, 1));
  EXPECT_TRUE(holds(x.err, "error: standard output: No space left on device"));
}

TEST(usage, colours_are_for_terminals_and_for_those_who_ask) {
  const auto wrong = std::vector<std::string>{"check", "no-such-file.yaml"};
  const auto with = [&](const char* when, process_options how = {}) {
    auto words = wrong;
    words.insert(words.end(), {"--color", when});
    return call(words, how).err;
  };
  const auto red = std::string{"\x1b[1;31merror:\x1b[0m"};
  EXPECT_EQ(call(wrong).err.find('\x1b'), std::string::npos);
  EXPECT_TRUE(holds(with("always"), red));
  EXPECT_TRUE(holds(with("auto", {.environment = {{"TERM", "xterm"}}, .terminal = true}), red));
  EXPECT_EQ(with("auto", {.environment = {{"NO_COLOR", "1"}, {"TERM", "xterm"}}, .terminal = true})
              .find('\x1b'),
            std::string::npos);
  EXPECT_EQ(with("never", {.environment = {{"TERM", "xterm"}}, .terminal = true}).find('\x1b'),
            std::string::npos);
}

TEST(usage, agents_are_listed_with_their_schemas) {
  const auto shape = valid(call({"agents", "--json"}).out, "agents");
  auto names = std::vector<std::string>{};
  for (const auto& x : shape)
    names.push_back(x["name"]);
  EXPECT_EQ(names, (std::vector<std::string>{"fail", "glob", "http", "lua", "publish", "read_file",
                                             "set", "shell", "sleep", "wait_for", "write_file"}));
  EXPECT_EQ(shape[0]["input"]["required"], ::dagger::json::array({"message"}));
  EXPECT_EQ(shape[8]["cooperative"], true);
  const auto own = run(own_command({"agents"}));
  EXPECT_TRUE(holds(own.out, "crash_once"));
  EXPECT_TRUE(holds(own.out, "sleep"));
}

} // namespace
