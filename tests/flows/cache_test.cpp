// `cache`: what runs again and what does not, in memory and in a store, in virtual time. The same
// across processes: tests/apps/cache_test.cpp.
#include "support/actors.hpp"
#include "support/temporary_folder.hpp"

#include <dagger/actions/parts.hpp>
#include <dagger/graph/file.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>
#include <set>
#include <thread>

namespace {

using namespace std::chrono_literals;
using dagger::job_state;
using dagger::json;

std::string read(const std::filesystem::path& path) {
  auto in = std::ifstream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream{path, std::ios::binary} << text;
}

/// Not later than it was: the clock of files may stand still for some ms.
void move_time(const std::filesystem::path& path, std::chrono::seconds by) {
  std::filesystem::last_write_time(path, std::filesystem::last_write_time(path) + by);
}

/// Runs flows, one after the other, and remembers whose action was called.
class runs : public testing::TestWithParam<bool> {
protected:
  runs() {
    open();
  }

  void open(const std::string& version = "1", dagger::engine_options options = {}) {
    engine_.reset();
    if (!store_) {
      store_ = dagger::store::make_memory();
      if (GetParam())
        store_ = std::move(*dagger::store::open_lmdb(place / "s"));
    }
    engine_.emplace(store_, std::nullopt, std::move(options));
    auto work = dagger::agent{.name = "work", .version = version};
    work.run = [this](dagger::task& self, const json& input) { return act(self, input); };
    (*engine_)->add(std::move(work));
    (*engine_)->add(
      dagger::agent{.name = "plain", .version = "1", .run = [](dagger::task&, const json& input) {
                      return dagger::outcome{input};
                    }});
    (*engine_)->add(dagger::actions::for_each());
    (*engine_)->add(dagger::actions::repeat());
    (*engine_)->add(dagger::actions::sub_flow());
  }

  dagger::outcome act(dagger::task& self, const json& input) {
    called.insert(self.name());
    if (during)
      during(self);
    if (input.value("fails", false))
      return dagger::failure{.code = "x.no", .message = "no", .retryable = false};
    auto output = json{{"v", input.value("v", json(nullptr))}};
    for (auto& [name, value] : input.items())
      if (name.starts_with("out") && value.is_string()) {
        write(value.get<std::string>(), "made of " + to_string(input.value("v", json(nullptr))));
        output[name] = value;
      }
    return output;
  }

  dagger::job_result run(const std::string& yaml, const json& inputs = json::object()) {
    called.clear();
    auto known = std::vector<dagger::graph::known_agent>{};
    const auto all = (*engine_)->agents();
    for (auto& x : all)
      known.push_back({.name = x.name, .cacheable = !x.version.empty()});
    auto loaded = dagger::graph::load(yaml, "flow.yaml", {.agents = known});
    for (auto& x : loaded.problems)
      ADD_FAILURE() << to_string(x);
    id = "run-" + std::to_string(++number_);
    auto made = dagger::graph::instantiate(loaded.file.value(), inputs, id);
    return engine_->get((*engine_)->submit(std::move(made.value())));
  }

  /// Why a task of the last run did not have to run.
  std::string cached(const std::string& name) {
    auto view = (*engine_)->read();
    auto job = dagger::plan::find_job(*view, id);
    auto tasks = dagger::plan::tasks_of(*view, job.value()->number);
    for (auto& x : tasks.value())
      if (x.name == name)
        return x.cached;
    return "there is no task " + name;
  }

  dagger::test::temporary_folder place;
  std::multiset<std::string> called;
  std::function<void(dagger::task&)> during;
  std::string id;

