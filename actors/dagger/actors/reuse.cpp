// What a visit does about outputs of equal calls: before its action is called, and with the output
// that it returns.
//
//   its turn (another one that makes the same output ends first) ─► what has just been made, or the
//   store ─► the report; or the action ─► the output is kept, with the outcome
#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/visit.hpp>

#include <string>
#include <utility>

namespace dagger {

/// Not for what a user wants run again: a retry from here on, a rejected output.
std::optional<plan::cached_row> task::impl::find_output() {
  if (!where->reuses_outputs || !given.first_visit || given.round > 0)
    return std::nullopt;
  auto key = call_->key();
  auto has_thread = agent->options.run && !agent->options.cooperative;
  turn_ = actors::calls_in_progress::begin(where->calls, key, has_thread, stop_token());
  auto recent = where->calls->recent(key);
  auto view = where->views->read(); // not before: what others have written must be there
  return call_->find(*view, recent.get(), given.at);
}

std::optional<plan::report> task::impl::reuse() {
  if (!node || !node->program().cache)
    return std::nullopt;
  auto view = actors::lazy_view{*where->views};
  call_ = actors::cached_call::of(*node, agent->options, input, view, given);
  auto row = call_ ? find_output() : std::nullopt;
  if (!row)
    return std::nullopt;
  turn_.reset();
  auto made = plan::report{};
  made.attempt = given.attempt;
  made.outcome = plan::completed{payload::from_bytes(std::move(row->output)), call_->reason(*row),
                                 call_->key().first};
  made.keep = call_->renewed(*row, given.at);
  return made;
}

/// An output is kept if it is all that the action has done.
std::optional<plan::kept_output> task::impl::keep(const json& output, const payload& text) const {
  if (!call_ || !added_.empty() || !new_dependencies_.empty() || !jobs_.empty()
      || !messages_.empty())
    return std::nullopt;
  if (auto size = text.bytes().size(); size > limits::result_bytes) {
    where->logger->write(log_level::warning, "the output of '" + given.task_name
                                               + "' is not kept for equal calls: it has "
                                               + std::to_string(size) + " bytes, at most "
                                               + std::to_string(limits::result_bytes) + " are");
    return std::nullopt;
  }
  auto made = call_->keep(*node, agent->options, output);
  if (made && turn_ && !control_->lost.stop_requested())
    turn_->made({.call = made->call,
                 .made = given.at,
                 .until = later(given.at, made->keep),
                 .files = made->files,
                 .output = std::string{text.bytes()}});
  return made;
}

} // namespace dagger
