// Differences between what the planner says and what the model expects, in words.
#include <support/planner_world.hpp>

#include <dagger/plan/rows.hpp>

#include <algorithm>
#include <functional>
#include <set>
#include <sstream>
#include <tuple>

namespace dagger::test {

namespace {

std::string bytes_of(const plan::stored_payload& x) {
  return x.present ? std::to_string(x.size) + ":" + x.bytes : "none";
}

std::string numbers(const std::vector<std::uint32_t>& list) {
  auto out = std::string{};
  for (auto n : list)
    out += std::to_string(n) + " ";
  return out;
}

std::string numbers(const std::vector<plan::task_range>& ranges) {
  auto list = std::vector<std::uint32_t>{};
  for (const auto& r : ranges)
    for (auto n = r.first; n < r.first + r.count; ++n)
      list.push_back(n);
  return numbers(list);
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
  if (t.state == task_state::failed || t.state == task_state::backoff
      || t.state == task_state::cancelled)
    d.field("error.code", code, t.why.code);
  if (t.why.code == code::rejected)
    d.field("error.message", message, t.why.message);
  if (t.state != task_state::skipped)
    return;
  if (!t.skipped_by_upstream)
    d.field("error.message", message, t.why.message);
  else if (!t.replaced && !upstream_message(j, t, message)) // of one that was, it may have changed
    d.field("error.message", message, "that of something upstream");
}

/// The order of tasks and of jobs in a condition says nothing.
template <class Condition>
std::string in_words(const Condition& c) {
  auto jobs = std::set<std::uint64_t>(c.jobs.begin(), c.jobs.end());
  auto out = std::to_string(static_cast<int>(c.mode)) + " tasks " + numbers(c.tasks) + "jobs ";
  for (auto n : jobs)
    out += std::to_string(n) + " ";
  for (const auto& name : c.expected)
    out += "expected " + name + " ";
  if (c.mode == wait_mode::time)
    out += "until " + text_of(c.until) + " ";
  return out + c.signal + "; ";
}

std::string waits_of(const plan::task_status& got) {
  auto out = std::string{};
  for (const auto& c : got.waits)
    out += in_words(c);
  return out;
}

std::string waits_of(const model::task& t) {
  auto out = std::string{};
  for (const auto& c : t.conditions)
    out += in_words(c);
  return out;
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
  d.field("answer", bytes_of(got.answer), bytes_of(model::stored(t.answer)));
  d.field("progress", bytes_of(got.progress), bytes_of(model::stored(t.progress)));
  d.field("replaced", got.replaced, t.replaced);
  d.field("cached", got.cached, t.state == task_state::completed ? t.cached : "");
  d.field("waits", waits_of(got), waits_of(t));
  d.field("created", text_of(got.created), text_of(t.created));
  d.field("started", text_of(got.started), text_of(t.first_start));
  d.field("ended", text_of(got.ended), text_of(t.ended));
  d.field("due", text_of(got.due), text_of(model::planner::due(t)));
  compare_error(d, got, j, t);
  for (const auto& [which, stored, expected] :
       {std::tuple{store::slot::input, got.input, t.input},
        std::tuple{store::slot::output, got.output, t.output},
        std::tuple{store::slot::state, got.saved_state, t.saved},
        std::tuple{store::slot::answer, got.answer, t.answer},
        std::tuple{store::slot::progress, got.progress, t.progress}})
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

/// Rows with these first parts of the key, each in words.
std::string
rows_of(store::view& disk, store::table t, const std::string& prefix,
        const std::function<std::string(std::string_view, const store::record&)>& tell) {
  auto out = std::string{};
  const auto read =
    store::scan_prefix(disk, t, prefix, [&](std::string_view key, const store::record& r) {
      out += tell(key, r) + "; ";
      return true;
    });
  return read ? out : to_string(read.error());
}

/// All of which the time is not over must be there; of the others it may be.
std::string difference_of_kept(store::view& disk, const model::planner& expected) {
  auto d = differences{"output that is kept"};
  auto left = expected.kept();
  const auto read = store::scan_prefix(
    disk, store::table::cache, store::key::of(), [&](std::string_view key, const auto& r) {
      const auto found = left.find(store::key::place_of(key));
      const auto got = plan::decode_cached(r.body);
      if (found == left.end() || !got) {
        d.text += store::readable(store::table::cache, key) + " is unexpected or unreadable\n";
        return true;
      }
      const auto& x = found->second;
      d.field("call", got->call == x.call, true);
      d.field("made", text_of(got->made), text_of(x.made));
      d.field("until", text_of(got->until), text_of(x.until));
      d.field("files", got->files == x.files, true);
      d.field("output", got->output, x.output);
      left.erase(found);
      return true;
    });
  for (const auto& [place, x] : left)
    if (x.until > expected.now())
      d.text +=
        "missing: " + store::readable(store::table::cache, store::key::cached(place)) + "\n";
  return read ? d.text : to_string(read.error());
}

/// Queued signals, steps, streams.
std::string compare_beside(store::view& disk, const model::job& j) {
  auto d = differences{"job " + j.id};
  const auto mine = store::key::of(j.number);
  auto expected = std::string{};
  for (const auto& [name, value] : j.signals)
    expected += name + " " + std::string{value.bytes()} + "; ";
  d.field("signals",
          rows_of(disk, store::table::signals, mine,
                  [](std::string_view, const store::record& r) {
                    const auto row = plan::decode_signal(r.body);
                    return row ? row->name + " " + row->value : to_string(row.error());
                  }),
          expected);
  expected.clear();
  for (const auto& [key, value] : j.steps) {
    const auto& [task, round, name] = key;
    expected += std::to_string(task) + " " + name + " " + value + "; ";
  }
  d.field("steps",
          rows_of(disk, store::table::steps, mine,
                  [](std::string_view key, const store::record& r) {
                    return std::to_string(store::key::task_of(key).task) + " "
                         + std::string{key.substr(17)} + " " + std::string{r.body};
                  }),
          expected);
  for (const auto& [task, chunks] : j.streams) {
    auto got = std::vector<model::chunk>{};
    const auto read = plan::read_stream(disk, j.number, task, 0, [&](const plan::stream_entry& x) {
      d.field("stream.position", x.position, got.size());
      got.push_back({x.visit, x.attempt, x.restarted, x.value});
      return true;
    });
    if (!read)
      return to_string(read.error());
    if (got != chunks)
      d.text += "job " + j.id + ": the stream of task " + std::to_string(task) + " has "
              + std::to_string(got.size()) + " rows, expected other "
              + std::to_string(chunks.size()) + "\n";
  }
  return d.text;
}

} // namespace

std::string difference_of_purged(store::view& disk, std::uint64_t number) {
  using store::table;
  auto left = std::string{};
  for (auto t :
       {table::jobs, table::active, table::specs, table::tasks, table::payloads, table::signals,
        table::watchers, table::children, table::steps, table::stream, table::doomed})
    left += rows_of(disk, t, store::key::of(number),
                    [&](std::string_view key, const auto&) { return store::readable(t, key); });
  return left.empty() ? left : "rows of a purged job are left: " + left;
}

std::string difference_of_lists(store::view& disk, const model::planner& expected) {
  auto active_jobs = std::set<std::string>{};
  auto timers = std::set<std::string>{};
  auto watchers = std::set<std::string>{};
  auto children = std::set<std::string>{};
  auto doomed = std::set<std::string>{};
  for (const auto& j : expected.jobs()) {
    if (j.purged)
      continue;
    if (j.deadline && !finished(j.state))
      timers.insert(store::key::timer(*j.deadline, j.number, store::job_itself));
    if (j.parent != 0 && !expected.jobs()[j.parent - 1].purged)
      children.insert(store::key::child(j.parent, j.number));
    if (j.unseen_stall)
      active_jobs.insert(store::key::active(j.number));
    for (auto i = std::uint32_t{0}; i < j.tasks.size(); ++i) {
      const auto& t = j.tasks[i];
      if (active(t.state))
        active_jobs.insert(store::key::active(j.number));
      if (const auto when = model::planner::due(t); when && t.state == task_state::suspended)
        timers.insert(store::key::timer(*when, j.number, i));
      for (const auto& c : t.conditions)
        for (auto n : c.jobs)
          watchers.insert(store::key::watcher(n, j.number, i));
    }
  }
  for (auto n : expected.doomed())
    doomed.insert(store::key::doomed(n));
  auto d = differences{"table"};
  const auto compare = [&](store::table t, const std::set<std::string>& rows) {
    auto got = std::set<std::string>{};
    const auto read = store::scan_prefix(disk, t, store::key::of(),
                                         [&](std::string_view key, const store::record&) {
                                           got.emplace(key);
                                           return true;
                                         });
    // Who submitted a job that was purged still has its number.
    if (t == store::table::children)
      std::erase_if(got, [&](const auto& key) {
        return expected.jobs()[store::key::child_of(key) - 1].purged
            || expected.jobs()[store::key::job_of(key) - 1].purged;
      });
    const auto tell = [&](const std::set<std::string>& keys) {
      auto out = std::string{};
      for (const auto& key : keys)
        out += store::readable(t, key) + "; ";
      return out;
    };
    if (!read)
      d.text += to_string(read.error());
    if (got != rows)
      d.field(std::string{name_of(t)}.c_str(), tell(got), tell(rows));
  };
  compare(store::table::active, active_jobs);
  compare(store::table::timers, timers);
  compare(store::table::watchers, watchers);
  compare(store::table::children, children);
  compare(store::table::doomed, doomed);
  return d.text + difference_of_kept(disk, expected);
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
  d.field("tasks", got.tasks, std::ranges::count(j.tasks, false, &model::task::replaced));
  d.field("task_numbers", got.task_numbers, j.tasks.size());
  d.field("code", got.code, j.code);
  d.field("parent", got.parent, j.parent);
  auto counts = plan::task_counts{};
  for (const auto& t : j.tasks)
    if (!t.replaced)
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
  return d.text + compare_history(disk, j) + compare_beside(disk, j);
}

} // namespace dagger::test
