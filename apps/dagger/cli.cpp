// `dagger::cli`: finds the subcommand, runs it, turns what it meets into an exit code.
#include "command.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace dagger {

namespace apps {

const std::vector<command>& commands() {
  static const auto all = std::vector<command>{
    {"run", "Runs a job file to its end and prints its outputs",
     "run hello.yaml -i name=world --store runs.db --id hello-1", declare_run},
    {"resume", "Goes on with an unfinished job of a store", "resume hello-1 --store runs.db",
     declare_resume},
    {"check", "Checks job files and prints all problems", "check jobs/*.yaml", declare_check},
    {"graph", "Draws a job file, or a job with states, durations and attempts",
     "graph hello.yaml --format svg -o hello.svg", declare_graph},
    {"jobs", "Lists the jobs of a store", "jobs --store runs.db --state failed --since 1d",
     declare_jobs},
    {"show", "Shows one job: tasks, attempts, errors, history",
     "show hello-1 --store runs.db --history", declare_show},
    {"agents", "Lists the agents of this program, with their schemas", "agents --json",
     declare_agents},
    {"store", "Looks into a store, checks, copies or compacts it",
     "store backup copy.db --store runs.db", declare_store},
    {"version", "Prints the versions of dagger and what it is made of", "version --json",
     declare_version},
  };
  return all;
}

namespace {

std::string overview(const program& self) {
  auto text = "usage: " + self.name + " COMMAND [OPTION]...\n\n";
  for (const auto& x : commands()) {
    auto name = std::string{x.name};
    name.resize(10, ' ');
    text += "  " + name + std::string{x.summary} + "\n";
  }
  return text + "\n" + self.name + " COMMAND --help tells more and shows an example.\n";
}

const command* find(std::string_view name) {
  const auto it = std::ranges::find(commands(), name, &command::name);
  return it == commands().end() ? nullptr : &*it;
}

exit_code unknown(program& self, const std::string& word) {
  auto names = std::vector<std::string>{};
  for (const auto& x : commands())
    names.emplace_back(x.name);
  auto hint = did_you_mean(word, names);
  if (hint.empty())
    hint = self.name + " --help lists all commands";
  self.out.complain({code::invalid_input, "unknown command '" + word + "'", self.name, hint});
  return exit_code::usage;
}

exit_code run_command(program& self, const command& which, std::vector<std::string> words) {
  auto arguments =
    options{self.name, which.name, which.summary, self.name + " " + std::string{which.example}};
  auto color_word = std::string{"auto"};
  const auto work = which.declare(arguments);
  arguments.one_of(color_word, "--color", {"auto", "always", "never"},
                   "When to colour; auto: on terminals, unless NO_COLOR is set");
  const auto read = arguments.parse(std::move(words));
  if (!read) {
    self.out.complain(read.error());
    return exit_code::usage;
  }
  if (!*read) {
    self.out.print(arguments.help());
    return exit_code::done;
  }
  self.out.use(color_word == "always"  ? color::always
               : color_word == "never" ? color::never
                                       : color::automatic);
  return work(self);
}

exit_code dispatch(program& self, std::vector<std::string> words) {
  if (words.empty()) {
    auto text = overview(self);
    text.pop_back(); // `note` ends its line
    self.out.note(text);
    return exit_code::usage;
  }
  auto word = words.front();
  words.erase(words.begin());
  if (word == "help" && !words.empty()) {
    word = words.front();
    words = {"--help"};
  }
  if (word == "help" || word == "--help" || word == "-h") {
    self.out.print(overview(self));
    return exit_code::done;
  }
  if (word == "--version")
    word = "version";
  const auto* which = find(word);
  return which ? run_command(self, *which, std::move(words)) : unknown(self, word);
}

/// No exception leaves: the engine's become exit codes.
exit_code guarded(program& self, std::vector<std::string> words) {
  try {
    return dispatch(self, std::move(words));
  } catch (const error& x) {
    self.out.complain(x);
    return code_of(x);
  } catch (const std::exception& x) {
    self.out.complain({code::exception, x.what()});
    return exit_code::failed;
  }
}

std::ptrdiff_t threads() {
  auto failed = std::error_code{};
  const auto all = std::filesystem::directory_iterator{"/proc/self/task", failed};
  return failed ? 0 : std::distance(begin(all), end(all));
}

} // namespace

} // namespace apps

int cli(int argc, char** argv, const setup& add_agents) {
  using namespace apps;
  // A reader that goes away is an error of `write`, not the end of a job; so is a file that
  // becomes larger than `ulimit -f` allows.
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
  const auto threads_before = threads();
  auto out = console{};
  auto name = argc > 0 ? std::filesystem::path{argv[0]}.filename().string() : std::string{};
  auto self = program{name.empty() ? "dagger" : name, out, add_agents};
  auto words = std::vector<std::string>(argv + std::min(argc, 1), argv + argc);
  auto end = static_cast<int>(guarded(self, std::move(words)));
  if (const auto broken = out.flush()) {
    out.complain(*broken);
    end = end == 0 ? static_cast<int>(exit_code::failed) : end;
  }
  // Functions that ignored their stop token still run: without them, or not at all.
  if (threads() > threads_before)
    ::_exit(end);
  return end;
}

} // namespace dagger
