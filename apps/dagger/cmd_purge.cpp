// `dagger purge`: forgets finished jobs.
#include "acting.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <memory>
#include <vector>

namespace dagger::apps {

namespace {

struct purge_arguments {
  std::string store;
  std::vector<std::string> ids;
};

/// What speaks against purging them: all or none.
std::vector<error> obstacles(const std::filesystem::path& place,
                             const std::vector<std::string>& ids) {
  const auto damage = damage_watch{place};
  const auto opened = open_for_reading(place);
  if (!opened)
    return {opened.error()};
  const auto view = (*opened)->read();
  auto found = std::vector<error>{};
  for (const auto& id : ids) {
    const auto job = stored_job(*view, id, place);
    if (!job)
      found.push_back(job.error());
    else if (!finished(job->state))
      found.push_back({code::conflict,
                       "job '" + id + "' is " + std::string{to_text(job->state)}
                         + ": only finished jobs can be purged",
                       place.string(), "cancel it first: dagger cancel " + id});
  }
  return found;
}

exit_code purge(program& self, const purge_arguments& given) {
  const auto place = acted_on(given.store);
  auto problems = place ? obstacles(*place, given.ids) : std::vector{place.error()};
  if (problems.empty()) {
    auto all = std::vector<actors::control_request>{};
    for (const auto& id : given.ids)
      all.emplace_back(actors::control_purge{.job = id});
    if (auto done = act(self, *place, "purge", all); !done)
      problems.push_back(std::move(done.error()));
  }
  self.out.complain(problems);
  return problems.empty() ? exit_code::done : code_of(problems.front());
}

} // namespace

action declare_purge(options& to) {
  auto given = std::make_shared<purge_arguments>();
  to.arguments(given->ids, "ID",
               "The ids of finished jobs; if one is not finished, none is purged");
  to.value(given->store, "--store", "DIR", "Where they are; default: $DAGGER_STORE");
  return [given](program& self) { return purge(self, *given); };
}

} // namespace dagger::apps
