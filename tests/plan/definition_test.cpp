// Checking, hashing and comparing definitions.
#include <dagger/limits.hpp>
#include <dagger/plan/definition.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <set>

namespace {

using namespace dagger;
using namespace dagger::plan;
using namespace std::chrono_literals;

task_spec task(std::string name, std::vector<task_ref> after = {}) {
  auto made = task_spec{};
  made.name = std::move(name);
  made.agent = "worker";
  made.after = std::move(after);
  made.input = payload::from(json::object());
  return made;
}

job_spec job(std::vector<task_spec> tasks) {
  auto made = job_spec{};
  made.id = "job-1";
  made.tasks = std::move(tasks);
  return made;
}

/// "where: message (hint)" of each problem, one per line.
std::string text_of(const job_spec& spec) {
  auto all = std::string{};
  for (auto& x : problems(spec))
    all += x.where + ": " + x.message + (x.hint.empty() ? "" : " (" + x.hint + ")") + "\n";
  return all;
}

TEST(definition, a_right_one_has_no_problems) {
  auto spec = job({task("a"), task("b.1", {"a"}), task("", {task_ref::nth(0), "b.1"})});
  spec.allowed_agents = {"worker", "other"};
  spec.outputs = payload::from({{"x", "b.1.result.0"}, {"y", "inputs.z"}});
  spec.tasks[0].retry = retry_policy{};
  spec.tasks[0].timeout = 1s;
  EXPECT_EQ(text_of(spec), "");
}

TEST(definition, all_problems_are_told_at_once) {
  auto spec = job({task("first", {"secnd", task_ref::nth(9)}), task("first"), task("a b"),
                   task("second"), task("inputs"), task("-x")});
  spec.id = "not good";
  spec.allowed_agents = {"workers"};
  spec.tasks[3].agent = "";
  spec.tasks[3].timeout = 0s;
  EXPECT_EQ(text_of(spec),
            "id: \"not good\" is no id of a job: 1 to 128 letters, digits, '_' and '-'\n"
            "tasks[1].name: duplicate task 'first', first is tasks[0]\n"
            "tasks[2].name: \"a b\" is no name: letters, digits, '_', and after the first also "
            "'.' and '-'\n"
            "tasks[4].name: a task cannot be named 'inputs': references to the inputs begin so\n"
            "tasks[5].name: \"-x\" is no name: letters, digits, '_', and after the first also "
            "'.' and '-'\n"
            "tasks[0].agent: agent 'worker' is not one of allowed_agents (did you mean "
            "'workers'?)\n"
            "tasks[0].after[0]: unknown task 'secnd' (did you mean 'second'?)\n"
            "tasks[0].after[1]: there is no task number 9\n"
            "tasks[1].agent: agent 'worker' is not one of allowed_agents (did you mean "
            "'workers'?)\n"
            "tasks[2].agent: agent 'worker' is not one of allowed_agents (did you mean "
            "'workers'?)\n"
            "tasks[3].agent: an agent is needed\n"
            "tasks[3].timeout: a time-out must be longer than 0\n"
            "tasks[4].agent: agent 'worker' is not one of allowed_agents (did you mean "
            "'workers'?)\n"
            "tasks[5].agent: agent 'worker' is not one of allowed_agents (did you mean "
            "'workers'?)\n");
}

TEST(definition, limits_hold) {
  auto spec = job({});
  EXPECT_EQ(text_of(spec), "tasks: a job needs at least one task\n");
  spec = job({task(std::string(limits::name_bytes + 1, 'x'))});
  spec.id = std::string(limits::id_bytes + 1, 'x');
  EXPECT_EQ(problems(spec).size(), 2u);
  spec.id.pop_back();
  spec.tasks[0].name.pop_back();
  EXPECT_EQ(text_of(spec), "");
  spec.tasks[0].input = payload::from_bytes(std::string(limits::payload_bytes + 1, ' '));
  EXPECT_EQ(text_of(spec), "tasks[0].input: larger than 64 MiB\n");
  EXPECT_EQ(problems(spec)[0].code, "too_large");
}

TEST(definition, retry_policies_are_checked) {
  auto spec = job({task("a")});
  spec.tasks[0].retry = retry_policy{.max_attempts = 0,
                                     .initial = -1s,
                                     .multiplier = std::numeric_limits<double>::quiet_NaN(),
                                     .max = -1s,
                                     .jitter = 1.5};
  EXPECT_EQ(text_of(spec), "tasks[0].retry.max_attempts: must be at least 1\n"
                           "tasks[0].retry.initial: must not be negative\n"
                           "tasks[0].retry.max: must not be negative\n"
                           "tasks[0].retry.multiplier: must be a number that is not negative\n"
                           "tasks[0].retry.jitter: must be from 0 to 1\n");
}

TEST(definition, shares_conditions_and_compensations_are_checked) {
  auto spec = job({task("a"), task("b", {"a"})});
  spec.allowed_agents = {"worker", "undoer"};
  spec.resources = {{"gpu", 2}, {"no name", 1}};
  spec.tasks[0].run_if = run_if::one_failed;
  spec.tasks[0].compensate = "undoers";
  spec.tasks[1].run_if = run_if::one_success;
  spec.tasks[1].compensate = "un doer";
  spec.tasks[1].resources = {{"disk", 0}, {"gpu", 3}};
  EXPECT_EQ(text_of(spec),
            "resources: \"no name\" is no name of a resource\n"
            "tasks[0].run_if: it asks how one of the tasks before it ended, but comes after none\n"
            "tasks[0].compensate: agent 'undoers' is not one of allowed_agents (did you mean "
            "'undoer'?)\n"
            "tasks[1].compensate: \"un doer\" is no name of an agent\n"
            "tasks[1].resources.disk: must be at least 1\n"
            "tasks[1].resources.gpu: the job's share of 'gpu' is 2\n");
}

TEST(definition, outputs_must_refer_to_tasks) {
  auto spec = job({task("report")});
  spec.outputs = payload::from({{"a", "reprt.x"}, {"b", 3}, {"c", "x y"}});
  EXPECT_EQ(text_of(spec),
            "outputs.a: unknown task 'reprt' (did you mean 'report'?)\n"
            "outputs.b: must be a reference, not number\n"
            "outputs.c: 'x y' is no reference: blanks, '$', '{' and '}' have no place in it "
            "(write inputs.NAME or TASK.PATH)\n");
  spec.outputs = payload::from_bytes("{broken");
  EXPECT_EQ(text_of(spec), "outputs: must be a JSON object\n");
}

TEST(definition, cycles_are_named) {
  EXPECT_EQ(text_of(job({task("a", {"b"}), task("b", {"a"})})),
            "tasks[0].after[0]: cycle: a -> b -> a\n");
  EXPECT_EQ(text_of(job({task("x"), task("a", {"x", "c"}), task("b", {"a"}), task("c", {"b"})})),
            "tasks[1].after[1]: cycle: a -> b -> c -> a\n");
  EXPECT_EQ(text_of(job({task("", {task_ref::nth(0)})})),
            "tasks[0].after[0]: cycle: tasks[0] -> tasks[0]\n");
}

TEST(definition, a_long_cycle_is_named_in_short) {
  auto spec = job({});
  for (auto i = 0; i < 100'000; ++i)
    spec.tasks.push_back(task("t" + std::to_string(i), {task_ref::nth((i + 99'999) % 100'000)}));
  EXPECT_EQ(text_of(spec), "tasks[0].after[0]: cycle: t0 -> t1 -> t2 -> t3 -> t4 -> t5 -> ... "
                           "(99988 more) -> t99994 -> t99995 -> t99996 -> t99997 -> t99998 -> "
                           "t99999 -> t0\n");
}

TEST(definition, the_number_of_problems_is_bounded) {
  auto spec = job({});
  for (auto i = 0; i < 100'000; ++i)
    spec.tasks.push_back(task("t" + std::to_string(i), {"nobody" + std::to_string(i)}));
  EXPECT_EQ(problems(spec).size(), limits::problems);
}

/// One small change of each field that a submission says.
std::vector<std::function<void(job_spec&)>> changes() {
  return {
    [](auto& x) { x.name = "n"; },
    [](auto& x) { x.description = "n"; },
    [](auto& x) { x.priority = -1; },
    [](auto& x) { x.tags = {"t"}; },
    [](auto& x) {
      x.tags = {"t", ""};
    },
    [](auto& x) {
      x.tags = {"", "t"};
    },
    [](auto& x) { x.inputs = payload::from(1); },
    [](auto& x) { x.inputs = payload::from(nullptr); },
    [](auto& x) { x.inputs = payload::from_bytes(std::string(1'000, 'x')); },
    [](auto& x) { x.inputs = payload::from_bytes(std::string(1'000, 'y')); },
    [](auto& x) { x.outputs = payload::from(1); },
    [](auto& x) { x.allowed_agents = {"t"}; },
    [](auto& x) { x.tasks.pop_back(); },
    [](auto& x) { std::swap(x.tasks[0], x.tasks[1]); },
    [](auto& x) { x.tasks[0].name = "ab"; },
    [](auto& x) { x.tasks[0].agent = "w"; },
    [](auto& x) { x.tasks[0].description = "w"; },
    [](auto& x) { x.tasks[0].kind = task_kind::story; },
    [](auto& x) { x.tasks[0].priority = 1; },
    [](auto& x) { x.tasks[0].optional = true; },
    [](auto& x) { x.tasks[0].at_most_once = true; },
    [](auto& x) { x.tasks[0].templated = true; },
    [](auto& x) { x.tasks[0].retry = retry_policy{}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.max_attempts = 2}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.initial = 2s}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.backoff = backoff::fixed}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.multiplier = 2.5}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.max = 2s}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.jitter = 0.5}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.retry_on = {"a"}}; },
    [](auto& x) { x.tasks[0].retry = retry_policy{.abort_on = {"a"}}; },
    [](auto& x) { x.tasks[0].timeout = 1s; },
    [](auto& x) { x.tasks[0].total_timeout = 1s; },
    [](auto& x) { x.on_failure = on_failure::stop; },
    [](auto& x) {
      x.resources = {{"gpu", 1}};
    },
    [](auto& x) {
      x.resources = {{"gpu", 2}};
    },
    [](auto& x) { x.tasks[0].run_if = run_if::all_done; },
    [](auto& x) { x.tasks[0].on_failure = on_failure::carry_on; },
    [](auto& x) { x.tasks[0].on_failure = on_failure::pause; },
    [](auto& x) { x.tasks[0].max_children = 1; },
    [](auto& x) {
      x.tasks[0].resources = {{"gpu", 1}};
    },
    [](auto& x) { x.tasks[0].compensate = "w"; },
    [](auto& x) { x.tasks[1].after = {}; },
    [](auto& x) {
      x.tasks[1].after = {"a", "a"};
    },
    [](auto& x) { x.tasks[1].after = {"x"}; },
    [](auto& x) {
      x.tasks[0].input = payload::from({{"n", 1}});
    },
    [](auto& x) { x.tasks[0].input = {}; },
  };
}

TEST(definition, every_field_changes_the_hash_and_is_found_by_difference) {
  auto base = job({task("a"), task("b", {"a"})});
  auto seen = std::set<std::string>{hash_of(base)};
  EXPECT_EQ(difference(base, base), "");
  for (auto& change : changes()) {
    auto changed = base;
    change(changed);
    EXPECT_TRUE(seen.insert(hash_of(changed)).second) << difference(base, changed);
    EXPECT_NE(difference(base, changed), "");
  }
  EXPECT_EQ(seen.size(), changes().size() + 1);
}

TEST(definition, the_hash_is_of_the_content_only) {
  auto a = job({task("a"), task("b", {"a"})});
  auto b = a;
  b.id = "another";
  b.created_by = "somebody";
  b.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  b.is_flow = true;
  b.retry = retry_policy{.max_attempts = 3};
  b.folder = "/home/ann";
  b.tasks[1].after = {task_ref::nth(0)}; // the same task by number
  EXPECT_EQ(hash_of(a), hash_of(b));
  EXPECT_EQ(difference(a, b), "");
  EXPECT_EQ(hash_of(a).size(), 32u);
}

TEST(definition, text_cannot_move_from_one_field_to_the_next) {
  auto a = job({task("a")}), b = a;
  a.tasks[0].agent = "xy", a.tasks[0].description = "z";
  b.tasks[0].agent = "x", b.tasks[0].description = "yz";
  EXPECT_NE(hash_of(a), hash_of(b));
}

TEST(definition, the_difference_is_told_in_words) {
  auto a = job({task("report"), task("")}), b = a;
  b.tasks[0].input = payload::from(3);
  EXPECT_EQ(difference(a, b), "input of task 'report'");
  b = a;
  b.tasks[1].agent = "x";
  EXPECT_EQ(difference(a, b), "agent of task number 1");
  b = a;
  b.tasks.pop_back();
  EXPECT_EQ(difference(a, b), "number of tasks: 2 and 1");
}

TEST(definition, options_become_a_spec) {
  auto made = to_spec({.name = "n",
                       .agent = "a",
                       .after = {"x"},
                       .input = {{"k", 1}},
                       .description = "d",
                       .kind = task_kind::story,
                       .priority = 3,
                       .optional = true,
                       .at_most_once = true,
                       .retry = retry_policy{.max_attempts = 4},
                       .timeout = 5s,
                       .total_timeout = 6s});
  EXPECT_EQ(made.name + made.agent + made.description, "nad");
  EXPECT_EQ(made.after, (std::vector<task_ref>{"x"}));
  EXPECT_EQ(made.input.bytes(), R"({"k":1})");
  EXPECT_EQ(made.kind, task_kind::story);
  EXPECT_EQ(made.priority, 3);
  EXPECT_TRUE(made.optional && made.at_most_once && !made.templated);
  EXPECT_EQ(made.retry->max_attempts, 4u);
  EXPECT_EQ(made.timeout, 5s);
  EXPECT_EQ(made.total_timeout, 6s);
}

/// Whether some task is reachable from itself, by trying all ways.
bool loops(const job_spec& spec) {
  auto size = spec.tasks.size();
  auto reach = std::vector<std::vector<bool>>(size, std::vector<bool>(size));
  for (auto i = std::size_t{0}; i < size; ++i)
    for (auto& ref : spec.tasks[i].after)
      for (auto j = std::size_t{0}; j < size; ++j)
        if (ref.added == j || (ref.added == task_ref::by_name && ref.name == spec.tasks[j].name))
          reach[i][j] = true;
  for (auto k = std::size_t{0}; k < size; ++k)
    for (auto i = std::size_t{0}; i < size; ++i)
      for (auto j = std::size_t{0}; j < size; ++j)
        if (reach[i][k] && reach[k][j])
          reach[i][j] = true;
  for (auto i = std::size_t{0}; i < size; ++i)
    if (reach[i][i])
      return true;
  return false;
}

TEST(definition, random_definitions_agree_with_the_slow_cycle_check) {
  auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  auto random = std::mt19937{seed};
  for (auto round = 0; round < 2'000; ++round) {
    auto size = 1 + random() % 10;
    auto spec = job({});
    for (auto i = std::size_t{0}; i < size; ++i)
      spec.tasks.push_back(task("t" + std::to_string(i)));
    for (auto edges = random() % (size + 4); edges > 0; --edges) {
      auto other = static_cast<std::uint32_t>(random() % size);
      spec.tasks[random() % size].after.push_back(
        random() % 2 == 0 ? task_ref::nth(other) : task_ref{"t" + std::to_string(other)});
    }
    ASSERT_EQ(text_of(spec).find("cycle") != std::string::npos, loops(spec)) << text_of(spec);
  }
}

} // namespace
