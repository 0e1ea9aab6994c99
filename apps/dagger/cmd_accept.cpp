// `dagger accept`: completes a task that is in review.
#include "acting.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct accept_arguments {
  std::string store;
  actors::control_accept what;
};

} // namespace

action declare_accept(options& to) {
  auto given = std::make_shared<accept_arguments>();
  to.argument(given->what.job, "ID", "The id of the job");
  to.argument(given->what.task, "TASK", "The task that is in review");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) { return act_and_tell(self, given->store, "accept", given->what); };
}

} // namespace dagger::apps
