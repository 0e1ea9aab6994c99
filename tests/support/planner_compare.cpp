// Differences between what the planner says and what the model expects, in words.
#include <support/planner_world.hpp>

#include <algorithm>
#include <set>
#include <sstream>
#include <tuple>

namespace dagger::test {

namespace {

std::string bytes_of(const plan::stored_payload& x) {
  return x.present ? std::to_string(x.size) + ":" + x.bytes : "none";
}

std::string numbers(const std::vector<plan::task_range>& ranges) {
  auto out = std::string{};
  for (const auto& r : ranges)
    for (auto n = r.first; n < r.first + r.count; ++n)
      out += std::to_string(n) + " ";
  return out;
}

std::string numbers(const std::vector<std::uint32_t>& list) {
  auto out = std::string{};
  for (auto n : list)
    out += std::to_string(n) + " ";
  return out;
}

std::string in_words(const plan::assignment& x) {
  auto out = text_of(x.attempt) + " " + x.job_id + "/" + x.task_name;
  if (x.deadline_passed)
    out += " deadline_passed";
  if (x.templated)
    out += " templated";
  out += " input=" + bytes_of(x.input) + " state=" + bytes_of(x.state)
       + " feedback=" + bytes_of(x.feedback) + " after=" + numbers(x.dependencies);
  return out;
}

/// Assignments per agent, in order; the rest sorted.
std::string in_words(const std::vector<plan::command>& commands) {
  auto assigned = std::map<std::string, std::string>{};
  auto rest = std::vector<std::string>{};
  for (const auto& c : commands)
    if (const auto* a = std::get_if<plan::assign>(&c))
      for (const auto& t : a->tasks)
        assigned[a->agent] += "  assign " + a->agent + " " + in_words(t) + "\n";
    else
      rest.push_back("  " + text_of(c) + "\n");
  std::ranges::sort(rest);
  auto out = std::string{};
  for (const auto& [agent, text] : assigned)
    out += text;
  for (const auto& text : rest)
    out += text;
  return out;
}

/// Collects the fields that differ.
class differences {
public:
  explicit differences(std::string what) : what_(std::move(what)) {}

  template <class A, class B>
  void field(const char* name, const A& got, const B& expected) {
    if (got == expected)
      return;
    auto out = std::ostringstream{};
    out << what_ << "." << name << " is " << got << ", expected " << expected << "\n";
    text += out.str();
  }

