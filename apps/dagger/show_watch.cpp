// Followed by wake-ups of the engine that holds the store.
#include "show_watch.hpp"

#include "control_client.hpp"
#include "event_lines.hpp"
#include "job_report.hpp"
#include "shapes.hpp"
#include "store_access.hpp"
#include "watching.hpp"

#include <dagger/codec/json.hpp>

#include <unistd.h>

namespace dagger::apps {

namespace {

/// Prints the chunks of one stream, each once.
class stream_printer {
public:
  stream_printer(console& out, std::uint64_t job, std::uint32_t task, bool as_json)
    : out_(out),
      job_(job),
      task_(task),
      as_json_(as_json) {}

  result<void> look(store::view& v) {
    auto read = plan::read_stream(v, job_, task_, next_, [&](const plan::stream_entry& x) {
      print(x);
      next_ = x.position + 1;
      return out_.open();
    });
    out_.flush();
    return read;
  }

private:
  void print(const plan::stream_entry& x) {
    if (as_json_) {
      auto made = json{{"position", x.position},
                       {"at", to_rfc3339(x.time)},
                       {"visit", x.visit},
                       {"attempt", x.attempt}};
      if (x.restarted)
        made["restarted"] = true;
      else
        made["chunk"] = parse_json(x.value).value_or(json{});
      out_.print(to_text(made) + "\n");
    } else if (x.restarted) {
      out_.flush();
      out_.note("restarted: visit " + std::to_string(x.visit) + ", attempt "
                + std::to_string(x.attempt) + "; what stands before is of another attempt");
    } else {
      out_.print(x.value + "\n");
    }
  }

  console& out_;
  std::uint64_t job_;
  std::uint32_t task_;
  bool as_json_;
  std::uint64_t next_ = 0;
};

/// Watches until the end, and says why it is one; `look` is called at each change as well.
result<exit_code> follow_from_afar(program& self, const store::store& from,
                                   const watch_options& how, progress& shown,
                                   const std::function<void(store::view&)>& look) {
  const auto signals = interrupts{};
  auto events = control_client::connect(how.place);
  if (!events)
    return fail(std::move(events.error()));
  if (auto begun = events->ask(actors::control_watch{.job = how.id, .stream = how.task}); !begun)
    return fail(std::move(begun.error()));
  const auto watched = watched_job{how.id,
                                   [&] {
                                     auto view = from.read();
                                     look(*view);
                                     return view;
                                   },
                                   -1, events->descriptor(), [&] { return events->take(); }};
  const auto reason = watch(shown, watched, signals, std::nullopt);
  shown.clear();
  look(*from.read());
  if (reason == watch_end::lost)
    self.out.note("the engine that worked on job " + how.id + " has ended\n  go on: " + self.name
                  + " resume " + how.id + as_option(how.place));
  return reason == watch_end::ended ? exit_code::done : exit_code::interrupted;
}

exit_code nobody_works(program& self, const watch_options& how, store::view& v) {
  const auto job = plan::find_job(v, how.id);
  if (!job || !*job || finished((*job)->state))
    return exit_code::done;
  self.out.note("no engine works on job " + how.id + "\n  go on: " + self.name + " resume " + how.id
                + as_option(how.place));
  return exit_code::interrupted;
}

} // namespace

result<exit_code> watch_events(program& self, const store::store& from, store::view& seen,
                               const watch_options& how) {
  self.out.flush();
  if (!store::holder_of(how.place))
    return nobody_works(self, how, seen);
  const auto print = [&](const plan::job_event& what, const task_names& names) {
    if (how.json)
      for (const auto& shape : shapes_of(what, [&](std::uint32_t n) { return names.of(n); }))
        self.out.print(to_text(shape) + "\n");
    else
      for (const auto& line : lines_of(self.out, STDOUT_FILENO, what, names))
        self.out.print(line + "\n");
    self.out.flush();
  };
  const bool live = self.out.is_terminal(STDERR_FILENO) && !how.json;
  auto shown =
    progress{self.out, {.live = live, .each = print, .door = {self.name, how.id, how.place}}, seen};
  return follow_from_afar(self, from, how, shown, [](store::view&) {});
}

result<exit_code> show_stream(program& self, const store::store& from, const watch_options& how,
                              const plan::task_status& task, std::uint64_t job, bool follow) {
  auto printer = stream_printer{self.out, job, task.number, how.json};
  auto failed = std::optional<error>{};
  const auto look = [&](store::view& v) {
    if (auto read = printer.look(v); !read && !failed)
      failed = read.error();
  };
  const auto view = from.read();
  look(*view);
  auto end = result<exit_code>{exit_code::done};
  if (follow && !failed) {
    auto shown = progress{self.out, {}, *view};
    end = store::holder_of(how.place) ? follow_from_afar(self, from, how, shown, look)
                                      : nobody_works(self, how, *view);
  }
  return failed ? fail(std::move(*failed)) : end;
}

} // namespace dagger::apps
