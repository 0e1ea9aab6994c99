// The agent `fail`.
#include <dagger/actions/fail.hpp>

namespace dagger::actions {

agent fail() {
  auto made = agent{.name = "fail", .description = "Fails with a message", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"message"}},
                {"properties",
                 {{"message", {{"type", "string"}}},
                  {"code", {{"type", "string"}, {"pattern", "^[A-Za-z][A-Za-z0-9_.-]{0,127}$"}}}}},
                {"additionalProperties", false}};
  made.cooperative = true;
  made.run = [](task&, const json& input) -> outcome {
    return failure{.code = input.value("code", std::string{code::exception}),
                   .message = input["message"].get<std::string>()};
  };
  return made;
}

} // namespace dagger::actions
