// A job that kills its own process in the middle. Start it twice: the second run does not repeat
// what the first one completed, and finishes the rest. Each start of a step leaves a line in a
// ledger outside the store.
//
//   crash run examples/crash/crash.yaml -i ledger=ledger.txt --store runs.db --id twice   # dies
//   crash run examples/crash/crash.yaml -i ledger=ledger.txt --store runs.db --id twice   # done
#include <dagger/dagger.hpp>

#include <csignal>
#include <fstream>

using dagger::json;

namespace {

dagger::outcome step(dagger::task& self, const json& in) {
  auto ledger = std::ofstream{in["ledger"].get<std::string>(), std::ios::app};
  ledger << self.name() << ", attempt " << self.attempt() << std::endl;
  if (!ledger)
    return dagger::failure{.code = "crash.no_ledger",
                           .message = "cannot write to " + in["ledger"].get<std::string>()};
  // A start is counted on disk before it happens: the next run knows that this one was tried.
  if (in.value("deadly", false) && self.attempt() == 1)
    std::raise(SIGKILL);
  return json{{"attempts", self.attempt()}};
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({
      .name = "step",
      .description = "Writes a line into a ledger; a deadly one kills the process at its first try",
      .input = R"({
        "type": "object",
        "required": ["ledger"],
        "properties": {"ledger": {"type": "string"}, "deadly": {"type": "boolean"}}
      })"_json,
      .run = step,
    });
  });
}
