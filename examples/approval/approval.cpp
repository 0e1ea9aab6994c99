// A task that waits for a person. No thread is held meanwhile, and the wait outlives the process.
// If nobody answers in time, the deadline gives an answer of its own.
//
//   approval run examples/approval/approval.yaml -i amount=1200 --store runs.db --id trip
//   approval signal trip approve '{"ok": true, "by": "ada"}' --store runs.db   # another terminal
#include <dagger/dagger.hpp>

using dagger::json;

namespace {

const json answer = R"({
  "type": "object",
  "required": ["ok"],
  "properties": {"ok": {"type": "boolean"}, "by": {"type": "string"}}
})"_json;

dagger::outcome ask(dagger::task& self, const json& in) {
  if (self.first_visit()) {
    self.set_summary("waits for a word on " + in["amount"].dump());
    return self.wait(dagger::condition::signal("approve", answer),
                     {.deadline = dagger::duration{in["patience_ms"].get<int>()},
                      .default_answer = {{"ok", false}, {"by", "the deadline"}}});
  }
  return self.answer();
}

dagger::outcome pay(dagger::task& self, const json& in) {
  const auto& decision = self.dependency_on("ask").output;
  const auto by = decision.value("by", "somebody");
  if (decision["ok"] == false)
    return json{{"paid", 0}, {"why", "refused by " + by}};
  return json{{"paid", in["amount"]}, {"why", "approved by " + by}};
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({
      .name = "clerk",
      .description = "Asks a person, and says what the answer was",
      .input = R"({
        "type": "object",
        "required": ["amount", "patience_ms"],
        "properties": {
          "amount": {"type": "number", "minimum": 0},
          "patience_ms": {"type": "integer", "minimum": 1, "maximum": 1000000000}
        }
      })"_json,
      // A signal that was sent before anybody waited has not been held against the schema of the
      // wait; what breaks this one is invalid_output.
      .output = answer,
      .run = ask,
    });
    engine.add({
      .name = "cashier",
      .description = "Pays what has been approved",
      .run = pay,
    });
  });
}
