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

/// Applies them by an engine that holds the store meanwhile.
result<void> act_here(program& self, const std::filesystem::path& store, std::string_view command,
                      std::span<const control_request> all) {
  const auto damage = damage_watch{store};
  auto how = engine_options{};
  how.store = store;
  how.adopt = adopt::named;
  how.run_tasks = false;
  how.control = false;
  how.holder = self.name + " " + std::string{command};
  try {
    auto applies = engine{std::move(how)};
    add_all_agents(self, applies);
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
    return fail(std::move(why));
  }
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
    [&] { return act_here(self, store, command, left); });
}

exit_code act_and_tell(program& self, const std::string& store_option, std::string_view command,
                       const actors::control_request& what, next_step next) {
  const auto place = acted_on(store_option);
  const auto done = place ? act(self, *place, command, {&what, 1}) : fail(place.error());
  if (!done) {
    self.out.complain(done.error());
    return code_of(done.error());
  }
  if (next == next_step::resume && self.out.is_terminal(STDERR_FILENO) && !store::holder_of(*place))
    self.out.note(how_to_go_on(self, job_of(what), *place));
  return exit_code::done;
}

} // namespace dagger::apps