  dagger::test::staged_engine& engine() {
    return *engine_;
  }

private:
  std::shared_ptr<dagger::store::store> store_;
  std::optional<dagger::test::staged_engine> engine_;
  int number_ = 0;
};

using names = std::multiset<std::string>;

TEST_P(runs, an_equal_call_of_another_flow_is_taken_until_its_time_is_over) {
  const auto flow = [](const std::string& name) {
    return "name: " + name + "\ninputs: {v: {}}\nnodes:\n  - {id: " + name
         + ", action: work, cache: {ttl: 1h}, inputs: {v: \"${inputs.v}\"}}\noutputs: {v: " + name
         + ".v}\n";
  };
  run(flow("one"), {{"v", 1}});
  EXPECT_EQ(called, names{"one"});
  const auto end = run(flow("two"), {{"v", 1}});
  EXPECT_EQ(called, names{});
  EXPECT_EQ(end.outputs(), (json{{"v", 1}}));
  EXPECT_TRUE(cached("two").starts_with("the output of an equal call of 20")) << cached("two");
  run(flow("two"), {{"v", 2}});
  EXPECT_EQ(called, names{"two"});
  engine().advance(59min);
  run(flow("one"), {{"v", 2}});
  EXPECT_EQ(called, names{});
  engine().advance(1min);
  run(flow("one"), {{"v", 2}});
  EXPECT_EQ(called, names{"one"});
}

TEST_P(runs, a_shorter_time_counts_from_when_the_output_was_made) {
  const auto flow = [](const std::string& ttl) {
    return "name: f\nnodes: [{id: a, action: work, cache: {ttl: " + ttl + "}, inputs: {v: 1}}]\n";
  };
  run(flow("1h"));
  engine().advance(10min);
  run(flow("5m"));
  EXPECT_EQ(called, names{"a"});
  run(flow("0"));
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, up_to_date_is_what_the_last_success_of_the_node_was_given) {
  const auto flow = std::string{R"(
name: f
inputs: {v: {}, w: {type: integer, default: 0}}
nodes:
  - {id: a, action: work, cache: up_to_date, inputs: {v: "${inputs.v}"}}
  - {id: b, action: work, cache: up_to_date, inputs: {v: "${a.v}", w: "${inputs.w}"}}
  - {id: other, action: work, inputs: {v: "${a.v}"}}
outputs: {v: b.v}
)"};
  run(flow, {{"v", 1}});
  EXPECT_EQ(called, (names{"a", "b", "other"}));
  engine().advance(24h * 30);
  EXPECT_EQ(run(flow, {{"v", 1}}).outputs(), (json{{"v", 1}}));
  EXPECT_EQ(called, names{"other"});
  EXPECT_TRUE(cached("a").starts_with("up to date since 20")) << cached("a");
  EXPECT_EQ(cached("other"), "");
  run(flow, {{"v", 1}, {"w", 1}});
  EXPECT_EQ(called, (names{"b", "other"}));
  EXPECT_EQ(run(flow, {{"v", 2}, {"w", 1}}).outputs(), (json{{"v", 2}}));
  EXPECT_EQ(called, (names{"a", "b", "other"}));
  run(flow, {{"v", 1}, {"w", 1}});
  EXPECT_EQ(called, (names{"a", "b", "other"}));
}

TEST_P(runs, what_is_asked_for_again_and_again_is_not_forgotten) {
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: up_to_date, inputs: {v: 1}}]\n";
  run(flow);
  for (auto i = 0; i < 4; ++i) {
    engine().advance(dagger::duration{dagger::limits::result_age} * 2 / 3);
    run(flow);
    EXPECT_EQ(called, names{}) << i;
  }
  engine().advance(dagger::limits::result_age);
  run(flow);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, another_version_of_the_action_runs_again) {
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: up_to_date, inputs: {v: 1}}]\n";
  run(flow);
  open();
  run(flow);
  EXPECT_EQ(called, names{});
  open("2");
  run(flow);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, failures_are_not_kept) {
  const auto flow =
    "name: f\nnodes: [{id: a, action: work, cache: {ttl: 1h}, inputs: {fails: true}}]\n";
  EXPECT_EQ(run(flow).state(), job_state::failed);
  EXPECT_EQ(run(flow).state(), job_state::failed);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, each_element_of_a_list_has_its_own) {
  const auto flow = std::string{R"(
name: f
inputs: {list: {type: array}}
nodes:
  - id: each
    action: work
    for_each: inputs.list
    cache: up_to_date
    inputs: [{name: v, reference: item}]
outputs: {v: each.v}
)"};
  run(flow, {{"list", {1, 2, 3}}});
  EXPECT_EQ(called, (names{"each[0]", "each[1]", "each[2]"}));
  EXPECT_EQ(run(flow, {{"list", {1, 5, 3, 4}}}).outputs(), (json{{"v", {1, 5, 3, 4}}}));
  EXPECT_EQ(called, (names{"each[1]", "each[3]"}));
}

TEST_P(runs, nodes_of_a_sub_flow_have_their_own) {
  const auto flow = std::string{R"(
name: outer
inputs: {v: {}}
nodes:
  - {id: first, action: "flow:inner", inputs: {v: 1}}
  - {id: second, action: "flow:inner", inputs: {v: "${inputs.v}"}}
flows:
  - name: inner
    inputs: {v: {}}
    nodes: [{id: a, action: work, cache: up_to_date, inputs: {v: "${inputs.v}"}}]
)"};
  run(flow, {{"v", 1}});
  EXPECT_EQ(called, (names{"first/a", "second/a"}));
  run(flow, {{"v", 2}});
  EXPECT_EQ(called, names{"second/a"});
}

TEST_P(runs, iterations_run_although_their_inputs_are_equal) {
  const auto flow = std::string{R"(
name: f
nodes:
  - id: poll
    action: work
    cache: {ttl: 1h}
    repeat: {until: 'poll.v == 2', max: 3}
    inputs: {v: 1}
)"};
  EXPECT_EQ(run(flow).state(), job_state::failed);
  EXPECT_EQ(called, (names{"poll[0]", "poll[1]", "poll[2]"}));
}

TEST_P(runs, a_retry_from_a_node_runs_it_whatever_is_kept) {
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: {ttl: 1h}, inputs: {v: 1}}]\n";
  run(flow);
  called.clear();
  engine().get(engine()->retry(id, "a", {}));
  engine().run();
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, an_engine_that_takes_nothing_keeps_all_the_same) {
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: up_to_date, inputs: {v: 1}}]\n";
  open("1", {.reuse_outputs = false});
  run(flow);
  run(flow);
  EXPECT_EQ(called, names{"a"});
  open();
  run(flow);
  EXPECT_EQ(called, names{});
}

