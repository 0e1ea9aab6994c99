// The agent `set`.
#include <dagger/actions/set.hpp>

namespace dagger::actions {

agent set() {
  auto made = agent{};
  made.name = "set";
  made.description = "Returns its inputs as its outputs";
  made.version = "1";
  made.input = {{"type", "object"}};
  made.output = {{"type", "object"}};
  made.cooperative = true;
  made.run = [](task&, const json& input) -> outcome { return input; };
  return made;
}

} // namespace dagger::actions
