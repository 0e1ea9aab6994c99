// A plugin that calls what no library has.
#include <dagger/dagger.hpp>

extern "C" void nowhere_to_be_found();

DAGGER_PLUGIN(engine) {
  engine.add({.name = "never", .run = [](dagger::task&, const dagger::json&) -> dagger::outcome {
                nowhere_to_be_found();
                return dagger::json{};
              }});
}
