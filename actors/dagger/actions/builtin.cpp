// The list of the built-in agents.
#include <dagger/actions/builtin.hpp>
#include <dagger/actions/fail.hpp>
#include <dagger/actions/set.hpp>
#include <dagger/actions/sleep.hpp>

namespace dagger {

void add_builtin_agents(engine& to) {
  to.add(actions::set());
  to.add(actions::sleep());
  to.add(actions::fail());
}

} // namespace dagger
