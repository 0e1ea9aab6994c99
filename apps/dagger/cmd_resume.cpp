// `dagger resume`: goes on with a job of a store, or lets the engine go on that serves it.
#include "acting.hpp"
#include "following.hpp"
#include "store_access.hpp"

#include <dagger/store/lock.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct resume_options {
  std::string store;
  follow_options follow;
};

/// A `serve` works on whatever is in its store; any other holder on its own job only.
bool serves(const std::string& holder) {
  return holder.find(" serve)") != holder.npos;
}

exit_code refuse(program& self, const error& why) {
  self.out.complain(why);
  return code_of(why);
}

exit_code resume(program& self, resume_options& given) {
  const auto place = acted_on(given.store);
  if (!place)
    return refuse(self, place.error());
  if (auto usable = can_hold_store(*place); !usable)
    return refuse(self, usable.error());
  given.follow.store = *place;
  auto end = exit_code::done;
  const auto done = by_whoever_holds(
    *place,
    [&](control_client& line) -> result<void> {
      if (const auto holder = store::holder_of(*place); holder && !serves(*holder))
        return fail(store::in_use(*place, *holder));
      auto followed = follow_there(self, given.follow, line);
      if (!followed)
        return fail(std::move(followed.error()));
      end = *followed;
      return {};
    },
    [&]() -> result<void> {
      try {
        end =
          follow(self, given.follow, [&](engine& runs) { return runs.resume(given.follow.id); });
      } catch (error& why) {
        return fail(std::move(why));
      }
      return {};
    });
  return done ? end : refuse(self, done.error());
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
  to.flag(given->follow.json, "--json",
          "Prints id, state, outputs and tasks (of a flow: nodes) as JSON");
  to.flag(given->follow.verbose, "-v,--verbose", "A line on standard error for each event");
  return [given](program& self) { return resume(self, *given); };
}

} // namespace dagger::apps