  std::string text;

private:
  std::string what_;
};

bool same_state(task_state got, const model::task& expected) {
  // Readiness follows from the dependencies; a row does not hold it.
  if (expected.never_started())
    return got == task_state::waiting || got == task_state::ready;
  return got == expected.state;
}

bool upstream_message(const model::job& j, const model::task& t, const std::string& got) {
  return std::ranges::any_of(t.after, [&](auto n) {
    const auto& up = j.tasks[n];
    return settled(up.state)
        && got == "upstream " + std::string{dagger::to_text(up.state)} + ": " + up.name;
  });
}

void compare_error(differences& d, const plan::task_status& got, const model::job& j,
                   const model::task& t) {
  const auto code = got.error ? got.error->code : std::string{};
  const auto message = got.error ? got.error->message : std::string{};
  if (t.state == task_state::failed || t.state == task_state::backoff)
    d.field("error.code", code, t.why.code);
  if (t.state != task_state::skipped)
    return;
  if (!t.skipped_by_upstream)
    d.field("error.message", message, t.why.message);
  else if (!upstream_message(j, t, message))
    d.field("error.message", message, "that of something upstream");
}

std::string compare_task(store::view& disk, const plan::task_status& got, const model::job& j,
                         std::uint32_t number) {
  const auto& t = j.tasks[number];
  auto d = differences{"job " + j.id + " task " + t.name};
  d.field("number", got.number, number);
  d.field("name", got.name, t.name);
  d.field("agent", got.agent, t.agent);
  if (!same_state(got.state, t))
    d.field("state", dagger::to_text(got.state), dagger::to_text(t.state));
  if (!t.never_started())
    d.field("visit", got.visit, t.visit);
  d.field("attempt", got.attempt, t.attempt);
  d.field("starts", got.starts, t.starts);
  d.field("interruptions", got.interruptions, t.interruptions);
  d.field("optional", got.optional, t.optional);
  d.field("parent", got.parent ? static_cast<int>(*got.parent) : -1,
          t.parent ? static_cast<int>(*t.parent) : -1);
  d.field("after", numbers(got.after), numbers(t.after));
  d.field("waited", numbers(got.waited), numbers(t.waited));
  d.field("summary", got.summary, t.summary);
  d.field("input", bytes_of(got.input), bytes_of(model::stored(t.input)));
  d.field("output", bytes_of(got.output), bytes_of(model::stored(t.output)));
  d.field("saved_state", bytes_of(got.saved_state), bytes_of(model::stored(t.saved)));
  d.field("created", text_of(got.created), text_of(t.created));
  d.field("started", text_of(got.started), text_of(t.first_start));
  d.field("ended", text_of(got.ended), text_of(t.ended));
  d.field("due", text_of(got.due), text_of(model::planner::due(t)));
  compare_error(d, got, j, t);
  for (const auto& [which, stored, expected] :
       {std::tuple{store::slot::input, got.input, t.input},
        std::tuple{store::slot::output, got.output, t.output},
        std::tuple{store::slot::state, got.saved_state, t.saved}})
    if (stored.present && !stored.is_inline()) {
      const auto text = plan::load(disk, j.number, number, which, stored);
      d.field("payload", text ? std::string{text->bytes()} : to_string(text.error()),
              expected.bytes());
    }
  return d.text;
}

/// Ready and started by the same event is told as started.
template <class Move>
void start_in_one_go(std::vector<Move>& moves) {
  for (auto i = std::size_t{0}; i < moves.size(); ++i) {
    if (moves[i].to != task_state::ready || !moves[i].code.empty())
      continue;
    const auto next = std::find_if(moves.begin() + static_cast<std::ptrdiff_t>(i) + 1, moves.end(),
                                   [&](const Move& m) { return m.task == moves[i].task; });
    if (next != moves.end() && next->to == task_state::running)
      moves.erase(moves.begin() + static_cast<std::ptrdiff_t>(i--));
  }
}

std::string compare_history(store::view& disk, const model::job& j) {
  auto d = differences{"job " + j.id + " history"};
  auto got = plan::history(disk, j.number);
  if (!got)
    return "history: " + to_string(got.error());
  d.field("size", got->size(), j.history.size());
  for (auto i = std::size_t{0}; d.text.empty() && i < got->size(); ++i) {
    auto& g = (*got)[i];
    const auto& e = j.history[i];
    d.field("id", g.id, j.id);
    d.field("time", text_of(g.time), text_of(e.time));
    d.field("state", g.state ? dagger::to_text(*g.state) : "-",
            e.state ? dagger::to_text(*e.state) : "-");
    auto added = std::string{};
    for (auto n = e.first_added; n < e.first_added + e.added; ++n)
      added += std::to_string(n) + " ";
    d.field("added", numbers(g.added), added);
    // The order within a task is given, that between tasks is not.
    auto line = [](const auto& m) {
      return std::to_string(m.task) + " " + std::string{dagger::to_text(m.to)} + " "
           + std::to_string(m.visit) + "." + std::to_string(m.attempt) + " " + m.code + "; ";
    };
    auto moves = e.moves;
    start_in_one_go(moves);
    start_in_one_go(g.transitions);
    std::ranges::stable_sort(g.transitions, {}, &plan::transition::task);
    std::ranges::stable_sort(moves, {}, &model::move::task);
    auto got_text = std::string{};
    auto expected_text = std::string{};
    for (const auto& m : g.transitions)
      got_text += line(m);
    for (const auto& m : moves)
      expected_text += line(m);
    d.field("transitions", got_text, expected_text);
  }
  return d.text;
}

} // namespace

std::string difference(const std::vector<plan::command>& got,
                       const std::vector<plan::command>& expected) {
  if (got.empty() && expected.empty())
    return {};
  const auto a = in_words(got);
  const auto b = in_words(expected);
  return a == b ? std::string{} : "commands\n" + a + "expected\n" + b;
}

std::string difference_of_lists(store::view& disk, const model::planner& expected) {
  auto active_jobs = std::set<std::uint64_t>{};
  auto timers = std::set<store::key::timer_parts>{};
  for (const auto& j : expected.jobs())
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
      const auto& t = j.tasks[i];
      if (active(t.state))
        active_jobs.insert(j.number);
      if (const auto when = model::planner::due(t); when && t.state == task_state::suspended)
        timers.insert({*when, j.number, i});
    }
  auto got_jobs = std::set<std::uint64_t>{};
  auto got_timers = std::set<store::key::timer_parts>{};
  const auto read = [&](store::table t, const auto& take) {
    return store::scan_prefix(disk, t, store::key::of(),
                              [&](std::string_view key, const store::record&) {
                                take(key);
                                return true;
                              });
  };
  const auto a = read(store::table::active,
                      [&](std::string_view key) { got_jobs.insert(store::key::job_of(key)); });
  const auto b = read(store::table::timers,
                      [&](std::string_view key) { got_timers.insert(store::key::timer_of(key)); });
  if (!a || !b)
    return "a table cannot be read";
  auto d = differences{"table"};
  d.field("active", got_jobs.size(), active_jobs.size());
  d.field("timers", got_timers.size(), timers.size());
  if (d.text.empty() && (got_jobs != active_jobs || got_timers != timers))
    d.text = "table active or timers has other rows than expected";
  return d.text;
}

