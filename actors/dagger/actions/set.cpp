// The agent `set`.
#include <dagger/actions/set.hpp>

namespace dagger::actions {

agent set() {
  auto made =
    agent{.name = "set", .description = "Returns its inputs as its outputs", .version = "1"};
  made.input = {{"type", "object"}};
  made.output = {{"type", "object"}};
  made.cooperative = true;
  made.run = [](task&, const json& input) -> outcome { return input; };
  return made;
}

} // namespace dagger::actions
