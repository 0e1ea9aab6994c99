// How a visit ends that is not the last one: what it waits for is looked at here, where the mistake
// was made.
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/log/name.hpp>
#include <dagger/script/program.hpp>

#include <string>

namespace dagger {

namespace {

using actors::to_payload;
using actors::value_of;

void check_signal(const condition& x) {
  if (x.signal_name.starts_with(reserved_signals))
    throw error{code::invalid_input, "signals with names that begin with '"
                                       + std::string{reserved_signals} + "' are the engine's own"};
  if (!plan::valid_name(x.signal_name))
    throw error{code::invalid_input, to_text(json(x.signal_name)) + " is no name of a signal"};
  auto what = "the schema of signal '" + x.signal_name + "'";
  value_of(to_payload(x.signal_schema, what, limits::signal_schema_bytes));
  if (auto compiled = schema::validator::compile(x.signal_schema); !compiled)
    throw error{code::invalid_input, what + ": " + compiled.error().message,
                compiled.error().where};
}

void check_message(const condition& x) {
  value_of(dagger::log::check_pattern(x.message_pattern));
  if (!x.message_when.empty())
    value_of(script::program::compile(x.message_when, {"the condition of a message"}));
}

} // namespace

/// The group that takes the messages is there before the task is suspended.
void task::impl::await_message(condition& x, std::size_t index) const {
  if (agent->options.cooperative)
    throw error{code::misuse, "a cooperative agent must not block, so it waits for no message"};
  auto which = actors::message_wait{};
  which.job_number = given.attempt.job;
  which.job = given.job_id;
  which.task = given.attempt.task;
  which.visit = given.attempt.visit;
  which.signal = actors::signal_for(x, given.attempt, index);
  which.pattern = x.message_pattern;
  which.when = x.message_when;
  which.since = given.at;
  if (answer.is_object() && answer.contains("channel") && answer.contains("position")
      && answer["channel"].is_string() && answer["position"].is_number_unsigned()) {
    which.after_channel = answer["channel"];
    which.after = answer["position"];
  }
  x.signal_name = which.signal;
  value_of(where->to_engine->request([&](engine::impl& by) { return by.await(which); }));
}

payload task::impl::to_state(const json& x) const {
  return x.is_null() ? payload{} : value_of(to_payload(x, "the state"));
}

plan::suspended task::impl::suspend(std::vector<condition> any_of, wait_options options) const {
  check_not_in_step("a wait");
  if (any_of.empty())
    throw error{code::misuse, "a wait without any condition would never end"};
  for (auto& x : any_of)
    if (!x.message_pattern.empty())
      check_message(x);
    else if (x.mode == wait_mode::signal)
      check_signal(x);
    else if (x.mode == wait_mode::review)
      throw error{code::misuse, "a review is asked for by `task::review`, with its output"};
  auto made = plan::suspended{};
  if (!options.default_answer.is_null()) {
    if (!options.deadline)
      throw error{code::misuse, "a default answer needs a deadline"};
    made.default_answer =
      value_of(to_payload(options.default_answer, "the default answer", limits::signal_bytes));
    options.on_deadline = on_deadline::wake;
  }
  for (auto i = std::size_t{0}; i < any_of.size(); ++i)
    if (!any_of[i].message_pattern.empty())
      await_message(any_of[i], i);
  made.any_of = std::move(any_of);
  made.state = to_state(options.state);
  made.deadline = options.deadline;
  made.on_deadline = options.on_deadline;
  return made;
}

plan::in_review task::impl::review(wait_options options) const {
  check_not_in_step("a review");
  if (!options.default_answer.is_null())
    throw error{code::misuse, "a review is accepted or rejected, it has no default answer"};
  auto made = plan::in_review{};
  made.state = to_state(options.state);
  made.deadline = options.deadline;
  made.on_deadline = options.on_deadline;
  return made;
}

} // namespace dagger
