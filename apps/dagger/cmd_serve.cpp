// `dagger serve`: holds a store and works on everything in it until somebody stops it.
#include "catalogue.hpp"
#include "ending.hpp"
#include "job_file.hpp"
#include "store_access.hpp"
#include "waiting.hpp"
#include "work_board.hpp"

#include <algorithm>
#include <memory>
#include <unistd.h>
#include <vector>

namespace dagger::apps {

namespace {

using namespace std::chrono_literals;

/// As often as an eye wants it.
constexpr auto look_interval = 100ms;

struct serve_arguments {
  std::string store;
  std::vector<std::string> files;
  std::optional<std::uint64_t> parallel;
  bool verbose = false;
};

/// What the files come to.
struct served {
  std::vector<plan::job_spec> jobs;
  /// Those that messages start.
  std::vector<std::shared_ptr<const graph::spec>> triggered;
};

using specs = tl::expected<served, std::vector<error>>;

void add(std::vector<error>& to, std::vector<error> more) {
  to.insert(to.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Messages start the file. What is wrong with the inputs that they say sends them to the dead
/// letters.
subscription start_by_messages(engine& in, const std::shared_ptr<const graph::spec>& file) {
  const auto& rule = *file->trigger;
  auto how = trigger_options{};
  how.name = rule.group.empty() ? file->name : rule.group;
  how.input = rule.input.empty() ? "message.data" : rule.input;
  if (const auto from = log::start_from(rule.from.empty() ? "new" : rule.from))
    how.from = *from;
  how.make = [file](const json& input, const std::string& id) {
    auto made = job_from_here(*file, input.is_null() ? json::object() : input, id);
    if (!made)
      throw made.error().front();
    return std::move(*made);
  };
  return in.on(rule.channel, std::move(how));
}

/// The files, those without a trigger as jobs with their names as ids, or everything that is wrong
/// with the command.
specs read_files(program& self, const serve_arguments& given, const std::filesystem::path& place) {
  auto problems = std::vector<error>{};
  if (auto usable = can_hold_store(place); !usable)
    problems.push_back(std::move(usable.error()));
  const auto agents = catalogue::of(self);
  const auto known = agents.known();
  auto made = served{};
  for (const auto& name : given.files) {
    auto loaded = load_job_file(name, {.agents = known});
    warn(self.out, loaded.warnings);
    add(problems, std::move(loaded.problems));
    if (!loaded.file)
      continue;
    const auto id = loaded.file->name;
    if (loaded.file->trigger) {
      made.triggered.push_back(std::make_shared<const graph::spec>(std::move(*loaded.file)));
      continue;
    }
    auto job = job_from_here(*loaded.file, json::object(), id);
    auto wrong = job ? std::vector<error>{} : std::move(job.error());
    if (std::ranges::find(made.jobs, id, &plan::job_spec::id) != made.jobs.end())
      wrong.emplace_back(code::conflict, "another file has the name '" + id + "' as well");
    for (auto& x : wrong)
      x.where = x.where.empty() ? name : name + ": " + x.where;
    if (wrong.empty())
      made.jobs.push_back(std::move(*job));
    add(problems, std::move(wrong));
  }
  if (!problems.empty())
    return tl::unexpected(std::move(problems));
  return made;
}

/// Hands those in that are not in the store yet. Throws what the engine refuses.
void submit(engine& to, std::vector<plan::job_spec> jobs) {
  auto handed_in = std::vector<submission>{};
  for (auto& x : jobs) {
    const auto there = plan::find_job(*to.read(), x.id);
    if (!there)
      throw there.error();
    if (!*there)
      handed_in.push_back(to.submit(std::move(x)));
  }
  for (const auto& x : handed_in)
    x.accepted().get();
}

std::size_t unfinished_in(store::view& v) {
  auto n = std::size_t{0};
  // Only for people: what cannot be read is told elsewhere.
  (void)plan::list_jobs(v, [&](const plan::job_status& x) {
    n += finished(x.state) ? 0 : 1;
    return true;
  });
  return n;
}

/// Until a signal comes or the engine breaks.
void work(engine& runs, work_board& board, const interrupts& signals) {
  const auto changed = bell{};
  runs.on_events([changed] { changed.ring(); });
  changed.ring(); // for what has happened since the last look
  auto next = steady_time{};
  while (!runs.broken()) {
    const auto present = std::chrono::steady_clock::now();
    const bool listens = !board.wanted() || present >= next;
    auto what = wakeups{signals, -1, listens ? changed.descriptor() : -1, {}, {}};
    if (!listens)
      what.redraw = next;
    const auto reason = wait(what);
    if (reason == woken_by::signal)
      break;
    if (reason != woken_by::change)
      continue;
    changed.hush();
    if (board.wanted())
      board.look(*runs.read());
    next = std::chrono::steady_clock::now() + look_interval;
  }
  runs.on_events(nullptr);
}

exit_code serve(program& self, const serve_arguments& given) {
  const auto place = needed_store(given.store);
  if (!place) {
    self.out.complain(place.error());
    return exit_code::usage;
  }
  auto files = read_files(self, given, *place);
  if (!files) {
    self.out.complain(files.error());
    return exit_code::usage;
  }
  const auto signals = interrupts{};
  const auto damage = damage_watch{*place};
  const bool live = self.out.is_terminal(STDERR_FILENO);
  auto how = engine_options{};
  how.store = *place;
  how.holder = self.name + " serve";
  how.max_slots = static_cast<std::uint32_t>(
    std::min<std::uint64_t>(given.parallel.value_or(0), limits::max_slots));
  auto runs = engine{std::move(how)};
  {
    auto board =
      work_board{self.out, live, given.verbose, answer_door{self.name, {}, *place}, *runs.read()};
    add_all_agents(self, runs);
    submit(runs, std::move(files->jobs));
    auto triggers = std::vector<subscription>{};
    for (const auto& file : files->triggered)
      triggers.push_back(start_by_messages(runs, file));
    if (live || given.verbose)
      self.out.note("serving " + place->string() + "; Ctrl-C stops");
    if (board.wanted())
      board.look(*runs.read());
    work(runs, board, signals);
  }
  if (const auto why = runs.broken()) {
    self.out.complain(*why);
    return exit_code::store;
  }
  if (const auto why = runs.full()) {
    self.out.complain(not_written(*why, "go on: " + self.name + " serve" + as_option(*place)));
    return exit_code::store;
  }
  if (live || given.verbose)
    self.out.note("stopping; " + std::to_string(unfinished_in(*runs.read()))
                  + " jobs are unfinished; once more ends at once\n  go on: " + self.name + " serve"
                  + as_option(*place));
  return exit_code::done;
}

} // namespace

action declare_serve(options& to) {
  auto given = std::make_shared<serve_arguments>();
  to.arguments(
    given->files, "FILE",
    "Flow and job files; each is submitted as a job with its name as the id, if there is "
    "none of that id yet; those with a `trigger` are started by messages",
    false);
  to.value(given->store, "--store", "DIR", "What is served; default: $DAGGER_STORE");
  to.number(given->parallel, "--parallel",
            "No blocking agent works on more than N tasks at once, whatever it says itself");
  to.flag(given->verbose, "-v,--verbose", "A line on standard error for each event");
  return [given](program& self) { return serve(self, *given); };
}

} // namespace dagger::apps
