// The `dagger` command: the subcommands with the built-in agents, and nothing else.
#include <dagger/cli.hpp>

int main(int argc, char** argv) {
  return dagger::cli(argc, argv);
}
