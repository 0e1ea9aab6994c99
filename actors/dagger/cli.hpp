// The `dagger` command for your own agents.
#pragma once

#include <dagger/engine.hpp>

#include <functional>

namespace dagger {

/// Adds a program's agents to the engine that a subcommand has made.
using setup = std::function<void(engine&)>;

/// Gives a program every subcommand of `dagger` (run, check, graph, jobs, show, ...) with its own
/// agents. Returns the exit code; ends with `_exit` where threads had to be left behind. Link
/// `dagger::cli`.
int cli(int argc, char** argv, const setup& add_agents = {});

} // namespace dagger
