// A plugin with two agents: `first`, and `SECOND_NAME`, with which something is wrong.
#include <dagger/dagger.hpp>

DAGGER_PLUGIN(engine) {
  const auto idle = [](dagger::task&, const dagger::json&) -> dagger::outcome {
    return dagger::json{};
  };
  engine.add({.name = "first", .run = idle});
  engine.add({.name = SECOND_NAME, .run = idle});
}
