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
};

action declare_agents(options& to);
action declare_check(options& to);
action declare_graph(options& to);
action declare_jobs(options& to);
action declare_resume(options& to);
action declare_run(options& to);
action declare_show(options& to);
action declare_store(options& to);
action declare_version(options& to);

/// All of them, in the order of the help.
const std::vector<command>& commands();

} // namespace dagger::apps
