// A plugin that throws `THROWN` after it has added an agent.
#include <dagger/dagger.hpp>

#include <stdexcept>

DAGGER_PLUGIN(engine) {
  engine.add({.name = "first", .run = [](dagger::task&, const dagger::json&) -> dagger::outcome {
                return dagger::json{};
              }});
  throw THROWN;
}
