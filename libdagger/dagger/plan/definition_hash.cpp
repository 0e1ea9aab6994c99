// Whether two definitions of jobs are the same, and what they differ in.
#include <dagger/plan/definition.hpp>

#include <dagger/codec/bytes.hpp>
#include <dagger/codec/hash.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <bit>

namespace dagger::plan {

namespace {

/// Writes a definition so that two that differ in any field give different bytes: every text
/// has its length before it, every list its count, every option a mark.
class hasher {
public:
  std::string run(const job_spec& spec) {
    out_.text(spec.name);
    out_.text(spec.description);
    out_.zigzag(spec.priority);
    texts(spec.tags);
    content(spec.inputs);
    content(spec.outputs);
    texts(spec.allowed_agents);
    out_.varint(spec.limits.tasks);
    out_.varint(spec.limits.depth);
    out_.varint(spec.limits.running);
    time(spec.limits.deadline);
    // What is not said leaves the hash as it was before it could be.
    auto says = spec.on_failure != on_failure::carry_on || !spec.resources.empty();
    out_.byte(
      static_cast<std::uint8_t>(static_cast<unsigned>(spec.stall_action) | (says ? more_bit : 0u)));
    out_.text(spec.planning_agent);
    if (says) {
      out_.byte(static_cast<std::uint8_t>(spec.on_failure));
      amounts(spec.resources);
    }
    out_.varint(spec.tasks.size());
    for (auto& task : spec.tasks)
      add(spec, task);
    return hash128(bytes_);
  }

private:
  void add(const job_spec& spec, const task_spec& task) {
    out_.text(task.name);
    out_.text(task.agent);
    out_.text(task.description);
    out_.byte(static_cast<std::uint8_t>(task.kind));
    out_.zigzag(task.priority);
    auto says = task.run_if != run_if::all_success || task.on_failure || task.max_children > 0
             || !task.resources.empty() || !task.compensate.empty();
    out_.byte(static_cast<std::uint8_t>(task.optional | task.at_most_once << 1 | task.templated << 2
                                        | (says ? more_bit : 0u)));
    if (says) {
      out_.byte(static_cast<std::uint8_t>(task.run_if));
      out_.byte(static_cast<std::uint8_t>(
        task.on_failure ? 1u + static_cast<unsigned>(*task.on_failure) : 0u));
      out_.varint(task.max_children);
      amounts(task.resources);
      out_.text(task.compensate);
    }
    out_.byte(task.retry.has_value());
    if (task.retry)
      add(*task.retry);
    time(task.timeout);
    time(task.total_timeout);
    time(task.heartbeat);
    out_.varint(task.after.size());
    for (auto& ref : task.after)
      add(spec, ref);
    content(task.input);
  }

  /// A task that has a name is the same task by number and by name.
  void add(const job_spec& spec, const task_ref& ref) {
    if (ref.added == task_ref::by_name) {
      out_.byte(0);
      out_.text(ref.name);
    } else if (ref.added < spec.tasks.size() && !spec.tasks[ref.added].name.empty()) {
      out_.byte(0);
      out_.text(spec.tasks[ref.added].name);
    } else {
      out_.byte(1);
      out_.varint(ref.added);
    }
  }

  void add(const retry_policy& x) {
    out_.varint(x.max_attempts);
    out_.zigzag(x.initial.count());
    out_.byte(static_cast<std::uint8_t>(x.backoff));
    out_.big_endian(std::bit_cast<std::uint64_t>(x.multiplier));
    out_.zigzag(x.max.count());
    out_.big_endian(std::bit_cast<std::uint64_t>(x.jitter));
    texts(x.retry_on);
    texts(x.abort_on);
  }

  void time(const std::optional<duration>& x) {
    out_.byte(x.has_value());
    if (x)
      out_.zigzag(x->count());
  }

  void texts(const std::vector<std::string>& xs) {
    out_.varint(xs.size());
    for (auto& x : xs)
      out_.text(x);
  }

