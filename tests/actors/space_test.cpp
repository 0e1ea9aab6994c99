// A disk that is nearly full: new work is refused while there is room to end the old.
#include "agents.hpp"

#include <dagger/plan/query.hpp>

#include <support/temporary_folder.hpp>

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

namespace dagger {

namespace {

using namespace test;

constexpr auto mebibyte = std::size_t{1} << 20;

/// Runs a test with a disk of its own: seen by this thread and those that it starts, gone with
/// them. Returns why that cannot be, or nothing.
std::string on_a_small_disk(const std::filesystem::path& place, const std::function<void()>& test) {
  auto why = std::string{};
  auto alone = std::thread{[&] {
    auto options = "size=" + std::to_string(2 * limits::min_free_bytes);
    if (::unshare(CLONE_NEWNS) != 0
        || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0
        || ::mount("none", place.c_str(), "tmpfs", 0, options.c_str()) != 0)
      why = std::strerror(errno);
    else
      test();
  }};
  alone.join();
  return why;
}

std::size_t free_bytes(const std::filesystem::path& place) {
  return std::filesystem::space(place).available;
}

/// A file that leaves `bytes` of the disk free.
void leave_free(const std::filesystem::path& folder, std::size_t bytes) {
  auto fd = ::open((folder / "filling").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(fd, 0);
  auto size = static_cast<off_t>(free_bytes(folder) - bytes);
  EXPECT_EQ(::posix_fallocate(fd, 0, size), 0);
  ::close(fd);
}

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
  auto why = on_a_small_disk(folder.path(), [&] { refuse_below_the_bound(folder.path()); });
  if (!why.empty())
    GTEST_SKIP() << "a disk of its own needs the right to mount: " << why;
}

} // namespace

} // namespace dagger
