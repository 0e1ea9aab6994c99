// An agent that keeps state between the visits of a task: it looks at a file in rounds, and waits
// between them without a thread, until the file has stopped growing. Kill it in between and start
// it again: it goes on with the round in which it was.
//
//   stateful run examples/stateful/stateful.yaml -i file=upload.bin --store runs.db --id upload
#include <dagger/dagger.hpp>

#include <filesystem>

using dagger::json;

namespace {

/// One round: the size now, and for how many rounds it has been the same.
dagger::outcome look(dagger::task& self, const json& in) {
  auto state =
    self.first_visit() ? json{{"bytes", nullptr}, {"same", 0}, {"rounds", 0}} : self.state();
  auto missing = std::error_code{};
  const auto bytes = std::filesystem::file_size(in["file"].get<std::string>(), missing);
  const auto seen = missing ? json{} : json(bytes);
  const auto same = !missing && seen == state["bytes"] ? state["same"].get<int>() + 1 : 0;
  const auto rounds = state["rounds"].get<int>() + 1;
  if (same == in["quiet_rounds"])
    return json{{"bytes", bytes}, {"rounds", rounds}};

  const auto pause = dagger::duration{in["pause_ms"].get<int>()};
  return self.wait(dagger::condition::time(pause),
                   {.state = {{"bytes", seen}, {"same", same}, {"rounds", rounds}}});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({
      .name = "watcher",
      .description = "Waits until a file is there and has stopped growing",
      .input = R"({
        "type": "object",
        "required": ["file", "pause_ms", "quiet_rounds"],
        "properties": {
          "file": {"type": "string"},
          "pause_ms": {"type": "integer", "minimum": 1, "maximum": 3600000},
          "quiet_rounds": {"type": "integer", "minimum": 1, "maximum": 1000}
        }
      })"_json,
      .run = look,
    });
  });
}
