// `dagger::cli`: finds the subcommand, runs it, turns what it meets into an exit code.
#include "catalogue.hpp"
#include "command.hpp"
#include "completion.hpp"

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
     "run hello.yaml -i name=world --store runs.db --id hello-1", declare_run, true},
    {"serve", "Holds a store and works on all its jobs until it is stopped",
     "serve nightly.yaml --store runs.db -v", declare_serve, true},
    {"resume", "Goes on with an unfinished job of a store", "resume hello-1 --store runs.db",
     declare_resume, true},
    {"signal", "Answers a task that waits for a signal",
     "signal trip-1 approve '{\"by\": \"Ann\"}' --store runs.db", declare_signal},
    {"accept", "Completes a task that is in review", "accept trip-1 draft --store runs.db",
     declare_accept},
    {"reject", "Sends a task that is in review back to its agent, or fails it",
     "reject trip-1 draft 'no figures in it' --store runs.db", declare_reject},
    {"pause", "Starts nothing new of a job until it is resumed", "pause hello-1 --store runs.db",
     declare_pause},
    {"cancel", "Ends a job early; twice: at once", "cancel hello-1 --store runs.db",
     declare_cancel},
    {"retry", "Runs a finished job again: what did not complete, or from a task on",
     "retry hello-1 --from greet --store runs.db", declare_retry, true},
    {"flow", "Changes a run that goes on: adds, removes, disables nodes, sets inputs",
     "flow nightly-7 add-node -f report.yaml --store runs.db", declare_flow, true},
    {"purge", "Forgets finished jobs", "purge hello-1 hello-2 --store runs.db", declare_purge},
    {"check", "Checks job files and prints all problems", "check jobs/*.yaml", declare_check, true},
    {"graph", "Draws a job file, or a job with states, durations and attempts",
     "graph hello.yaml --format svg -o hello.svg", declare_graph},
    {"jobs", "Lists the jobs of a store", "jobs --store runs.db --state failed --since 1d",
     declare_jobs},
    {"show", "Shows one job: tasks, attempts, errors, history",
     "show hello-1 --store runs.db --history", declare_show, true},
    {"publish", "Puts messages into a channel",
     "publish orders.created '{\"id\": 7}' --key customer-3 --store runs.db", declare_publish},
    {"subscribe", "Prints the messages of channels as they come, or runs a command for each",
     "subscribe 'orders.>' --group billing --exec ./bill.sh --store runs.db", declare_subscribe},
    {"channels", "Lists channels: messages, groups, dead letters", "channels --store runs.db",
     declare_channels},
    {"channel", "Sets a channel up, shows or deletes it",
     "channel create orders.created -f orders.yaml --store runs.db", declare_channel},
    {"redrive", "Sends the dead letters of a channel back to it",
     "redrive orders.created --store runs.db", declare_redrive},
    {"agents", "Lists the agents of this program, with their schemas", "agents --json",
     declare_agents, true},
    {"store", "Looks into a store, checks, copies or compacts it",
     "store backup copy.db --store runs.db", declare_store},
    {"completion", "Prints a script that completes command lines in a shell",
     "completion bash > /etc/bash_completion.d/dagger", declare_completion},
    {"man", "Prints the manual page", "man | man -l -", declare_man},
    {"version", "Prints the versions of dagger and what it is made of", "version --json",
     declare_version},
  };
  return all;
}

declared_command::declared_command(const program& self, const command& which)
  : arguments(self.name, which.name, which.summary, self.name + " " + std::string{which.example}),
    work(which.declare(arguments)) {
  if (which.needs_agents)
    arguments.values(plugins, "--plugin", "LIB",
                     "A shared library with more agents, by its path; may be repeated");
  arguments.one_of(color, "--color", {"auto", "always", "never"},
                   "When to colour; auto: on terminals, unless NO_COLOR is set");
}

namespace {

std::string overview(const program& self) {
  auto text = "usage: " + self.name + " COMMAND [OPTION]...\n\n";
  for (const auto& x : commands()) {
    auto name = std::string{x.name};
    name.resize(12, ' ');
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
  auto declared = declared_command{self, which};
  const auto read = declared.arguments.parse(std::move(words));
  if (!read) {
    self.out.complain(read.error());
    return exit_code::usage;
  }
  if (!*read) {
    self.out.print(declared.arguments.help());
    return exit_code::done;
  }
  self.out.use(declared.color == "always"  ? color::always
               : declared.color == "never" ? color::never
                                           : color::automatic);
  self.plugins = declared.plugins;
  // What is wrong with a plugin is told before a store is opened.
  if (!self.plugins.empty())
    catalogue::of(self);
  return declared.work(self);
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
  if (word == completion_word)
    return complete(self, words);
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
