// Tasks and jobs that say anything that they can, by chance.
#include <support/random_specs.hpp>

namespace dagger::test {

namespace {

/// What few tasks say.
void say_more(dice& roll, plan::task_spec& t) {
  if (roll.once_in(5))
    t.run_if = static_cast<run_if>(1 + roll(4));
  if (roll.once_in(10))
    t.on_failure = static_cast<on_failure>(roll(3));
  if (roll.once_in(6))
    t.max_children = 1 + roll(2);
  if (roll.once_in(6))
    t.resources = {{"gpu", 1 + roll(roll.once_in(10) ? 4 : 2)}};
  if (roll.once_in(8))
    t.resources["disk"] = 1;
  if (roll.once_in(5))
    t.compensate = std::string(1, static_cast<char>('a' + roll(3)));
}

} // namespace

plan::task_spec some_task_spec(dice& roll, std::string name) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = std::string(1, static_cast<char>('a' + roll(3)));
  t.priority = static_cast<std::int32_t>(roll(2));
  t.optional = roll.once_in(5);
  t.at_most_once = roll.once_in(12);
  if (roll.once_in(6))
    t.timeout = duration{10 + roll(60)};
  if (roll.once_in(6))
    t.total_timeout = duration{20 + roll(200)};
  if (roll.once_in(8))
    t.heartbeat = duration{20 + roll(60)};
  if (roll.once_in(8))
    t.retry = retry_policy{.max_attempts = 1 + roll(3),
                           .initial = duration{roll(30)},
                           .backoff = backoff::fixed,
                           .abort_on = {"x.abort"}};
  say_more(roll, t);
  if (!roll.once_in(5))
    t.input = text_payload(std::string(1 + roll(200), '7'));
  return t;
}

plan::job_spec some_job_spec(dice& roll, std::string id) {
  auto spec = job_of(std::move(id), {});
  spec.priority = static_cast<std::int32_t>(roll(2));
  const auto n = 1 + roll(4);
  for (auto i = std::uint32_t{0}; i < n; ++i) {
    spec.tasks.push_back(some_task_spec(roll, roll.once_in(3) ? "" : "t" + std::to_string(i)));
    for (auto before = std::uint32_t{0}; before < i; ++before)
      if (roll.once_in(3))
        spec.tasks[i].after.push_back(task_ref::nth(before));
    if (spec.tasks[i].after.empty() && !roll.once_in(20))
      spec.tasks[i].run_if = run_if::all_success;
  }
  if (roll.once_in(3))
    spec.on_failure = static_cast<on_failure>(roll(3));
  if (roll.once_in(6))
    spec.resources = {{"gpu", 1 + roll(2)}};
  if (roll.once_in(10))
    spec.allowed_agents = {"a", "b"};
  if (roll.once_in(6))
    spec.limits = {.tasks = roll.once_in(2) ? n + roll(4) : 0,
                   .depth = roll(4),
                   .running = roll(3),
                   .deadline =
                     roll.once_in(3) ? std::optional{duration{50 + roll(300)}} : std::nullopt};
  spec.stall_action = static_cast<stall_action>(roll(4));
  spec.planning_agent = "a";
  return spec;
}

} // namespace dagger::test
