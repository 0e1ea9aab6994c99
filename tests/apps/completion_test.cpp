// Command lines that are completed: what is offered, and real shells in which somebody presses the
// tabulator key. Shells that are not installed are skipped.
#include "call.hpp"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>

namespace {

using namespace support;

/// A store with one job `hello-1`, and its file, in a folder.
struct place {
  place() {
    room.write("hello.yaml", hello_file);
    EXPECT_TRUE(
      ended_with(call({"run", "hello.yaml", "--id", "hello-1", "--store", "runs.db"}, here()), 0));
  }

  process_options here() const {
    const auto programs = std::filesystem::path{DAGGER_BINARY}.parent_path().string();
    return {.environment = {{"PATH", programs + ":" + std::getenv("PATH")},
                            {"DAGGER_STORE", "runs.db"},
                            {"NO_COLOR", "1"},
                            {"TERM", "xterm"},
                            {"HOME", room.path()},
                            {"ZDOTDIR", room.path()},
                            {"XDG_CONFIG_HOME", room.path()},
                            {"XDG_DATA_HOME", room.path()}},
            .directory = room.path()};
  }

  folder room;
};

/// What is offered for these words: the kind, then the candidates.
std::vector<std::string> offered(const place& at, std::vector<std::string> words) {
  words.insert(words.begin(), "__complete");
  const auto x = call(words, at.here());
  EXPECT_TRUE(ended_with(x, 0));
  auto all = std::vector<std::string>{};
  auto in = std::istringstream{x.out};
  for (auto line = std::string{}; std::getline(in, line);)
    all.push_back(line.substr(0, line.find('\t')));
  return all;
}

using words = std::vector<std::string>;

TEST(completion, commands_options_and_words_are_offered) {
  const auto at = place{};
  EXPECT_EQ(offered(at, {"ver"}), (words{"words", "version"}));
  EXPECT_EQ(offered(at, {"re"}), (words{"words", "resume", "reject", "retry", "redrive"}));
  EXPECT_EQ(offered(at, {"show", "hello-1", "--hi"}), (words{"words", "--history"}));
  EXPECT_EQ(offered(at, {"jobs", "--state", "c"}),
            (words{"words", "cancelling", "completed", "cancelled"}));
  EXPECT_EQ(offered(at, {"jobs", "--state=f"}), (words{"words", "--state=failed"}));
  EXPECT_EQ(offered(at, {"store", "in"}), (words{"words", "info"}));
  EXPECT_EQ(offered(at, {"no-such-command", ""}), (words{"words"}));
}

TEST(completion, an_option_is_offered_again_only_if_it_may_be_repeated) {
  const auto at = place{};
  EXPECT_EQ(offered(at, {"jobs", "--json", "--js"}), (words{"words"}));
  EXPECT_EQ(offered(at, {"run", "hello.yaml", "--input", "a=1", "--inp"}),
            (words{"words", "--input", "--inputs"}));
}

TEST(completion, ids_tasks_agents_files_and_folders_are_offered_where_they_belong) {
  const auto at = place{};
  EXPECT_EQ(offered(at, {"show", ""}), (words{"words", "hello-1"}));
  EXPECT_EQ(offered(at, {"show", "--store", "runs.db", "h"}), (words{"words", "hello-1"}));
  EXPECT_EQ(offered(at, {"show", "--store", "nowhere.db", "h"}), (words{"words"}));
  EXPECT_EQ(offered(at, {"purge", "hello-1", ""}), (words{"words"}));
  EXPECT_EQ(offered(at, {"show", "hello-1", "--task", ""}), (words{"words", "greet"}));
  EXPECT_EQ(offered(at, {"accept", "hello-1", "gr"}), (words{"words", "greet"}));
  EXPECT_EQ(offered(at, {"agents", "s"}), (words{"words", "set", "shell", "sleep"}));
  EXPECT_EQ(offered(at, {"check", ""}), (words{"files"}));
  EXPECT_EQ(offered(at, {"graph", "h"}), (words{"files", "hello-1"}));
  EXPECT_EQ(offered(at, {"jobs", "--store", ""}), (words{"directories"}));
}

TEST(completion, a_signal_that_is_waited_for_is_offered) {
  const auto room = folder{};
  const auto file = room.write("ask.yaml", "job: ask\ntasks: [{name: t, agent: asks}]\n");
  auto running = process{own_command({"run", file, "--id", "ask", "--store", room / "s", "-v"})};
  ASSERT_TRUE(running.says("waits for signal"));
  const auto x = run(own_command({"__complete", "signal", "--store", room / "s", "ask", ""}));
  EXPECT_EQ(x.out, "words\napprove\ttask t waits for it\n");
}

bool is_installed(const std::string& program) {
  return run({"sh", "-c", "command -v " + program}).code == 0;
}

/// Types each line into a shell, where `<TAB>` is the key, and looks for what it must print.
void expect_completes(const place& at, const std::vector<std::string>& shell) {
  auto how = at.here();
  how.interactive = true;
  auto typed = process{shell, how};
  ASSERT_TRUE(typed.says("ready>"));
  typed.type("dagger ver\t\r");
  EXPECT_TRUE(typed.says("(CAF ")) << "a command";
  typed.type("dagger show hel\t\r");
  EXPECT_TRUE(typed.says("job hello-1 (hello) completed")) << "an id";
  typed.type("dagger show hello-1 --task gr\t\r");
  EXPECT_TRUE(typed.says("task greet (agent set) completed")) << "a task";
  typed.type("dagger jobs --js\t\r");
  EXPECT_TRUE(typed.says("\"id\": \"hello-1\"")) << "an option";
  typed.type("dagger graph hello-1 --format mer\t\r");
  EXPECT_TRUE(typed.says("flowchart TB")) << "a word";
  typed.type("dagger check hel\t\r");
  EXPECT_TRUE(typed.says("hello.yaml: valid, 1 task")) << "a file";
  typed.type("dagger store info --store run\t\r");
  EXPECT_TRUE(typed.says("held by      nobody")) << "a folder";
  typed.type("dagger graph hello-1 --format=do\t\r");
  EXPECT_TRUE(typed.says("digraph")) << "a word behind =";
  typed.type("exit\r");
  typed.wait();
}

TEST(completion, bash_completes) {
  const auto at = place{};
  at.room.write("rc", "PS1='ready> '\nsource <(dagger completion bash)\n");
  expect_completes(at, {"bash", "--noprofile", "--rcfile", "rc", "-i"});
}

TEST(completion, zsh_completes) {
  if (!is_installed("zsh"))
    GTEST_SKIP() << "zsh is not installed";
  const auto at = place{};
  at.room.write(".zshrc", "PROMPT='ready> '\nautoload -Uz compinit\ncompinit -u\n"
                          "source <(dagger completion zsh)\n");
  expect_completes(at, {"zsh", "-d", "-i"});
}

TEST(completion, fish_completes) {
  if (!is_installed("fish"))
    GTEST_SKIP() << "fish is not installed";
  const auto at = place{};
  std::filesystem::create_directories(at.room.path() / "fish");
  at.room.write("fish/config.fish", "function fish_prompt; printf 'ready> '; end\n"
                                    "function fish_greeting; end\n"
                                    "dagger completion fish | source\n");
  expect_completes(at, {"fish", "-i"});
}

TEST(completion, a_program_of_ones_own_completes_under_its_own_name) {
  const auto x = run(own_command({"completion", "bash"}));
  EXPECT_TRUE(holds(x.out, "complete -F _own_agents own_agents\n"));
  EXPECT_EQ(x.out.find("@PROGRAM@"), std::string::npos);
}

TEST(completion, an_unknown_shell_is_refused) {
  const auto x = call({"completion", "fsih"});
  EXPECT_TRUE(ended_with(x, 2));
  EXPECT_TRUE(holds(x.err, "'fsih' is not one of bash, zsh, fish\n  did you mean 'fish'?"));
}

TEST(manual, it_is_well_formed_and_has_every_command_and_option) {
  const auto page = call({"man"});
  EXPECT_TRUE(ended_with(page, 0));
  EXPECT_TRUE(page.out.starts_with(".TH DAGGER 1 "));
  for (const auto* name : {"run",   "serve",  "signal", "accept",     "reject", "pause",  "cancel",
                           "retry", "purge",  "resume", "flow",       "check",  "graph",  "jobs",
                           "show",  "agents", "store",  "completion", "man",    "version"})
    EXPECT_TRUE(holds(page.out, std::string{".SS dagger "} + name)) << name;
  EXPECT_TRUE(holds(page.out, "\\fB\\-\\-history\\fR"));
  const auto room = folder{};
  const auto file = room.write("dagger.1", page.out);
  if (is_installed("mandoc")) {
    EXPECT_EQ(run({"mandoc", "-T", "lint", "-W", "error", file}).out, "");
  }
  if (!is_installed("man"))
    GTEST_SKIP() << "man is not installed";
  const auto read = run({"man", "--warnings", "-E", "UTF-8", "-l", file},
                        {.environment = {{"LC_ALL", "C.UTF-8"}, {"MANPAGER", "cat"}}});
  EXPECT_TRUE(ended_with(read, 0));
  EXPECT_EQ(read.err, "");
  EXPECT_TRUE(holds(read.out, "dagger show ID [OPTION]..."));
}

} // namespace
