// The list of the built-in agents.
#include <dagger/actions/builtin.hpp>
#include <dagger/actions/children.hpp>
#include <dagger/actions/fail.hpp>
#include <dagger/actions/files.hpp>
#include <dagger/actions/http.hpp>
#include <dagger/actions/lua.hpp>
#include <dagger/actions/parts.hpp>
#include <dagger/actions/publish.hpp>
#include <dagger/actions/set.hpp>
#include <dagger/actions/shell.hpp>
#include <dagger/actions/sleep.hpp>
#include <dagger/actors/engine_impl.hpp>

namespace dagger {

void add_builtin_agents(engine& to) {
  const auto& store = to.internals().options().store;
  auto notes = std::make_shared<actions::children>(actions::children_file(store));
  to.add(actions::set());
  to.add(actions::sleep());
  to.add(actions::fail());
  to.add(actions::for_each());
  to.add(actions::repeat());
  to.add(actions::sub_flow());
  to.add(actions::shell(std::move(notes)));
  to.add(actions::read_file());
  to.add(actions::write_file());
  to.add(actions::glob());
  to.add(actions::lua());
  to.add(actions::http());
  to.add(actions::publish());
  to.add(actions::wait_for());
}

} // namespace dagger