std::string difference(store::view& disk, const model::job& j) {
  auto found = plan::find_job(disk, j.id);
  if (!found)
    return "find_job: " + to_string(found.error());
  if (!*found)
    return "job " + j.id + " is not in the store";
  const auto& got = **found;
  auto d = differences{"job " + j.id};
  d.field("number", got.number, j.number);
  d.field("id", got.id, j.id);
  d.field("state", dagger::to_text(got.state), dagger::to_text(j.state));
  d.field("created", text_of(got.created), text_of(j.created));
  d.field("ended", text_of(got.ended), text_of(j.ended));
  d.field("priority", got.priority, j.priority);
  d.field("tasks", got.tasks, j.tasks.size());
  auto counts = plan::task_counts{};
  for (const auto& t : j.tasks)
    ++counts[static_cast<std::size_t>(t.state)];
  const auto unstarted = [](const plan::task_counts& x) { return x[0] + x[1]; };
  d.field("counts[waiting, ready]", unstarted(got.counts), unstarted(counts));
  for (auto i = std::size_t{2}; i < counts.size(); ++i)
    d.field("counts", std::to_string(i) + ":" + std::to_string(got.counts[i]),
            std::to_string(i) + ":" + std::to_string(counts[i]));
  auto tasks = plan::tasks_of(disk, j.number);
  if (!tasks)
    return "tasks_of: " + to_string(tasks.error());
  d.field("tasks_of", tasks->size(), j.tasks.size());
  if (!d.text.empty())
    return d.text;
  for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i)
    d.text += compare_task(disk, (*tasks)[i], j, i);
  return d.text + compare_history(disk, j);
}

// -- text ---------------------------------------------------------------------

std::string text_of(const plan::attempt_id& x) {
  return std::to_string(x.job) + "." + std::to_string(x.task) + " v" + std::to_string(x.visit) + "a"
       + std::to_string(x.attempt);
}

std::string text_of(std::optional<timestamp> x) {
  return x ? std::to_string(x->time_since_epoch().count()) : "-";
}

std::string text_of(const plan::command& x) {
  struct {
    std::string operator()(const plan::assign& c) const {
      return "assign " + c.agent;
    }
    std::string operator()(const plan::stop& c) const {
      return "stop " + c.agent + " " + text_of(c.attempt);
    }
    std::string operator()(const plan::accept& c) const {
      return "accept " + std::to_string(c.client) + " job " + std::to_string(c.job)
           + (c.created ? " created" : " not created");
    }
    std::string operator()(const plan::answer& c) const {
      return "answer " + std::to_string(c.client) + " job " + std::to_string(c.job) + " "
           + std::string{dagger::to_text(c.state)};
    }
    std::string operator()(const plan::refuse& c) const {
      return "refuse " + std::to_string(c.client) + " " + c.why.code;
    }
    std::string operator()(const plan::give_up& c) const {
      return "give_up " + to_string(c.why);
    }
  } in_words;
  return std::visit(in_words, x);
}

std::string_view name_of_outcome(const plan::report& x) {
  static constexpr std::array names{"completed", "suspended",  "failed",
                                    "skipped",   "given_back", "abandoned"};
  static_assert(names.size() == std::variant_size_v<decltype(plan::report::outcome)>);
  return names[x.outcome.index()];
}

std::string text_of(const plan::event& x) {
  static constexpr std::array names{"agent_joined",  "agent_lost",  "slots_changed",
                                    "job_submitted", "job_resumed", "tasks_reported",
                                    "time_passed"};
  static_assert(names.size() == std::variant_size_v<plan::event>);
  auto out = std::string{names[x.index()]};
  if (const auto* r = std::get_if<plan::tasks_reported>(&x))
    for (const auto& one : r->reports)
      out.append(" ").append(text_of(one.attempt)).append(" ").append(name_of_outcome(one));
  return out;
}

} // namespace dagger::test
