// `dagger cancel`: ends a job early; twice: at once.
#include "acting.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct cancel_arguments {
  std::string store;
  actors::control_cancel what;
};

} // namespace

action declare_cancel(options& to) {
  auto given = std::make_shared<cancel_arguments>();
  to.argument(given->what.job, "ID",
              "The id of the job; those that it submitted end with it. Running tasks get time "
              "to stop; a second cancel does not wait for them");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) {
    return act_and_tell(self, given->store, "cancel", given->what, next_step::nothing);
  };
}

} // namespace dagger::apps
