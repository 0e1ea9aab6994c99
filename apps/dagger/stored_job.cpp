// Finds jobs by id.
#include "stored_job.hpp"

#include "options.hpp"

namespace dagger::apps {

namespace {

/// Ids that are compared when one is not found: the newest, which people mean.
constexpr std::size_t compared_ids = 1'000;

} // namespace

result<plan::job_status> stored_job(store::view& v, const std::string& id,
                                    const std::filesystem::path& directory) {
  auto found = plan::find_job(v, id);
  if (!found)
    return fail(std::move(found.error()));
  if (*found)
    return std::move(**found);
  auto ids = std::vector<std::string>{};
  auto listed = plan::list_jobs(v, [&](const plan::job_status& x) {
    ids.push_back(x.id);
    return ids.size() < compared_ids;
  });
  if (!listed)
    return fail(std::move(listed.error()));
  auto hint = did_you_mean(id, ids);
  if (hint.empty())
    hint = ids.empty() ? "it has no jobs yet" : "dagger jobs lists them all";
  return fail(code::not_found, "there is no job '" + id + "'", directory.string(), hint);
}

} // namespace dagger::apps
