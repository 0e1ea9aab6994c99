// The planner: one question becomes several.
#include "agents.hpp"
#include "model.hpp"

namespace deepresearch {

dagger::agent planner() {
  using dagger::json;
  return {
    .name = "planner",
    .description = "Splits a question into smaller ones",
    .input = R"({"type": "object", "required": ["question"],
                 "properties": {"question": {"type": "string", "minLength": 1}}})"_json,
    // A model may answer anything: what breaks this is tried again.
    .output = R"({"type": "object", "required": ["questions"], "properties": {"questions": {
      "type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string"}}}})"_json,
    .concurrency = 4,
    .retry = {.max_attempts = 3},
    .run = [](dagger::task&, const json& in) -> dagger::outcome { return ask_model("split", in); },
  };
}

} // namespace deepresearch