TEST_P(runs, an_output_that_is_a_file_must_be_as_it_was_written) {
  const auto out = (place / "out").string();
  const auto flow = "name: f\nnodes:\n  - id: a\n    action: work\n    cache: {ttl: 1h}\n"
                    "    inputs: {v: 1}\n    outputs: [{name: v}, {name: out, file: "
                  + out + "}]\n";
  run(flow);
  EXPECT_EQ(read(out), "made of 1");
  run(flow);
  EXPECT_EQ(called, names{});
  std::filesystem::remove(out);
  run(flow);
  EXPECT_EQ(called, names{"a"});
  write(out, "made of 2");
  move_time(out, 1s);
  run(flow);
  EXPECT_EQ(called, names{"a"});
  EXPECT_EQ(read(out), "made of 1");
}

TEST_P(runs, a_file_that_changes_while_the_node_runs_is_not_kept) {
  const auto in = place / "in";
  write(in, "text");
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: up_to_date,"
                    " inputs: [{name: from, file: "
                  + in.string() + "}, {name: v, value: 1}]}]\n";
  during = [&](auto&) { move_time(in, 1s); };
  run(flow);
  during = {};
  run(flow);
  EXPECT_EQ(called, names{"a"});
  run(flow);
  EXPECT_EQ(called, names{});
  move_time(in, 1s);
  run(flow);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, by_content_only_bytes_tell_files_apart) {
  const auto in = place / "in";
  write(in, "text");
  const auto flow =
    "name: f\nnodes: [{id: a, action: work, cache: {up_to_date: true, hash: content},"
    " inputs: [{name: from, file: "
    + in.string() + "}, {name: v, value: 1}]}]\n";
  run(flow);
  move_time(in, 1s);
  run(flow);
  EXPECT_EQ(called, names{});
  const auto before = std::filesystem::last_write_time(in);
  write(in, "TEXT");
  std::filesystem::last_write_time(in, before);
  run(flow);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, a_node_that_adds_tasks_is_not_kept) {
  const auto flow = "name: f\nnodes: [{id: a, action: work, cache: {ttl: 1h}, inputs: {v: 1}}]\n";
  during = [](dagger::task& self) {
    if (self.name() == "a")
      self.add_task({.agent = "plain", .input = {{"v", 1}}});
  };
  run(flow);
  run(flow);
  EXPECT_EQ(called, names{"a"});
}

TEST_P(runs, what_has_been_undone_is_done_again) {
  const auto flow = [](bool fails) {
    return "name: f\nnodes:\n"
           "  - {id: a, action: work, cache: {ttl: 1h}, inputs: {v: 1}, compensate: plain}\n"
           "  - {id: b, action: work, dependencies: [a], inputs: {fails: "
         + std::string{fails ? "true" : "false"} + "}}\n";
  };
  run(flow(false));
  EXPECT_EQ(run(flow(true)).state(), job_state::failed);
  EXPECT_EQ(called, names{"b"});
  run(flow(false));
  EXPECT_EQ(called, (names{"a", "b"}));
  run(flow(false));
  EXPECT_EQ(called, names{"b"});
}

/// With real threads: the engine's own, and a deadline for all.
TEST(calls, that_are_equal_are_made_once_and_the_second_one_waits) {
  auto begun = std::promise<void>{};
  auto go_on = std::promise<void>{};
  auto called = std::atomic{0};
  auto engine = dagger::engine{};
  auto work = dagger::agent{.name = "work", .version = "1", .concurrency = 2};
  work.run = [&](dagger::task&, const json&) -> dagger::outcome {
    if (++called == 1) {
      begun.set_value();
      go_on.get_future().wait();
    }
    return json{{"v", called.load()}};
  };
  engine.add(std::move(work));
  const auto known = std::vector<dagger::graph::known_agent>{{.name = "work", .cacheable = true}};
  const auto submit = [&](const std::string& id) {
    auto flow = dagger::graph::load(
      "name: f\nnodes: [{id: a, action: work, cache: {ttl: 1h}, inputs: {v: 1}}]\n", "f.yaml",
      {.agents = known});
    return engine.submit(dagger::graph::instantiate(flow.file.value(), json::object(), id).value());
  };
  const auto first = submit("first");
  begun.get_future().wait();
  const auto second = submit("second");
  const auto is_running = [&] {
    auto view = engine.read();
    const auto job = dagger::plan::find_job(*view, "second");
    return job && *job
        && (*job)->counts[static_cast<std::size_t>(dagger::task_state::running)] == 1;
  };
  while (!is_running())
    std::this_thread::yield();
  go_on.set_value();
  EXPECT_EQ(first.get().outputs(), (json{{"a", {{"v", 1}}}}));
  EXPECT_EQ(second.get().outputs(), (json{{"a", {{"v", 1}}}}));
  EXPECT_EQ(called, 1);
}

INSTANTIATE_TEST_SUITE_P(cache, runs, testing::Bool(),
                         [](auto& x) { return x.param ? "in_a_store" : "in_memory"; });

} // namespace
