// The shortest agent, as README.md shows it.
#include <dagger/dagger.hpp>

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add(
      {.name = "greeter", .run = [](dagger::task&, const dagger::json& in) -> dagger::outcome {
         return dagger::json{{"text", "hello " + in["who"].get<std::string>()}};
       }});
  });
}
