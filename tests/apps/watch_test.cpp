// `show --watch` and `show --stream` beside an engine at work, and pages of `jobs`.
#include "call.hpp"

#include <csignal>
#include <sstream>

namespace {

using namespace support;
using ::dagger::json;

constexpr auto talk_file = R"(job: talk
tasks:
  - {name: talk, agent: talks}
  - {name: after, agent: set, after: [talk]}
)";

/// Something in a served store.
class served {
public:
  explicit served(std::string_view file)
    : server_(own_command({"serve", room.write("job.yaml", file), "--store", room / "s", "-v"})) {}

  ~served() {
    server_.send(SIGTERM);
    EXPECT_TRUE(ended_with(server_.wait(), 0));
  }

  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.end(), {"--store", room / "s"});
    return own_command(std::move(more));
  }

  bool says(std::string_view text) {
    return server_.says(text);
  }

  folder room;

private:
  process server_;
};

std::vector<json> lines_of(const std::string& text, std::string_view schema) {
  auto all = std::vector<json>{};
  auto in = std::istringstream{text};
  for (auto line = std::string{}; std::getline(in, line);)
    all.push_back(valid(line, schema));
  return all;
}

TEST(watch, show_prints_each_event_until_the_job_has_ended) {
  auto at = served{talk_file};
  ASSERT_TRUE(at.says("talk suspended"));
  auto watcher = process{at.words({"show", "talk", "--watch"})};
  ASSERT_TRUE(watcher.prints("talk   talks  suspended"));
  EXPECT_TRUE(ended_with(run(at.words({"signal", "talk", "more", "1"})), 0));
  const auto end = watcher.wait();
  EXPECT_TRUE(ended_with(end, 0));
  for (const auto* line : {" talk running, visit 2", " talk completed, visit 2", " after running\n",
                           " job talk completed\n"})
    EXPECT_TRUE(holds(end.out, line));
}

TEST(watch, show_prints_an_object_for_each_event_if_asked_for_json) {
  auto at = served{talk_file};
  ASSERT_TRUE(at.says("talk suspended"));
  auto watcher = process{at.words({"show", "talk", "--watch", "--history", "--json"})};
  ASSERT_TRUE(watcher.prints("\"suspended\""));
  EXPECT_TRUE(ended_with(run(at.words({"signal", "talk", "more", "1"})), 0));
  const auto end = watcher.wait();
  EXPECT_TRUE(ended_with(end, 0));
  const auto events = lines_of(end.out, "event");
  ASSERT_GT(events.size(), 5u);
  EXPECT_EQ(events.front()["event"], "added");
  EXPECT_EQ(events.back()["event"], "job completed");
}

TEST(watch, a_finished_job_is_shown_and_that_is_all) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(call({"run", file, "--id", "a", "--store", room / "s"}), 0));
  const auto x = call({"show", "a", "--watch", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_TRUE(holds(x.out, "job a (hello) completed"));
}

TEST(watch, a_job_that_nobody_works_on_is_not_waited_for) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  EXPECT_TRUE(
    ended_with(call({"run", file, "--id", "a", "--store", room / "s", "--timeout", "200ms"}), 3));
  const auto x = call({"show", "a", "--watch", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 130));
  EXPECT_TRUE(holds(x.err, "no engine works on job a\n  go on: dagger resume a --store "));
}

TEST(watch, a_stream_is_followed_while_its_task_emits) {
  auto at = served{talk_file};
  ASSERT_TRUE(at.says("talk suspended"));
  const auto now = run(at.words({"show", "talk", "--task", "talk", "--stream", "--json"}));
  EXPECT_TRUE(ended_with(now, 0));
  const auto first = lines_of(now.out, "stream");
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1]["chunk"], (json{{"visit", 1}, {"word", "two"}}));
  auto watcher = process{at.words({"show", "talk", "--task", "talk", "--stream", "--watch"})};
  ASSERT_TRUE(watcher.prints("\"two\""));
  EXPECT_TRUE(ended_with(run(at.words({"signal", "talk", "more", "1"})), 0));
  const auto end = watcher.wait();
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_EQ(end.out, "{\"visit\":1,\"word\":\"one\"}\n{\"visit\":1,\"word\":\"two\"}\n"
                     "{\"visit\":2,\"word\":\"one\"}\n{\"visit\":2,\"word\":\"two\"}\n");
  EXPECT_TRUE(holds(end.err, "restarted: visit 2, attempt 1"));
}

TEST(watch, a_stream_needs_a_task) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(call({"run", file, "--id", "a", "--store", room / "s"}), 0));
  const auto bare = call({"show", "a", "--stream", "--store", room / "s"});
  EXPECT_TRUE(ended_with(bare, 2));
  EXPECT_TRUE(holds(bare.err, "name it with --task T"));
  const auto quiet = call({"show", "a", "--task", "greet", "--stream", "--store", room / "s"});
  EXPECT_TRUE(ended_with(quiet, 0));
  EXPECT_EQ(quiet.out, "");
}

TEST(watch, jobs_are_filtered_by_name_tag_and_time_and_come_in_pages) {
  const auto room = folder{};
  const auto store = room / "s";
  const auto hello = room.write("hello.yaml", hello_file);
  const auto tagged =
    room.write("tagged.yaml", "job: tagged\ntags: [nightly]\ntasks: [{name: t, agent: set}]\n");
  for (const auto* id : {"a", "b", "c"})
    EXPECT_TRUE(ended_with(call({"run", hello, "--id", id, "--store", store}), 0));
  EXPECT_TRUE(ended_with(call({"run", tagged, "--id", "d", "--store", store}), 0));
  const auto ids = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"jobs", "--json", "--store", store});
    auto list = std::string{};
    for (const auto& x : valid(call(words).out, "jobs"))
      list += x["id"].get<std::string>();
    return list;
  };
  EXPECT_EQ(ids({"--name", "hello"}), "cba");
  EXPECT_EQ(ids({"--tag", "nightly"}), "d");
  EXPECT_EQ(ids({"--until", "1h"}), "");
  EXPECT_EQ(ids({"--until", "2100-01-01T00:00:00Z"}), "dcba");
  EXPECT_EQ(ids({"--limit", "2"}), "dc");
  EXPECT_EQ(ids({"--limit", "2", "--before", "c"}), "ba");
  EXPECT_EQ(ids({"--limit", "2", "--before", "a"}), "");
  const auto wrong = call({"jobs", "--before", "e", "--store", store});
  EXPECT_TRUE(ended_with(wrong, 2));
  EXPECT_TRUE(holds(wrong.err, "there is no job 'e'"));
}

} // namespace
