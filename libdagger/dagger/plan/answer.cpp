// Answers from outside: signals to tasks that wait for one, and the word of those who
// review.
#include <dagger/plan/planner_impl.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/nearest.hpp>

#include <algorithm>

namespace dagger::plan {

std::optional<error> planner::impl::refusal_of(const signal_received& x, const job& j) const {
  auto is_ending = j.row.state == job_state::cancelling && j.row.undoing != undoing::begun;
  if (finished(j.row.state) || is_ending)
    return error{code::conflict, "job '" + x.job + "' takes no signals: it is "
                                   + std::string{to_text(j.row.state)}};
  if (!valid_name(x.name))
    return error{code::invalid_input, to_text(json(x.name)) + " is no name of a signal"};
  if (x.value.bytes().size() > limits::signal_bytes)
    return error{code::too_large,
                 "the value is larger than " + std::to_string(limits::signal_bytes) + " bytes"};
  if (j.signal_waits.contains(x.name))
    return std::nullopt;
  if (!x.queue) {
    auto names = std::vector<std::string>{};
    for (auto& [name, tasks] : j.signal_waits)
      names.push_back(name);
    auto meant = nearest(x.name, names);
    return error{code::not_found,
                 "no task of job '" + x.job + "' waits for a signal '" + x.name + "' now",
                 {},
                 meant ? "did you mean '" + *meant + "'?" : ""};
  }
  if (j.queued_signals >= limits::signals_per_job)
    return error{code::limit, "job '" + x.job + "' has " + std::to_string(j.queued_signals)
                                + " signals that no task has taken"};
  if (j.queued_bytes + x.value.bytes().size() > limits::queued_signal_bytes)
    return error{code::limit, "the signals of job '" + x.job + "' that no task has taken have "
                                + std::to_string(j.queued_bytes)
                                + " bytes: with this one they "
                                  "would have more than "
                                + std::to_string(limits::queued_signal_bytes)};
  return std::nullopt;
}

void planner::impl::take(const signal_received& x) {
  auto* j = find_for(x.job, x.client);
  if (!j)
    return;
  if (auto wrong = refusal_of(x, *j)) {
    if (x.client != 0)
      out.commands.push_back(refuse{x.client, std::move(*wrong)});
    return;
  }
  auto value = x.value.empty() ? std::string{"null"} : std::string{x.value.bytes()};
  auto number = j->row.signals_end++;
  j->queued_bytes += value.size();
  j->signals[x.name].push_back({number, value});
  ++j->queued_signals;
  touch(*j);
  if (auto waiting = j->signal_waits.find(x.name); waiting != j->signal_waits.end()) {
    auto t = *waiting->second.begin();
    auto& conditions = j->tasks[t].row.wait->any_of;
    auto cause = std::ranges::find(conditions, x.name, &clause::signal);
    wake(*j, t, static_cast<std::uint32_t>(cause - conditions.begin()));
  }
  // Only what nobody took becomes a row.
  if (j->signals.contains(x.name))
    out.writes.put(store::table::signals, store::key::signal(j->number, number),
                   store::kind::signal, encode(signal_row{x.name, now, std::move(value)}));
  done_for(x.client);
}

void planner::impl::take_signal(job& j, std::uint32_t t, const std::string& name) {
  auto queue = j.signals.find(name);
  auto oldest = std::move(queue->second.front());
  queue->second.pop_front();
  if (queue->second.empty())
    j.signals.erase(queue);
  --j.queued_signals;
  j.queued_bytes -= oldest.value.size();
  out.writes.erase(store::table::signals, store::key::signal(j.number, oldest.number));
  auto& more = j.tasks[t].row.rarely();
  more.signalled = true;
  more.answer =
    keep(j, t, store::slot::answer, payload::from_bytes(std::move(oldest.value)), more.answer);
}

void planner::impl::take(const review_decided& x) {
  auto* j = find_for(x.job, x.client);
  if (!j)
    return;
  auto t = j->find(x.task);
  if (!t)
    return refuse_to(x.client, code::not_found, "job '" + x.job + "' has no task '" + x.task + "'");
  auto& row = j->tasks[*t].row;
  if (!is_review(row))
    return refuse_to(x.client, code::conflict,
                     "task '" + x.task + "' of job '" + x.job + "' is not in review: it is "
                       + std::string{to_text(row.state)});
  if (x.accepted)
    accept_review(*j, *t);
  else
    reject_review(*j, *t, x);
  done_for(x.client);
}

void planner::impl::accept_review(job& j, std::uint32_t t) {
  leave_wait(j, t);
  forget_visit(j, t);
  move(j, t, task_state::completed);
  note_completion(j, t);
  settle(j, t);
}

void planner::impl::reject_review(job& j, std::uint32_t t, const review_decided& x) {
  auto& row = j.tasks[t].row;
  auto reason = x.reason.substr(0, limits::error_bytes);
  ++row.rarely().round;
  if (x.final)
    return fail_task(j, t, code::rejected, reason);
  auto why = payload::from(json{{"rejected", reason}});
  row.feedback = keep(j, t, store::slot::feedback, why, row.feedback);
  wake(j, t, 0);
}

} // namespace dagger::plan
