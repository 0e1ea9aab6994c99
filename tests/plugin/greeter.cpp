// A plugin that is as it should be; built once more by another standard, which it must not be.
#include <dagger/dagger.hpp>

#include <string>

namespace {

using dagger::json;

dagger::outcome greet(dagger::task&, const json& input) {
  const auto name = input["name"].get<std::string>();
  if (name == "nobody")
    throw dagger::error{"greeter.nobody", "there is nobody to greet"};
  return json{{"text", "hello, " + name}};
}

} // namespace

DAGGER_PLUGIN(engine) {
  engine.add({
    .name = "greeter",
    .description = "Greets by name",
    .version = "7",
    .input = {{"type", "object"}, {"required", {"name"}}},
    .run = greet,
  });
}
