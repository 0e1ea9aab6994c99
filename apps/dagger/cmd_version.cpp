// `dagger version`.
#include "command.hpp"

#include <memory>

namespace dagger::apps {

action declare_version(options& to) {
  auto as_json = std::make_shared<bool>(false);
  to.flag(*as_json, "--json", "Prints JSON");
  return [as_json](program& self) {
    if (*as_json)
      self.out.print_json({{"version", DAGGER_VERSION},
                           {"caf", DAGGER_CAF_VERSION},
                           {"lmdb", DAGGER_LMDB_VERSION},
                           {"compiler", DAGGER_COMPILER}});
    else
      self.out.print("dagger " DAGGER_VERSION " (CAF " DAGGER_CAF_VERSION
                     ", LMDB " DAGGER_LMDB_VERSION ", " DAGGER_COMPILER ")\n");
    return exit_code::done;
  };
}

} // namespace dagger::apps
