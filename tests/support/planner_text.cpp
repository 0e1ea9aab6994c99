// What the planner is told and says, in words; commands compared.
#include <support/planner_world.hpp>

#include <algorithm>
#include <map>

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

std::string in_words(const plan::assignment& x) {
  auto out = text_of(x.attempt) + " " + x.job_id + "/" + x.task_name + " at " + text_of(x.at);
  out += x.first_visit ? " first" : "";
  out += " by " + std::to_string(x.cause.condition);
  out += x.cause.deadline_passed ? " deadline_passed" : "";
  out += x.cause.signalled ? " signalled" : "";
  if (x.templated)
    out += " templated";
  out += " input=" + bytes_of(x.input) + " state=" + bytes_of(x.state)
       + " feedback=" + bytes_of(x.feedback) + " answer=" + bytes_of(x.answer)
       + " progress=" + bytes_of(x.progress) + " round=" + std::to_string(x.round)
       + " after=" + numbers(x.dependencies);
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

} // namespace

std::string difference(const std::vector<plan::command>& got,
                       const std::vector<plan::command>& expected) {
  if (got.empty() && expected.empty())
    return {};
  const auto a = in_words(got);
  const auto b = in_words(expected);
  return a == b ? std::string{} : "commands\n" + a + "expected\n" + b;
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
    std::string operator()(const plan::done& c) const {
      return "done " + std::to_string(c.client);
    }
    std::string operator()(const plan::stalled& c) const {
      return "stalled " + std::to_string(c.job) + " " + c.job_id + " "
           + std::string{c.situation.bytes()};
    }
    std::string operator()(const plan::sweep&) const {
      return "sweep";
    }
    std::string operator()(const plan::give_up& c) const {
      return "give_up " + to_string(c.why);
    }
  } in_words;
  return std::visit(in_words, x);
}

std::string_view name_of_outcome(const plan::report& x) {
  static constexpr std::array names{"completed",  "suspended", "failed",   "skipped",
                                    "given_back", "abandoned", "in_review"};
  static_assert(names.size() == std::variant_size_v<decltype(plan::report::outcome)>);
  return names[x.outcome.index()];
}

std::string text_of(const plan::event& x) {
  static constexpr std::array names{
    "agent_joined",   "agent_lost",     "slots_changed",   "job_submitted",  "job_resumed",
    "tasks_reported", "time_passed",    "job_paused",      "job_cancelled",  "job_retried",
    "job_purged",     "sweep_due",      "signal_received", "review_decided", "heart_beaten",
    "step_done",      "chunks_emitted", "tasks_added",     "task_removed",   "task_enabled",
    "input_set",      "load_due"};
  static_assert(names.size() == std::variant_size_v<plan::event>);
  auto out = std::string{names[x.index()]};
  if (const auto* r = std::get_if<plan::tasks_reported>(&x))
    for (const auto& one : r->reports)
      out.append(" ").append(text_of(one.attempt)).append(" ").append(name_of_outcome(one));
  return out;
}

} // namespace dagger::test
