// A journey that cannot be booked whole: what was booked is cancelled, the last first.
//
//   saga run examples/saga/saga.yaml
#include <dagger/dagger.hpp>

#include <fstream>
#include <string>

using dagger::json;
using dagger::outcome;

namespace {

/// A ledger that everybody can look into.
void note(const json& in, const std::string& what) {
  std::ofstream{in["ledger"].get<std::string>(), std::ios::app}
    << what << " " << in["what"].get<std::string>() << "\n";
}

void add_agents(dagger::engine& engine) {
  engine.add({.name = "book", .run = [](dagger::task&, const json& in) -> outcome {
                if (in.value("full", false))
                  return dagger::failure{.code = "journey.full",
                                         .message = "no " + in["what"].get<std::string>(),
                                         .retryable = false};
                note(in, "booked");
                return json{{"number", 7}};
              }});
  // Gets what the node got that it undoes, and what that one has returned.
  engine.add({.name = "cancel", .run = [](dagger::task&, const json& in) -> outcome {
                note(in["inputs"], "cancelled " + in["outputs"]["number"].dump());
                return json::object();
              }});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, add_agents);
}
