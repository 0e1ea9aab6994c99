// Requests become calls of an engine, or lines to one.
#include "acting.hpp"

#include "catalogue.hpp"
#include "ending.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/store/lock.hpp>

#include <chrono>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace dagger::apps {

namespace {

using actors::control_request;

/// An engine holds its store a moment before it listens, and its `grace` after it has stopped to.
constexpr auto patience_with_holders = std::chrono::seconds{8};
constexpr int pause_between_tries_ms = 20;

future<void> call(engine& to, const actors::control_signal& x) {
  return to.signal(x.job, x.name, x.value, {.queue = x.queue});
}

future<void> call(engine& to, const actors::control_accept& x) {
  return to.accept(x.job, x.task);
}

future<void> call(engine& to, const actors::control_reject& x) {
  return to.reject(x.job, x.task, x.reason, x.final);
}

future<void> call(engine& to, const actors::control_pause& x) {
  return to.pause(x.job);
}

future<void> call(engine& to, const actors::control_cancel& x) {
  return to.cancel(x.job);
}

future<void> call(engine& to, const actors::control_retry& x) {
  return x.with ? to.retry(x.job, *x.with) : to.retry(x.job, {.from = x.from});
}

future<void> call(engine& to, const actors::control_purge& x) {
  return to.purge(x.job);
}

future<void> call(engine& to, const actors::control_add_node& x) {
  return to.add_node(x.job, x.node, {x.file, x.folder});
}

future<void> call(engine& to, const actors::control_remove_node& x) {
  return to.remove_node(x.job, x.node);
}

future<void> call(engine& to, const actors::control_enable& x) {
  return to.enable(x.job, x.node);
}

future<void> call(engine& to, const actors::control_disable& x) {
  return to.disable(x.job, x.node);
}

future<void> call(engine& to, const actors::control_set_input& x) {
  return to.set_input(x.job, x.node, x.inputs);
}

/// Of a node there may be much to say; the call itself says the first.
std::vector<error> problems_of(const engine& by, std::span<const control_request> all) {
  for (const auto& what : all)
    if (const auto* x = std::get_if<actors::control_add_node>(&what))
      if (auto problems = by.check_node(x->job, x->node, {x->file, x->folder}); !problems.empty())
        return problems;
  return {};
}

/// Applies them by an engine that holds the store meanwhile; all that is wrong with the first one
/// that is refused.
std::vector<error> act_here(program& self, const std::filesystem::path& store,
                            std::string_view command, std::span<const control_request> all) {
  const auto damage = damage_watch{store};
  try {
    auto applies = engine{without_work(self, store, command)};
    add_all_agents(self, applies);
    if (auto problems = problems_of(applies, all); !problems.empty())
      return problems;
    auto answers = std::vector<future<void>>{};
    for (const auto& what : all)
      std::visit(
        [&](const auto& x) {
          if constexpr (requires { call(applies, x); })
            answers.push_back(call(applies, x));
        },
        what);
    for (const auto& answer : answers)
      answer.get();
    return {};
  } catch (error& why) {
    return {std::move(why)};
  }
}

result<void> first_of(const std::vector<error>& problems) {
  return problems.empty() ? result<void>{} : fail(problems.front());
}

const std::string& job_of(const control_request& what) {
  static const auto none = std::string{};
  return std::visit(
    [](const auto& x) -> const std::string& {
      if constexpr (requires { x.job; })
        return x.job;
      else
        return none;
    },
    what);
}

result<void> must_have_jobs(const std::filesystem::path& store,
                            std::span<const control_request> all) {
  const auto damage = damage_watch{store};
  const auto opened = open_for_reading(store);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  for (const auto& what : all)
    if (auto job = stored_job(*view, job_of(what), store); !job)
      return fail(std::move(job.error()));
  return {};
}

/// The engine has begun to close before it took the request.
bool is_closing(const error& x) {
  return x.code == code::cancelled;
}

} // namespace

result<std::filesystem::path> acted_on(const std::string& option) {
  auto place = needed_store(option);
  if (!place)
    return place;
  if (auto there = must_exist(*place); !there)
    return fail(std::move(there.error()));
  return place;
}

engine_options without_work(const program& self, const std::filesystem::path& store,
                            std::string_view command) {
  auto how = engine_options{};
  how.store = store;
  how.adopt = adopt::named;
  how.run_tasks = false;
  how.control = false;
  how.holder = self.name + " " + std::string{command};
  return how;
}

result<void> by_whoever_holds(const std::filesystem::path& store,
                              const std::function<result<void>(control_client&)>& there,
                              const std::function<result<void>()>& here) {
  const auto until = std::chrono::steady_clock::now() + patience_with_holders;
  while (true) {
    auto done = result<void>{};
    auto again = false;
    if (const auto holder = store::holder_of(store)) {
      auto line = control_client::connect(store);
      done = line ? there(*line) : fail(store::in_use(store, *holder));
      again = !line || (!done && is_closing(done.error()));
    } else {
      done = here();
      again = !done && done.error().code == code::store_in_use;
    }
    if (!again || std::chrono::steady_clock::now() >= until)
      return done;
    ::poll(nullptr, 0, pause_between_tries_ms);
  }
}

result<void> act(program& self, const std::filesystem::path& store, std::string_view command,
                 std::span<const control_request> all) {
  if (auto there = must_have_jobs(store, all); !there)
    return there;
  auto left = all; // what a holder has done before it closed is not done again
  return by_whoever_holds(
    store,
    [&](control_client& line) -> result<void> {
      for (; !left.empty(); left = left.subspan(1))
        if (auto answer = line.ask(left.front()); !answer)
          return fail(std::move(answer.error()));
      return {};
    },
    [&] { return first_of(act_here(self, store, command, left)); });
}

std::vector<error> act_on(program& self, const std::filesystem::path& store,
                          std::string_view command, const control_request& what) {
  if (auto there = must_have_jobs(store, {&what, 1}); !there)
    return {std::move(there.error())};
  auto problems = std::vector<error>{};
  const auto done = by_whoever_holds(
    store,
    [&](control_client& line) {
      problems = line.ask_for_problems(what);
      return first_of(problems);
    },
    [&] {
      problems = act_here(self, store, command, {&what, 1});
      return first_of(problems);
    });
  if (!done && problems.empty())
    problems.push_back(done.error());
  return problems;
}

exit_code act_and_tell(program& self, const std::string& store_option, std::string_view command,
                       const actors::control_request& what, next_step next) {
  const auto place = acted_on(store_option);
  const auto problems =
    place ? act_on(self, *place, command, what) : std::vector<error>{place.error()};
  if (!problems.empty()) {
    self.out.complain(problems);
    return code_of(problems.front());
  }
  if (next == next_step::resume && self.out.is_terminal(STDERR_FILENO) && !store::holder_of(*place))
    self.out.note(how_to_go_on(self, job_of(what), *place));
  return exit_code::done;
}

} // namespace dagger::apps
