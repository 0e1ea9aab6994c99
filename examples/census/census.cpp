// The demo: surveys a tree of files with a job that grows as it finds folders. Kill it whenever you
// like and start it again with the same store and id: nothing is counted twice.
//
//   census run examples/census/census.yaml -i root=DIR [-i report=FILE] [--store S] [--id I]
#include "agents.hpp"

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add(census::surveyor());
    engine.add(census::counter());
    engine.add(census::matcher());
    engine.add(census::comparer());
    engine.add(census::writer());
  });
}