  void amounts(const resources& xs) {
    out_.varint(xs.size());
    for (auto& [name, amount] : xs) {
      out_.text(name);
      out_.varint(amount);
    }
  }

  /// Large payloads by their hash, so that a definition is never copied whole.
  void content(const payload& x) {
    out_.byte(x.empty() ? 0 : 1);
    out_.varint(x.bytes().size());
    out_.raw(x.bytes().size() <= limits::inline_payload_bytes ? std::string{x.bytes()}
                                                              : hash128(x.bytes()));
  }

  static constexpr auto more_bit = 128u;

  std::string bytes_;
  writer out_{bytes_};
};

std::string name_of(const job_spec& spec, const task_ref& ref) {
  if (ref.added == task_ref::by_name)
    return ref.name;
  if (ref.added < spec.tasks.size() && !spec.tasks[ref.added].name.empty())
    return spec.tasks[ref.added].name;
  return "#" + std::to_string(ref.added);
}

bool same_after(const job_spec& a, const task_spec& x, const job_spec& b, const task_spec& y) {
  return std::equal(x.after.begin(), x.after.end(), y.after.begin(), y.after.end(),
                    [&](auto& p, auto& q) { return name_of(a, p) == name_of(b, q); });
}

/// The first field in which two tasks differ; empty if none.
std::string_view difference(const job_spec& a, const task_spec& x, const job_spec& b,
                            const task_spec& y) {
  if (x.name != y.name)
    return "name";
  if (x.agent != y.agent)
    return "agent";
  if (!same_after(a, x, b, y))
    return "after";
  if (x.input != y.input || x.templated != y.templated)
    return "input";
  if (x.retry != y.retry)
    return "retry";
  if (x.timeout != y.timeout)
    return "timeout";
  if (x.total_timeout != y.total_timeout)
    return "total_timeout";
  if (x.heartbeat != y.heartbeat)
    return "heartbeat";
  if (x.priority != y.priority)
    return "priority";
  if (x.optional != y.optional)
    return "optional";
  if (x.at_most_once != y.at_most_once)
    return "at_most_once";
  if (x.run_if != y.run_if)
    return "run_if";
  if (x.on_failure != y.on_failure)
    return "on_failure";
  if (x.max_children != y.max_children)
    return "max_children";
  if (x.resources != y.resources)
    return "resources";
  if (x.compensate != y.compensate)
    return "compensate";
  if (x.kind != y.kind)
    return "kind";
  return x.description != y.description ? "description" : "";
}

} // namespace

std::string hash_of(const job_spec& spec) {
  return hasher{}.run(spec);
}

std::string difference(const job_spec& a, const job_spec& b) {
  if (a.name != b.name)
    return "name";
  if (a.inputs != b.inputs)
    return "inputs";
  for (auto i = std::size_t{0}; i < std::min(a.tasks.size(), b.tasks.size()); ++i) {
    auto& x = a.tasks[i];
    if (auto field = difference(a, x, b, b.tasks[i]); !field.empty())
      return std::string{field} + " of task "
           + (x.name.empty() ? "number " + std::to_string(i) : "'" + x.name + "'");
  }
  if (a.tasks.size() != b.tasks.size())
    return "number of tasks: " + std::to_string(a.tasks.size()) + " and "
         + std::to_string(b.tasks.size());
  if (a.outputs != b.outputs)
    return "outputs";
  if (a.allowed_agents != b.allowed_agents)
    return "allowed_agents";
  if (a.limits != b.limits)
    return "limits";
  if (a.stall_action != b.stall_action || a.planning_agent != b.planning_agent)
    return "what happens when it stalls";
  if (a.on_failure != b.on_failure)
    return "on_failure";
  if (a.resources != b.resources)
    return "resources";
  if (a.priority != b.priority)
    return "priority";
  if (a.tags != b.tags)
    return "tags";
  return a.description != b.description ? "description" : "";
}

} // namespace dagger::plan
