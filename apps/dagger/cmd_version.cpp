// `dagger version`.
#include "command.hpp"

#include <dagger/version.hpp>

#include <memory>
#include <string>

namespace dagger::apps {

action declare_version(options& to) {
  auto as_json = std::make_shared<bool>(false);
  to.flag(*as_json, "--json", "Prints JSON");
  return [as_json](program& self) {
    if (*as_json)
      self.out.print_json({{"version", headers_version},
                           {"caf", DAGGER_CAF_VERSION},
                           {"lmdb", DAGGER_LMDB_VERSION},
                           {"compiler", DAGGER_COMPILER}});
    else
      self.out.print(std::string{"dagger "} + headers_version
                     + " (CAF " DAGGER_CAF_VERSION ", LMDB " DAGGER_LMDB_VERSION
                       ", " DAGGER_COMPILER ")\n");
    return exit_code::done;
  };
}

} // namespace dagger::apps
