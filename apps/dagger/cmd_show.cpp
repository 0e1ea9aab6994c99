// `dagger show`: one job of a store.
#include "shapes.hpp"
#include "show_text.hpp"
#include "show_watch.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/codec/json.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct show_options {
  std::string id;
  std::string store;
  std::string task;
  bool history = false;
  bool watch = false;
  bool stream = false;
  bool json = false;
};

/// Puts a value of the task into its shape, if there is one.
result<void> add_value(json& to, const char* name, store::view& v, const shown_job& x,
                       const plan::task_status& task, store::slot which,
                       const plan::stored_payload& from) {
  auto value = plan::load(v, x.report.job.number, task.number, which, from);
  if (!value)
    return fail(std::move(value.error()));
  if (!value->empty())
    to[name] = value->value();
  return {};
}

result<json> with_payloads(store::view& v, const shown_job& x, const plan::task_status& task) {
  auto made = to_json(x.report, task, x.agents, x.held);
  made["input"] = nullptr;
  auto done = add_value(made, "input", v, x, task, store::slot::input, task.input);
  if (done)
    done = add_value(made, "output", v, x, task, store::slot::output, task.output);
  if (done)
    done = add_value(made, "progress", v, x, task, store::slot::progress, task.progress);
  if (!done)
    return fail(std::move(done.error()));
  return made;
}

result<const plan::task_status*> task_of(const shown_job& x, const show_options& given) {
  auto found = static_cast<const plan::task_status*>(nullptr);
  for (const auto& task : x.report.tasks)
    if (task.name == given.task && (!found || found->replaced))
      found = &task;
  if (found)
    return found;
  auto names = std::vector<std::string>{};
  for (const auto& task : x.report.tasks)
    names.push_back(task.name);
  return fail(code::not_found, "there is no task '" + given.task + "'", "job " + given.id,
              did_you_mean(given.task, names));
}

result<void> print_task(program& self, store::view& v, const shown_job& x,
                        const plan::task_status& task, bool as_json) {
  const auto full = with_payloads(v, x, task);
  if (!full)
    return fail(full.error());
  if (as_json) {
    auto made = to_json(x.report, x.agents, x.held, false);
    made["tasks"] = json::array({*full});
    self.out.print_json(made);
  } else {
    print_task(self.out, x, task, *full);
  }
  return {};
}

void print_job(program& self, const shown_job& x, const show_options& given) {
  if (given.json && given.watch) {
    // A line for each event: those that were, then those that come.
    for (const auto& event : x.report.history)
      for (const auto& shape :
           shapes_of(event, [&](std::uint32_t n) { return x.report.tasks.at(n).name; }))
        if (given.history)
          self.out.print(to_text(shape) + "\n");
    return;
  }
  if (given.json) {
    self.out.print_json(to_json(x.report, x.agents, x.held, given.history));
    return;
  }
  print_head(self.out, x);
  print_tasks(self.out, x);
  if (given.history)
    print_history(self.out, x);
  if (given.watch)
    self.out.print("\n");
  else if (!finished(x.report.job.state) && !x.held)
    self.out.print("\ngo on: " + self.name + " resume " + given.id + as_option(x.place) + "\n");
}

result<exit_code> show(program& self, const show_options& given) {
  const auto place = needed_store(given.store);
  if (!place)
    return fail(place.error());
  if (given.stream && given.task.empty())
    return fail(code::misuse, "--stream is that of one task", {}, "name it with --task T");
  if (given.watch && !given.task.empty() && !given.stream)
    return fail(code::misuse, "one task cannot be watched, but its stream", {},
                "add --stream, or leave --task out");
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  auto job = stored_job(*view, given.id, *place);
  if (!job)
    return fail(std::move(job.error()));
  auto report = report_on(*view, std::move(*job));
  if (!report)
    return fail(std::move(report.error()));
  const auto x = shown_job{*place, store::holder_of(*place).has_value(), std::move(*report),
                           catalogue::of(self)};
  auto how = watch_options{*place, given.id, {}, given.json};
  if (!given.task.empty()) {
    const auto task = task_of(x, given);
    if (!task)
      return fail(task.error());
    how.task = given.task;
    if (given.stream)
      return show_stream(self, **opened, how, **task, x.report.job.number, given.watch);
    if (auto printed = print_task(self, *view, x, **task, given.json); !printed)
      return fail(std::move(printed.error()));
    return exit_code::done;
  }
  print_job(self, x, given);
  return given.watch ? watch_events(self, **opened, *view, how) : exit_code::done;
}

} // namespace

action declare_show(options& to) {
  auto given = std::make_shared<show_options>();
  to.argument(given->id, "ID", "The id of the job");
  to.value(given->store, "--store", "DIR", "Where it is; default: $DAGGER_STORE");
  to.value(given->task, "--task", "TASK", "Only this task, with its input and output");
  to.flag(given->history, "--history", "With every event, oldest first");
  to.flag(given->watch, "--watch",
          "Goes on with a line for each event until the job has ended; with --json, an object "
          "each and nothing else");
  to.flag(given->stream, "--stream",
          "With --task: what its agent emits, a line of JSON each; with --watch, also what comes");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) {
    const auto done = show(self, *given);
    if (done)
      return *done;
    self.out.complain(done.error());
    return code_of(done.error());
  };
}

} // namespace dagger::apps
