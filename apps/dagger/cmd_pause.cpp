// `dagger pause`: nothing new of a job starts until it is resumed.
#include "acting.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct pause_arguments {
  std::string store;
  actors::control_pause what;
};

} // namespace

action declare_pause(options& to) {
  auto given = std::make_shared<pause_arguments>();
  to.argument(given->what.job, "ID", "The id of the job");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) { return act_and_tell(self, given->store, "pause", given->what); };
}

} // namespace dagger::apps
