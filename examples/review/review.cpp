// An output that a person must accept. A rejection sends the task back to its agent with a reason,
// which the next draft heeds; what comes after the task waits until somebody accepts.
//
//   review run examples/review/review.yaml --store runs.db --id offer
//   review reject offer letter "what about the price?" --store runs.db    # another terminal
//   review accept offer letter --store runs.db
#include <dagger/dagger.hpp>

#include <algorithm>

using dagger::json;

namespace {

bool mentions(const std::string& reason, const std::string& word) {
  return reason.find(word) != std::string::npos;
}

/// The facts, one by one, that somebody has asked for.
dagger::outcome draft(dagger::task& self, const json& in) {
  // A feedback is of the last review only: what earlier ones asked for is kept as state.
  auto wanted = self.first_visit() ? in["first"] : self.state();
  if (self.feedback().contains("rejected")) {
    const auto reason = self.feedback()["rejected"].get<std::string>();
    for (const auto& [subject, text] : in["facts"].items())
      if (mentions(reason, subject)
          && std::find(wanted.begin(), wanted.end(), subject) == wanted.end())
        wanted.push_back(subject);
  }
  auto text = "Dear " + in["to"].get<std::string>() + ",";
  for (const auto& subject : wanted)
    text += " " + in["facts"].at(subject.get<std::string>()).get<std::string>();
  return self.review({{"text", text}, {"draft", self.visit()}}, {.state = wanted});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add({
      .name = "letter_writer",
      .description = "Writes letters, and again until a person likes them",
      .input = R"({
        "type": "object",
        "required": ["to", "first", "facts"],
        "properties": {
          "to": {"type": "string"},
          "first": {"type": "array", "items": {"type": "string"}},
          "facts": {"type": "object", "additionalProperties": {"type": "string"}}
        }
      })"_json,
      .output = R"({"type": "object", "required": ["text", "draft"]})"_json,
      .run = draft,
    });
  });
}
