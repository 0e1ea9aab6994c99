// `dagger retry`: a finished job runs again what did not complete, or from a task on, or with
// another definition of what has not completed.
#include "acting.hpp"
#include "catalogue.hpp"
#include "job_file.hpp"
#include "job_inputs.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace dagger::apps {

namespace {

struct retry_arguments {
  std::string id;
  std::string store;
  std::string from;
  std::string with;
  std::vector<std::string> inputs;
  std::string inputs_file;
};

/// The values that the job was given; null if they cannot be read.
result<json> earlier_inputs(const std::filesystem::path& place, const std::string& id) {
  const auto damage = damage_watch{place};
  const auto opened = open_for_reading(place);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  const auto job = stored_job(*view, id, place);
  if (!job)
    return fail(job.error());
  return plan::load_value(*view, job->number, store::job_itself, store::slot::input, job->inputs);
}

/// What is given wins over what the job had; of that, only what the new file takes counts.
json merged(const graph::spec& file, const json& earlier, json given) {
  for (const auto& x : file.inputs)
    if (earlier.is_object() && earlier.contains(x.name) && !given.contains(x.name))
      given[x.name] = earlier[x.name];
  return given;
}

using definition = tl::expected<std::shared_ptr<const plan::job_spec>, std::vector<error>>;

definition new_definition(program& self, const std::filesystem::path& place,
                          const retry_arguments& given) {
  const auto earlier = earlier_inputs(place, given.id);
  if (!earlier)
    return tl::unexpected(std::vector{earlier.error()});
  auto values = read_inputs(given.inputs_file, given.inputs);
  if (!values)
    return tl::unexpected(std::move(values.error()));
  const auto agents = catalogue::of(self);
  const auto known = agents.known();
  auto loaded = load_job_file(given.with, {.agents = known});
  warn(self.out, loaded.warnings);
  if (!loaded.file)
    return tl::unexpected(std::move(loaded.problems));
  auto made =
    graph::instantiate(*loaded.file, merged(*loaded.file, *earlier, std::move(*values)), given.id);
  if (!made)
    return tl::unexpected(std::move(made.error()));
  if (auto problems = plan::problems(*made); !problems.empty())
    return tl::unexpected(std::move(problems));
  return std::make_shared<const plan::job_spec>(std::move(*made));
}

exit_code refuse(program& self, const std::vector<error>& why) {
  self.out.complain(why);
  return code_of(why.front());
}

exit_code retry(program& self, const retry_arguments& given) {
  const auto place = acted_on(given.store);
  if (!place)
    return refuse(self, {place.error()});
  if (!given.from.empty() && !given.with.empty())
    return refuse(self, {{code::misuse, "--from and --with exclude each other"}});
  if (given.with.empty() && (!given.inputs.empty() || !given.inputs_file.empty()))
    return refuse(self, {{code::misuse,
                          "values of inputs are for a new definition",
                          {},
                          "give its file with --with FILE"}});
  auto what = actors::control_retry{.job = given.id, .from = given.from};
  if (!given.with.empty()) {
    auto made = new_definition(self, *place, given);
    if (!made)
      return refuse(self, made.error());
    what.with = std::move(*made);
  }
  return act_and_tell(self, given.store, "retry", what);
}

} // namespace

action declare_retry(options& to) {
  auto given = std::make_shared<retry_arguments>();
  to.argument(given->id, "ID", "The id of a finished job; what did not complete runs again");
  to.value(given->from, "--from", "TASK",
           "This task and all that comes after it run again, completed or not");
  to.value(given->with, "--with", "FILE",
           "A job file instead of the old one for all tasks that have not completed");
  to.values(given->inputs, "-i,--input", "name=value",
            "With --with: a value of an input; without, that which the job had; may be repeated");
  to.value(given->inputs_file, "--inputs", "FILE|-",
           "With --with: a JSON object with values of inputs; -i wins over it");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  return [given](program& self) { return retry(self, *given); };
}

} // namespace dagger::apps
