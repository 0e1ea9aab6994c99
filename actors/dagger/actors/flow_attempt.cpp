// One attempt: the call, what its end means, and what follows where the run's mode changes.
#include <dagger/actors/flow_worker.hpp>

#include <dagger/plan/retry.hpp>

#include <utility>

namespace dagger::flow_parts {

void frame::fail(const error& x) {
  auto text = x.where.empty() ? x.message : x.where + ": " + x.message;
  fail(failure{.code = x.code.empty() ? std::string{code::exception} : x.code,
               .message = std::move(text)});
}

std::stop_token frame::stop_token() {
  auto& me = *static_cast<actors::flow_execution::worker*>(worker);
  auto guard = std::lock_guard{me.mutex};
  if (me.stop_serial != me.serial)
    me.stop.emplace();
  me.stop_serial = me.serial;
  if (me.stopped_serial == me.serial || me.owner->core_.mode_now() == graph::run::mode::cancelled)
    me.stop->request_stop(); // nobody listens yet
  return me.stop->get_token();
}

} // namespace dagger::flow_parts

namespace dagger::actors {

namespace {

using flow_parts::call_end;
using mode = graph::run::mode;

/// What was thrown, as a failure.
void catch_into(flow_parts::frame& f) {
  try {
    throw;
  } catch (const error& x) {
    f.fail(x);
  } catch (const failure& x) {
    f.fail(failure{x});
  } catch (const std::exception& x) {
    f.fail(failure{.message = x.what()});
  } catch (...) {
    f.fail(failure{.message = "threw something that is no std::exception"});
  }
}

} // namespace

void flow_execution::call(worker& me, flow_item x) {
  auto& row = program_->tables->nodes[x.node];
  auto& f = me.frame;
  try {
    if (row.settings != 0) {
      if (!may_be_called(f))
        return;
      if (auto time = program_->tables->settings_of(x.node).timeout; time > duration{0})
        add_timer(later(time_of(me.now), time),
                  {timer_kind::time_out, x, me.shared_from_this(), me.serial});
    }
    if (x.element == flow_item::whole)
      row.type->call(row.body, f);
    else
      row.type->elements->call(row.body, f, elements_.at(x.node)->results, x.element);
  } catch (...) {
    catch_into(f);
  }
}

/// Whether all values are there that it cannot do without, and its condition holds. May throw what
/// a user's function throws.
bool flow_execution::may_be_called(flow_parts::frame& f) {
  auto& row = program_->tables->nodes[f.node];
  auto& said = program_->tables->settings_of(f.node);
  if (said.when && !said.when(f)) {
    f.end = call_end::skipped;
    f.why.message = "its condition does not hold";
    return false;
  }
  if (said.rule.run_if == run_if::all_success || !row.type)
    return true;
  for (auto k = std::uint32_t{0}; k < row.type->arguments; ++k)
    if ((row.type->required >> k & 1) != 0 && !f.has(k)) {
      auto before = program_->edges.before(f.node)[k];
      f.fail(failure{.code = std::string{code::invalid_input},
                     .message = program_->tables->shown_name(before)
                              + " has no value: take it as dagger::maybe(...)",
                     .retryable = false});
      return false;
    }
  return true;
}

/// An attempt in a thread has ended.
void flow_execution::conclude(worker& me, flow_item x) {
  auto& f = me.frame;
  auto& row = program_->tables->nodes[x.node];
  auto started = me.started.load(std::memory_order_relaxed);
  if (program_->tables->settings_of(x.node).timeout > duration{0}) {
    auto guard = std::lock_guard{me.mutex};
    if (me.timed_out_serial == me.serial && f.end != call_end::skipped) {
      if (f.kept && row.value->destroy)
        row.value->destroy(f.place(x.node));
      f.fail(failure{.code = std::string{code::timeout}, .message = "its time was over"});
    }
  }
  if (f.end == call_end::failed)
    return conclude_badly(x, {started, me.now, std::exchange(f.why, {})}, me.ready);
  if (f.end == call_end::skipped)
    return skip(x, std::exchange(f.why, {}).message, me.ready);
  auto& at =
    x.element == flow_item::whole ? core_.at(x.node) : elements_.at(x.node)->progress[x.element];
  at.started = started;
  at.ended = me.now;
  ++at.attempts;
  if (x.element == flow_item::whole)
    core_.completed(x.node, me.ready);
  else
    settle_element(x, task_state::completed, me.ready);
}

void flow_execution::skip(flow_item x, std::string text, nodes& ready) {
  {
    auto guard = std::lock_guard{mutex_};
    remarks_[x.key()].text = std::move(text);
  }
  core_.skipped(x.node, ready);
}

const retry_policy& flow_execution::policy_of(std::uint32_t node) const {
  auto& said = program_->tables->settings_of(node).retry;
  return said ? *said : program_->tables->settings.retry;
}

/// What the jitter of a pause is drawn from.
std::string flow_execution::identity_of(flow_item x, std::uint32_t failures) const {
  return program_->tables->name + '/' + name_of(x) + '#' + std::to_string(failures) + '@'
       + to_rfc3339(started_);
}

void flow_execution::conclude_badly(flow_item x, past_attempt attempt, nodes& ready) {
  auto why = attempt.why;
  auto& policy = policy_of(x.node);
  auto guard = std::unique_lock{mutex_};
  auto& past = remarks_[x.key()];
  past.attempts.push_back(std::move(attempt));
  auto failures = ++past.failures;
  auto now = core_.mode_now();
  auto again = plan::tries_again(policy, why, failures);
  if (now == mode::cancelled) {
    guard.unlock();
    if (x.element == flow_item::whole)
      core_.cancelled(x.node);
    else
      settle_element(x, task_state::cancelled, ready);
  } else if (again && now == mode::held) {
    // It is tried again after `resume`.
  } else if (again && core_.may_start(x.node) == graph::run::verdict::start) {
    auto pause = plan::pause_after(policy, why, failures, identity_of(x, failures));
    if (pause == duration{0}) {
      guard.unlock();
      return add_items({x});
    }
    ++backing_off_;
    guard.unlock();
    add_timer(later(time_of(stamp()), pause), {timer_kind::retry, x});
    follow_mode(); // it may have changed meanwhile
  } else {
    guard.unlock();
    fail_for_good(x, ready);
  }
}

void flow_execution::fail_for_good(flow_item x, nodes& ready) {
  if (x.element != flow_item::whole)
    return settle_element(x, task_state::failed, ready);
  if (!program_->tables->settings_of(x.node).rule.optional) {
    auto guard = std::lock_guard{mutex_};
    if (!first_failed_)
      first_failed_ = x.node;
  }
  core_.failed(x.node, ready);
  follow_mode();
}

/// Does once what a change of the mode asks for: pauses end, and what runs is stopped.
void flow_execution::follow_mode() {
  auto now = core_.mode_now();
  if (now == mode::going)
    return;
  auto failing = std::vector<flow_item>{};
  auto refused = std::vector<graph::ready_queue::entry>{};
  auto stops = std::vector<std::function<void()>>{};
  {
    auto guard = std::lock_guard{mutex_};
    for (auto i = timers_.begin(); i != timers_.end();) {
      if (i->second.kind != timer_kind::retry
          || core_.may_start(i->second.item.node) == graph::run::verdict::start) {
        ++i;
        continue;
      }
      --backing_off_;
      failing.push_back(i->second.item);
      i = timers_.erase(i);
    }
    if (now == mode::stopped)
      refused = queue_.take_if([&](const graph::ready_queue::entry& x) {
        return core_.may_start(x.node) != graph::run::verdict::start;
      });
    if (followed_ != now && now != mode::held) {
      for (auto& who : workers_)
        stop(*who);
      for (auto& [key, x] : pending_)
        if (x.cancel)
          stops.push_back(x.cancel);
    }
    followed_ = now;
  }
  for (auto& x : stops)
    x();
  auto ready = nodes{};
  if (now == mode::stopped)
    for (auto x : failing)
      fail_for_good(x, ready);
  for (auto& x : refused)
    refuse({x.node, x.element}, ready);
  add_ready(ready);
}

} // namespace dagger::actors
