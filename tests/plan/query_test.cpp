// What users see of jobs: lists, tasks, payloads, outputs, history.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

plan::task_spec task_of(std::string name, std::vector<task_ref> after = {}) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = "a";
  t.after = std::move(after);
  return t;
}

plan::completed output(const json& x) {
  return {payload::from(x)};
}

bare_planner with_agent(std::uint32_t slots = 1) {
  auto p = bare_planner{};
  p.apply(plan::agent_joined{.agent = "a", .slots = slots, .retry = {}, .timeout = {}});
  return p;
}

/// Reports the only attempt that the last event assigned.
void complete(bare_planner& p, const json& x) {
  ASSERT_EQ(p.assigned().size(), 1u);
  p.report(p.assigned().front().attempt, output(x));
}

} // namespace

TEST(query, a_history_tells_every_event_in_order) {
  auto p = with_agent();
  p.submit(job_of("j", {task_of("x"), task_of("y", {"x"})}));
  p.now += 5ms;
  p.submit(job_of("other", {task_of("z")}));
  p.now += 5ms;
  const auto x = plan::attempt_id{1, 0, 1, 1};
  p.report(
    x, plan::failed{.why = {.code = "payment.declined", .message = "no money"}, .feedback = {}});
  auto disk = p.store->read();
  const auto events = plan::history(*disk, 1);
  ASSERT_TRUE(events.has_value());
  ASSERT_EQ(events->size(), 2u);
  const auto& first = events->front();
  EXPECT_EQ(first.position, 0u);
  EXPECT_EQ(first.id, "j");
  EXPECT_EQ(first.job, 1u);
  EXPECT_EQ(first.state, job_state::running);
  EXPECT_EQ(first.added, (std::vector<plan::task_range>{{0, 2}}));
  ASSERT_EQ(first.transitions.size(), 1u);
  EXPECT_EQ(first.transitions[0], (plan::transition{0, task_state::running, 1, 1, "", ""}));
  const auto& last = events->back();
  EXPECT_EQ(last.position, 2u) << "another job's event lies between";
  EXPECT_EQ(last.time, p.now);
  EXPECT_EQ(last.state, job_state::failed);
  ASSERT_EQ(last.transitions.size(), 2u);
  EXPECT_EQ(last.transitions[0],
            (plan::transition{0, task_state::failed, 1, 1, "payment.declined", "no money"}));
  EXPECT_EQ(last.transitions[1].to, task_state::skipped);
  EXPECT_EQ(last.transitions[1].message, "upstream failed: x");
}

TEST(query, jobs_are_listed_from_the_newest_and_the_visitor_ends_the_list) {
  auto p = with_agent();
  for (auto i = 1; i <= 300; ++i)
    p.submit(job_of("job" + std::to_string(i), {task_of("x")}));
  auto disk = p.store->read();
  auto seen = std::vector<std::uint64_t>{};
  ASSERT_TRUE(plan::list_jobs(*disk, [&](const plan::job_status& x) {
    EXPECT_EQ(x.id, "job" + std::to_string(x.number));
    seen.push_back(x.number);
    return seen.size() < 290;
  }));
  ASSERT_EQ(seen.size(), 290u);
  EXPECT_EQ(seen.front(), 300u);
  EXPECT_EQ(seen.back(), 11u);
}

TEST(query, a_job_that_is_not_there_is_nothing_and_no_error) {
  auto p = with_agent();
  auto disk = p.store->read();
  const auto found = plan::find_job(*disk, "nobody");
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->has_value());
}

TEST(query, payloads_of_any_size_come_back) {
  for (auto size : {std::size_t{1}, std::size_t{126}, std::size_t{127}, std::size_t{200},
                    std::size_t{1} << 20, (std::size_t{1} << 20) + 1, std::size_t{3} << 20}) {
    auto p = with_agent();
    const auto text = json(std::string(size, 'x'));
    const auto bytes = payload::from(text);
    auto t = task_of("x");
    t.input = bytes;
    auto spec = job_of("j", {t});
    spec.inputs = bytes;
    p.submit(spec);
    auto wait = plan::suspended{};
    wait.any_of = {condition::time(duration{0})};
    wait.state = bytes;
    p.report({1, 0, 1, 1}, wait);
    const auto waiting = p.tasks("j").front();
    EXPECT_EQ(waiting.saved_state.is_inline(), bytes.bytes().size() <= 128u);
    auto disk = p.store->read();
    const auto same = [&](std::uint32_t task, store::slot slot, const plan::stored_payload& x) {
      const auto found = plan::load(*disk, 1, task, slot, x);
      return found.has_value() && *found == bytes;
    };
    EXPECT_TRUE(same(0, store::slot::input, waiting.input)) << size;
    EXPECT_TRUE(same(0, store::slot::state, waiting.saved_state)) << size;
    EXPECT_TRUE(same(store::job_itself, store::slot::input, p.job("j").inputs)) << size;
    p.report({1, 0, 2, 1}, plan::completed{bytes});
    disk = p.store->read();
    EXPECT_TRUE(same(0, store::slot::output, p.tasks("j").front().output)) << size;
    const auto outputs = plan::outputs_of(*disk, p.job("j"));
    ASSERT_TRUE(outputs.has_value());
    EXPECT_EQ((*outputs)["x"], text) << size;
  }
}

