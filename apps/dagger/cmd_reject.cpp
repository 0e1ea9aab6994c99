// `dagger reject`: sends a task that is in review back to its agent, or fails it.
#include "acting.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct reject_arguments {
  std::string store;
  actors::control_reject what;
};

} // namespace

action declare_reject(options& to) {
  auto given = std::make_shared<reject_arguments>();
  to.argument(given->what.job, "ID", "The id of the job");
  to.argument(given->what.task, "TASK", "The task that is in review");
  to.argument(given->what.reason, "REASON", "What is wrong with its output; the agent gets it");
  to.flag(given->what.final, "--final", "Fails the task instead of asking its agent again");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) { return act_and_tell(self, given->store, "reject", given->what); };
}

} // namespace dagger::apps
