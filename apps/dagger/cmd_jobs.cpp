// `dagger jobs`: the list, newest first.
#include "command.hpp"
#include "event_lines.hpp"
#include "shapes.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>
#include <memory>
#include <unistd.h>

namespace dagger::apps {

namespace {

struct jobs_options {
  std::string store;
  std::string state;
  std::string name;
  std::string tag;
  std::string since;
  std::string until;
  std::string before;
  std::optional<std::uint64_t> limit;
  bool json = false;
};

/// Which jobs are listed.
struct filter {
  std::optional<timestamp> since;
  std::optional<timestamp> until;
  /// Only those that came before the one of this number.
  std::uint64_t before = ~std::uint64_t{0};
};

/// A time, or a duration before now.
result<std::optional<timestamp>> time_of(const std::string& text, const char* option) {
  if (text.empty())
    return std::nullopt;
  if (const auto span = parse_duration(text))
    return now() - *span;
  if (const auto time = parse_rfc3339(text))
    return *time;
  return fail(code::invalid_input, "neither a time nor a duration: '" + text + "'", option,
              "write it like 2026-11-20T11:02:52Z or 1d");
}

bool fits(const plan::job_status& x, const jobs_options& given, const filter& which) {
  return x.number < which.before && (!which.until || x.created <= *which.until)
      && (given.state.empty() || given.state == to_text(x.state))
      && (given.name.empty() || given.name == x.name)
      && (given.tag.empty() || std::ranges::find(x.tags, given.tag) != x.tags.end());
}

std::vector<std::string> row_of(const console& out, const plan::job_status& x, bool held) {
  const auto completed = x.counts[static_cast<std::size_t>(task_state::completed)];
  // Nobody works on an unfinished job of a store that nobody holds.
  const auto span = x.ended || held ? human_span(x.created, x.ended, now()) : std::string{"-"};
  return {printable(x.id),
          out.styled(1, style_of(x.state), to_text(x.state)),
          std::to_string(completed) + "/" + std::to_string(x.tasks),
          to_rfc3339(x.created).substr(0, 19) + "Z",
          span,
          printable(x.name)};
}

exit_code refuse(program& self, const error& x) {
  self.out.complain(x);
  return code_of(x);
}

/// The jobs of one page, the newest first, and whether there are more.
struct page {
  std::vector<plan::job_status> jobs;
  bool more = false;
};

result<page> read_page(store::view& v, const std::filesystem::path& place,
                       const jobs_options& given, filter which) {
  if (!given.before.empty()) {
    const auto last = stored_job(v, given.before, place);
    if (!last)
      return fail(last.error());
    which.before = last->number;
  }
  auto made = page{};
  const auto most = given.limit.value_or(~std::uint64_t{0});
  const auto listed = plan::list_jobs(v, [&](const plan::job_status& x) {
    if (which.since && x.created < *which.since)
      return false;
    if (!fits(x, given, which))
      return true;
    made.more = made.jobs.size() == most;
    if (!made.more)
      made.jobs.push_back(x);
    return !made.more;
  });
  if (!listed)
    return fail(listed.error());
  return made;
}

void print(program& self, const page& listed, bool held, const jobs_options& given) {
  auto rows = table{};
  rows.add({"ID", "STATE", "TASKS", "CREATED", "TOOK", "NAME"});
  for (const auto& x : listed.jobs)
    rows.add(row_of(self.out, x, held));
  for (const auto& line : rows.lines())
    self.out.print(line + "\n");
  if (!listed.more || listed.jobs.empty() || !self.out.is_terminal(STDOUT_FILENO))
    return;
  self.out.print("more: " + self.name + " jobs --before " + listed.jobs.back().id + " --limit "
                 + std::to_string(given.limit.value_or(0)) + " and the same filters\n");
}

exit_code list(program& self, const jobs_options& given) {
  const auto since = time_of(given.since, "--since");
  const auto until = time_of(given.until, "--until");
  const auto place = needed_store(given.store);
  if (!since)
    return refuse(self, since.error());
  if (!until)
    return refuse(self, until.error());
  if (!place)
    return refuse(self, place.error());
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return refuse(self, opened.error());
  const auto listed = read_page(*(*opened)->read(), *place, given, {*since, *until});
  if (!listed)
    return refuse(self, listed.error());
  if (given.json) {
    auto shapes = json::array();
    for (const auto& x : listed->jobs)
      shapes.push_back(to_json(x));
    self.out.print_json(shapes);
  } else {
    print(self, *listed, store::holder_of(*place).has_value(), given);
  }
  return exit_code::done;
}

} // namespace

action declare_jobs(options& to) {
  auto given = std::make_shared<jobs_options>();
  to.value(given->store, "--store", "DIR", "Where they are; default: $DAGGER_STORE");
  to.one_of(given->state, "--state",
            {"running", "paused", "cancelling", "completed", "failed", "cancelled"},
            "Only those in this state");
  to.value(given->since, "--since", "T",
           "Only those created since then: a time, or 1d for a day ago");
  to.value(given->until, "--until", "T", "Only those created until then");
  to.value(given->name, "--name", "N", "Only those of this name");
  to.value(given->tag, "--tag", "T", "Only those with this tag");
  to.number(given->limit, "--limit", "At most N, the newest");
  to.value(given->before, "--before", "ID",
           "Only those submitted before this one: with --limit, the next page");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return list(self, *given); };
}

} // namespace dagger::apps
