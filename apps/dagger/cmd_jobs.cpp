// `dagger jobs`: the list, newest first.
#include "command.hpp"
#include "shapes.hpp"
#include "store_access.hpp"

#include <dagger/codec/json.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct jobs_options {
  std::string store;
  std::string state;
  std::string since;
  std::optional<std::uint64_t> limit;
  bool json = false;
};

/// A time, or a duration before now.
result<std::optional<timestamp>> time_of(const std::string& text) {
  if (text.empty())
    return std::nullopt;
  if (const auto span = parse_duration(text))
    return now() - *span;
  if (const auto time = parse_rfc3339(text))
    return *time;
  return fail(code::invalid_input, "neither a time nor a duration: '" + text + "'", "--since",
              "write it like 2026-11-20T11:02:52Z or 1d");
}

style style_of(job_state x) {
  return x == job_state::completed ? style::good
       : x == job_state::failed    ? style::bad
       : x == job_state::running   ? style::busy
                                   : style::dim;
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

exit_code list(program& self, const jobs_options& given) {
  const auto since = time_of(given.since);
  const auto place = needed_store(given.store);
  if (!since)
    return refuse(self, since.error());
  if (!place)
    return refuse(self, place.error());
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return refuse(self, opened.error());
  const auto held = store::holder_of(*place).has_value();
  const auto view = (*opened)->read();
  auto rows = table{};
  rows.add({"ID", "STATE", "TASKS", "CREATED", "TOOK", "NAME"});
  auto shapes = json::array();
  auto left = given.limit.value_or(~std::uint64_t{0});
  const auto listed = plan::list_jobs(*view, [&](const plan::job_status& x) {
    if (*since && x.created < **since)
      return false;
    if (!given.state.empty() && given.state != to_text(x.state))
      return true;
    if (given.json)
      shapes.push_back(to_json(x));
    else
      rows.add(row_of(self.out, x, held));
    return --left > 0;
  });
  if (!listed)
    return refuse(self, listed.error());
  if (given.json) {
    self.out.print_json(shapes);
    return exit_code::done;
  }
  for (const auto& line : rows.lines())
    self.out.print(line + "\n");
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
  to.number(given->limit, "--limit", "At most N, the newest");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return list(self, *given); };
}

} // namespace dagger::apps
