// A disk that is nearly full: new work is refused while there is room to end the old.
#include "agents.hpp"

#include <dagger/plan/query.hpp>

#include <support/own_mounts.hpp>
#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

namespace dagger {

namespace {

using namespace test;

constexpr auto mebibyte = std::size_t{1} << 20;

job_state state_of(const engine& x, std::string_view id) {
  auto view = x.read();
  return plan::find_job(*view, id).value().value().state;
}

void refuse_below_the_bound(const std::filesystem::path& disk) {
  auto store = disk / "store";
  auto held = std::make_shared<stone>();
  auto holds = [=](task&, const json&) -> outcome {
    held->wait();
    return json("went on");
  };
  {
    auto engine = dagger::engine{{.store = store, .log = log_level::off}};
    engine.add(quick());
    engine.add(named("holds", holds));
    auto job = dagger::job{"running"};
    auto first = job.add({.name = "first", .agent = "holds"});
    job.add({.name = "second", .agent = "quick", .after = {first}});
    auto running = engine.submit(job);
    ASSERT_TRUE(held->holds(1));
    ASSERT_GT(free_bytes(disk), limits::min_free_bytes);
    EXPECT_TRUE(got(engine.submit(chain("before", 2))).completed());

    leave_free(disk, limits::min_free_bytes - 5 * mebibyte / 2);
    ASSERT_LT(free_bytes(disk), limits::min_free_bytes);
    auto refused = engine.submit(chain("refused", 1));
    for (auto& why : {error_of(refused), error_of(refused.accepted())}) {
      EXPECT_EQ(why.code, code::store_full);
      EXPECT_NE(why.message.find("61 MiB are free"), std::string::npos) << why.message;
      EXPECT_EQ(why.where, store.string());
      EXPECT_EQ(why.hint, "free at least 64 MiB");
    }
    // What was taken before ends, and that is on disk.
    held->release();
    EXPECT_TRUE(got(running).completed());
    EXPECT_EQ(state_of(engine, "running"), job_state::completed);
    EXPECT_FALSE(*plan::find_job(*engine.read(), "refused"));
    EXPECT_FALSE(engine.broken());
    EXPECT_EQ(error_of(engine.submit(chain("refused", 1))).code, code::store_full);

    std::filesystem::remove(disk / "filling");
    EXPECT_TRUE(got(engine.submit(chain("refused", 1))).completed());
  }
  auto again = dagger::engine{{.store = store, .log = log_level::off}};
  for (auto id : {"running", "before", "refused"})
    EXPECT_EQ(state_of(again, id), job_state::completed) << id;
}

TEST(space, below_the_bound_new_jobs_are_refused_and_running_ones_end) {
  auto folder = temporary_folder{};
  auto why = on_a_small_disk(folder.path(), 2 * limits::min_free_bytes,
                             [&] { refuse_below_the_bound(folder.path()); });
  if (!why.empty())
    GTEST_SKIP() << why;
}

} // namespace

} // namespace dagger
