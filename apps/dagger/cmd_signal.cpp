// `dagger signal`: answers a task that waits for one.
#include "acting.hpp"
#include "given_value.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct signal_arguments {
  std::string store;
  std::string value;
  actors::control_signal what;
};

exit_code signal(program& self, signal_arguments& given) {
  if (!given.value.empty()) {
    auto value = read_value(given.value);
    if (!value) {
      self.out.complain(value.error());
      return exit_code::usage;
    }
    given.what.value = std::move(*value);
  }
  return act_and_tell(self, given.store, "signal", given.what);
}

} // namespace

action declare_signal(options& to) {
  auto given = std::make_shared<signal_arguments>();
  given->what.queue = false;
  to.argument(given->what.job, "ID", "The id of the job");
  to.argument(given->what.name, "NAME", "The name of the signal");
  to.argument(given->value, "JSON", "Its value; - reads it from standard input; default: null",
              false);
  to.flag(given->what.queue, "--queue",
          "Keeps it for the next task that waits for it if none does now; else that is refused");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) { return signal(self, *given); };
}

} // namespace dagger::apps
