// The smallest agent: one function with schemas for what it takes and returns, and an error code
// of its own. Used from C++ (no arguments) and as a command:
//
//   calculator
//   calculator run examples/calculator/calculator.yaml -i a=20 -i b=4
#include <dagger/dagger.hpp>

#include <iostream>

using dagger::json;

namespace {

void add_agents(dagger::engine& engine) {
  engine.add({
    .name = "calculator",
    .description = "Adds, subtracts, multiplies and divides",
    .input = R"({
      "type": "object",
      "required": ["op", "a", "b"],
      "properties": {
        "op": {"enum": ["add", "sub", "mul", "div"]},
        "a": {"type": "number"},
        "b": {"type": "number"}
      }
    })"_json,
    .output = R"({"type": "object", "required": ["result"],
                  "properties": {"result": {"type": "number"}}})"_json,
    .run = [](dagger::task&, const json& in) -> dagger::outcome {
      const auto op = in["op"].get<std::string>();
      const auto a = in["a"].get<double>();
      const auto b = in["b"].get<double>();
      if (op == "div" && b == 0)
        return dagger::failure{.code = "calculator.division_by_zero",
                               .message = "cannot divide " + in["a"].dump() + " by zero",
                               .retryable = false};
      const auto result = op == "add" ? a + b : op == "sub" ? a - b : op == "mul" ? a * b : a / b;
      return json{{"result", result}};
    },
  });
}

int use_from_cpp() {
  auto engine = dagger::engine{};
  add_agents(engine);

  auto job = dagger::job{"sums"};
  job.add({.name = "sum", .agent = "calculator", .input = {{"op", "add"}, {"a", 40}, {"b", 2}}});
  job.add({.name = "ratio", .agent = "calculator", .input = {{"op", "div"}, {"a", 1}, {"b", 8}}});
  const auto done = engine.submit(job).get();
  std::cout << "40 + 2 = " << done["sum"]["result"] << "\n"
            << "1 / 8 = " << done["ratio"]["result"] << "\n";

  auto wrong = dagger::job{"wrong"};
  wrong.add({.name = "ratio", .agent = "calculator", .input = {{"op", "div"}, {"a", 1}, {"b", 0}}});
  const auto failed = engine.submit(wrong).get();
  if (failed.completed() || !failed.failure())
    return 1;
  std::cout << "1 / 0 : " << failed.failure()->code << ": " << failed.failure()->message << "\n";
  return done.completed() ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
  return argc == 1 ? use_from_cpp() : dagger::cli(argc, argv, add_agents);
}