TEST(query, a_large_payload_that_a_shorter_one_replaces_leaves_nothing_behind) {
  auto p = with_agent();
  p.submit(job_of("j", {task_of("x")}));
  auto visit = std::uint32_t{1};
  for (auto size : {std::size_t{3} << 20, std::size_t{1} << 19, std::size_t{10}}) {
    auto wait = plan::suspended{};
    wait.any_of = {condition::time(duration{0})};
    wait.state = payload::from(std::string(size, 'x'));
    p.report({1, 0, visit++, 1}, wait);
    auto disk = p.store->read();
    const auto status = p.tasks("j").front();
    const auto found = plan::load(*disk, 1, 0, store::slot::state, status.saved_state);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(*found, wait.state);
    auto rows = std::size_t{0};
    ASSERT_TRUE(store::scan_prefix(*disk, store::table::payloads, store::key::of(),
                                   [&](std::string_view, const store::record&) {
                                     ++rows;
                                     return true;
                                   }));
    EXPECT_EQ(rows, size <= 126 ? 0u : (size + 2 + (1 << 20) - 1) / (1 << 20));
  }
}

TEST(query, outputs_follow_the_definition_or_are_those_of_the_last_tasks) {
  for (auto with_map : {false, true}) {
    auto p = with_agent();
    auto spec = job_of("j", {task_of("x"), task_of("y", {"x"}), task_of("z", {"x"})});
    if (with_map)
      spec.outputs = payload::from(json{{"all", "x"}, {"part", "y.deep.er"}});
    p.submit(spec);
    complete(p, {{"n", 1}});
    complete(p, {{"deep", {{"er", 7}}}});
    complete(p, {{"n", 3}});
    const auto job = p.job("j");
    ASSERT_EQ(job.state, job_state::completed);
    auto disk = p.store->read();
    const auto found = plan::outputs_of(*disk, job);
    ASSERT_TRUE(found.has_value()) << to_string(found.error());
    const auto expected = with_map ? json{{"all", {{"n", 1}}}, {"part", 7}}
                                   : json{{"y", {{"deep", {{"er", 7}}}}}, {"z", {{"n", 3}}}};
    EXPECT_EQ(*found, expected);
  }
}

TEST(query, children_are_no_outputs_of_the_job) {
  auto p = with_agent();
  p.submit(job_of("j", {task_of("parent")}));
  auto r = plan::report{};
  r.attempt = {1, 0, 1, 1};
  r.added = {task_of("child")};
  r.outcome = output(1);
  p.apply(plan::tasks_reported{{r}});
  complete(p, 2);
  auto disk = p.store->read();
  const auto found = plan::outputs_of(*disk, p.job("j"));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(*found, (json{{"parent", 1}}));
}

TEST(query, counts_say_how_many_tasks_are_in_each_state) {
  auto p = with_agent(2);
  auto flaky = task_of("flaky");
  flaky.retry = retry_policy{.max_attempts = 2};
  p.submit(job_of("j", {flaky, task_of("slow"), task_of("behind", {"flaky"}), task_of("free"),
                        task_of("last", {"slow"})}));
  p.report({1, 0, 1, 1}, plan::failed{{.code = "exception", .message = "x"}, {}});
  auto counts = p.job("j").counts;
  const auto of = [&](task_state x) { return counts[static_cast<std::size_t>(x)]; };
  EXPECT_EQ(of(task_state::backoff), 1u);
  EXPECT_EQ(of(task_state::running), 2u);
  EXPECT_EQ(of(task_state::waiting), 2u);
  p.report({1, 1, 1, 1}, plan::skipped{"no"});
  counts = p.job("j").counts;
  EXPECT_EQ(of(task_state::skipped), 2u);
  EXPECT_EQ(of(task_state::running), 1u);
  EXPECT_EQ(p.job("j").tasks, 5u);
}

TEST(query, some_tasks_are_read_in_the_order_of_the_ranges) {
  auto p = with_agent();
  auto tasks = std::vector<plan::task_spec>{};
  for (auto i = 0; i < 1'000; ++i)
    tasks.push_back(task_of("t" + std::to_string(i)));
  p.submit(job_of("j", tasks));
  auto disk = p.store->read();
  const auto found = plan::tasks_of(*disk, 1, {{700, 2}, {3, 1}, {999, 1}});
  ASSERT_TRUE(found.has_value());
  auto names = std::vector<std::string>{};
  for (const auto& t : *found)
    names.push_back(t.name);
  EXPECT_EQ(names, (std::vector<std::string>{"t700", "t701", "t3", "t999"}));
  EXPECT_EQ(plan::tasks_of(*disk, 1)->size(), 1'000u);
}

TEST(query, a_job_says_where_it_came_from_and_so_do_those_that_it_submits) {
  auto p = with_agent();
  auto spec = job_of("j", {task_of("x")});
  spec.is_flow = true;
  spec.retry = retry_policy{.max_attempts = 7, .backoff = backoff::linear, .retry_on = {"timeout"}};
  spec.folder = "/home/ann";
  p.submit(spec);
  auto child = std::make_shared<plan::job_spec>(job_of("child", {task_of("y")}));
  auto elsewhere = std::make_shared<plan::job_spec>(job_of("elsewhere", {task_of("z")}));
  elsewhere->folder = "/tmp";
  auto r = plan::report{};
  r.attempt = p.assigned().front().attempt;
  r.outcome = output(1);
  r.jobs = {{child, plan::hash_of(*child), on_parent_end::leave},
            {elsewhere, plan::hash_of(*elsewhere), on_parent_end::leave}};
  p.apply(plan::tasks_reported{{std::move(r)}});
  p.open(); // from the rows alone
  const auto found = p.job("j");
  EXPECT_TRUE(found.is_flow);
  EXPECT_EQ(found.retry, spec.retry);
  EXPECT_EQ(found.folder, "/home/ann");
  EXPECT_EQ(p.job("child").folder, "/home/ann");
  EXPECT_EQ(p.job("elsewhere").folder, "/tmp");
  EXPECT_FALSE(p.job("child").is_flow);
  EXPECT_FALSE(p.job("child").retry.has_value());
}

} // namespace dagger::test
