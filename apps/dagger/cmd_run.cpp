// `dagger run`: a job file to its end. Nothing runs, and no store is made, unless everything that
// was given is right.
#include "catalogue.hpp"
#include "following.hpp"
#include "job_file.hpp"
#include "job_inputs.hpp"
#include "store_access.hpp"

#include <array>
#include <memory>
#include <random>
#include <vector>

namespace dagger::apps {

namespace {

/// Of the name in a made id; the rest of the 128 bytes is for the suffix.
constexpr std::size_t id_name_bytes = 100;

struct run_options {
  std::string file;
  std::vector<std::string> inputs;
  std::string inputs_file;
  std::string store;
  std::optional<std::uint64_t> parallel;
  bool no_cache = false;
  follow_options follow;
};

/// NAME-XXXXXXXXXX, with what an id must not have made '-'.
std::string made_id(const std::string& name) {
  auto id = std::string{};
  for (const char c : name.substr(0, id_name_bytes)) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                   || c == '_' || c == '-';
    id += fine ? c : '-';
  }
  id += '-';
  constexpr std::string_view letters = "0123456789abcdefghijkmnpqrstuvwxyz";
  auto source = std::random_device{};
  auto pick = std::uniform_int_distribution<std::size_t>{0, letters.size() - 1};
  for (auto i = 0; i < 10; ++i)
    id += letters[pick(source)];
  return id;
}

void add(std::vector<error>& to, std::vector<error> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Outputs are kept for later runs; in memory there are none.
void warn_of_short_memory(std::vector<error>& to, const graph::spec& file) {
  for (auto i = std::size_t{0}; i < file.nodes.size(); ++i)
    if (file.nodes[i].cache)
      return to.push_back(graph::error_at(file, graph::node_pointer(file, i, "/cache"),
                                          {code::invalid_input,
                                           "without a store nothing is kept for the next run",
                                           {},
                                           "add --store DIR"}));
  for (auto& x : file.flows)
    warn_of_short_memory(to, *x);
}

/// The job as it is to be submitted, or everything that is wrong with the command.
tl::expected<plan::job_spec, std::vector<error>> job_of(const program& self, run_options& given,
                                                        std::vector<error>& warnings) {
  auto problems = std::vector<error>{};
  if (given.follow.store)
    if (auto usable = can_hold_store(*given.follow.store); !usable)
      problems.push_back(std::move(usable.error()));
  auto values = read_inputs(given.inputs_file, given.inputs);
  if (!values)
    add(problems, std::move(values.error()));
  const auto agents = catalogue::of(self);
  const auto known = agents.known();
  auto loaded = load_job_file(given.file, {.agents = known});
  add(problems, std::move(loaded.problems));
  add(warnings, std::move(loaded.warnings));
  if (!loaded.file || !values)
    return tl::unexpected(std::move(problems));
  if (!given.follow.store)
    warn_of_short_memory(warnings, *loaded.file);
  auto id = given.follow.id.empty() ? made_id(loaded.file->name) : given.follow.id;
  if (given.follow.step)
    loaded.file = graph::without_times(*loaded.file);
  auto made = job_from_here(*loaded.file, *values, std::move(id));
  if (!made)
    add(problems, std::move(made.error()));
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  if (given.follow.step)
    made->limits.running = 1;
  return made;
}

/// A run that a person goes through begins, goes on and ends with the process.
std::vector<error> problems_of_step(const run_options& given) {
  auto found = std::vector<error>{};
  if (given.follow.step && !given.store.empty())
    found.push_back(
      {code::misuse, "--step goes through runs in memory only", {}, "leave --store out"});
  if (given.follow.step && given.inputs_file == "-")
    found.push_back({code::misuse,
                     "--step and --inputs - both want standard input",
                     {},
                     "give the inputs in a file, or with -i"});
  return found;
}

exit_code run(program& self, run_options& given) {
  if (const auto wrong = problems_of_step(given); !wrong.empty()) {
    self.out.complain(wrong);
    return exit_code::usage;
  }
  if (!given.follow.step)
    given.follow.store = chosen_store(given.store);
  given.follow.reuse_outputs = !given.no_cache;
  given.follow.max_slots = static_cast<std::uint32_t>(
    std::min<std::uint64_t>(given.parallel.value_or(0), limits::max_slots));
  auto warnings = std::vector<error>{};
  auto job = job_of(self, given, warnings);
  if (!job)
    self.out.complain(job.error());
  warn(self.out, warnings);
  if (!job)
    return exit_code::usage;
  given.follow.id = job->id;
  return follow(self, given.follow, [&](engine& runs) { return runs.submit(std::move(*job)); });
}

} // namespace

action declare_run(options& to) {
  auto given = std::make_shared<run_options>();
  given->follow.command = "run";
  to.argument(given->file, "FILE", "A job file");
  to.values(given->inputs, "-i,--input", "name=value",
            "A value of an input: JSON if it is JSON, else a text; may be repeated");
  to.value(given->inputs_file, "--inputs", "FILE|-",
           "A JSON object with values of inputs; -i wins over it");
  to.value(given->store, "--store", "DIR",
           "Where the job is kept; default: $DAGGER_STORE, else in memory");
  to.value(given->follow.id, "--id", "ID",
           "Of the job; an unfinished one goes on, a finished one prints its result again");
  to.number(given->parallel, "--parallel",
            "No blocking agent works on more than N tasks at once, whatever it says itself");
  to.time_span(
    given->follow.timeout, "--timeout",
    "Stops after this time (250ms, 5s, 10m, 1h) with exit code 3; the job can go on later");
  to.flag(given->no_cache, "--no-cache",
          "Runs nodes with `cache` whatever is known of equal calls; keeps what they return");
  to.flag(given->follow.step, "--step",
          "Stops before each task and reads from standard input what to do: list, run, skip, "
          "inspect, outputs, continue, quit, help. The end of the input is quit: exit code 130. "
          "One at a time, without time-outs, in memory");
  to.flag(given->follow.json, "--json",
          "Prints id, state, outputs and tasks (of a flow: nodes) as JSON");
  to.flag(given->follow.verbose, "-v,--verbose", "A line on standard error for each event");
  return [given](program& self) { return run(self, *given); };
}

} // namespace dagger::apps
