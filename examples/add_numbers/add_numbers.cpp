// A flow whose actions are functions of this program: each gets its inputs by name and returns its
// outputs by name.
//
//   add_numbers run examples/add_numbers/add_numbers.yaml -i num1=10 -i num2=20
#include <dagger/dagger.hpp>

using dagger::json;

namespace {

constexpr auto two_numbers = R"({"type": "object", "required": ["num1", "num2"], "properties": {
  "num1": {"type": "number"}, "num2": {"type": "number"}}, "additionalProperties": false})";

void add_agents(dagger::engine& engine) {
  const auto takes = json::parse(two_numbers);
  const auto gives = json{{"type", "object"}, {"required", {"sum"}}};
  engine.add({.name = "add_numbers",
              .description = "The sum of two numbers",
              .input = takes,
              .output = gives,
              .cooperative = true,
              .run = [](dagger::task&, const json& in) -> dagger::outcome {
                return json{{"sum", in["num1"].get<double>() + in["num2"].get<double>()}};
              }});
  engine.add({.name = "square",
              .description = "A number multiplied by itself",
              .cooperative = true,
              .run = [](dagger::task&, const json& in) -> dagger::outcome {
                const auto x = in["number"].get<double>();
                return json{{"squared", x * x}};
              }});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, add_agents);
}
