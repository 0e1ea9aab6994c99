// `dagger resume`: goes on with a job of a store.
#include "following.hpp"
#include "store_access.hpp"

#include <dagger/codec/nearest.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct resume_options {
  std::string store;
  follow_options follow;
};

exit_code resume(program& self, resume_options& given) {
  const auto place = needed_store(given.store);
  auto there = place ? must_exist(*place) : result<void>{fail(place.error())};
  if (there)
    there = can_hold_store(*place);
  if (!there) {
    self.out.complain(there.error());
    return exit_code::usage;
  }
  given.follow.store = *place;
  return follow(self, given.follow, [&](engine& runs) { return runs.resume(given.follow.id); });
}

} // namespace

action declare_resume(options& to) {
  auto given = std::make_shared<resume_options>();
  given->follow.command = "resume";
  to.argument(given->follow.id, "ID", "The id of the job");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  to.time_span(
    given->follow.timeout, "--timeout",
    "Stops after this time (250ms, 5s, 10m, 1h) with exit code 3; the job can go on later");
  to.flag(given->follow.json, "--json", "Prints id, state, outputs and tasks as JSON");
  to.flag(given->follow.verbose, "-v,--verbose", "A line on standard error for each event");
  return [given](program& self) { return resume(self, *given); };
}

} // namespace dagger::apps
