// What a subcommand is, and the list of them; one file each, cmd_NAME.cpp.
#pragma once

#include "console.hpp"
#include "exit_code.hpp"
#include "options.hpp"

#include <dagger/cli.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// The program that runs: its name, its streams, its agents.
struct program {
  std::string name;
  console& out;
  const setup& add_agents;
  /// Libraries with more agents.
  std::vector<std::string> plugins = {};
};

/// Does the work, after the options are read.
using action = std::function<exit_code(program&)>;

struct command {
  std::string_view name;
  std::string_view summary;
  /// Without the name of the program: "run hello.yaml -i name=world".
  std::string_view example;
  /// Declares the options; what it returns owns their values.
  action (*declare)(options&);
  /// It asks for the agents, so it takes `--plugin`.
  bool needs_agents = false;
};

action declare_accept(options& to);
action declare_agents(options& to);
action declare_cancel(options& to);
action declare_channel(options& to);
action declare_channels(options& to);
action declare_check(options& to);
action declare_completion(options& to);
action declare_flow(options& to);
action declare_graph(options& to);
action declare_jobs(options& to);
action declare_man(options& to);
action declare_pause(options& to);
action declare_publish(options& to);
action declare_purge(options& to);
action declare_redrive(options& to);
action declare_reject(options& to);
action declare_resume(options& to);
action declare_retry(options& to);
action declare_run(options& to);
action declare_serve(options& to);
action declare_show(options& to);
action declare_signal(options& to);
action declare_store(options& to);
action declare_subscribe(options& to);
action declare_version(options& to);

/// All of them, in the order of the help.
const std::vector<command>& commands();

/// A command with its options and those that all have; what is read goes nowhere unless `work` is
/// called.
struct declared_command {
  declared_command(const program& self, const command& which);

  options arguments;
  std::string color = "auto";
  std::vector<std::string> plugins;
  action work;
};

} // namespace dagger::apps
