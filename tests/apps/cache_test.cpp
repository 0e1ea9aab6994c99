// What runs again, and what does not, with real files, scripts and processes. A file that each
// script writes its name to is the witness.
#include "call.hpp"

#include <csignal>
#include <fstream>
#include <set>
#include <sys/stat.h>

namespace {

namespace fs = std::filesystem;

using namespace support;
using ::dagger::json;
using names = std::multiset<std::string>;

/// head and numbers, then sum; then report, of both.
constexpr auto report_file = R"(name: report
inputs:
  title: {type: string, default: Figures}
nodes:
  - id: head
    action: shell
    cache: up_to_date
    inputs:
      - {name: title, reference: inputs.title}
      - {name: script, value: 'echo head >> ran; printf "%s\n" {title} > {head}'}
    outputs: [{name: head, file: out/head.txt}]
  - id: numbers
    action: shell
    cache: up_to_date
    inputs:
      - {name: from, file: numbers.in}
      - {name: script, value: 'echo numbers >> ran; sort -n {from} > {sorted}'}
    outputs: [{name: sorted, file: out/sorted.txt}]
  - id: sum
    action: shell
    cache: up_to_date
    inputs:
      - {name: from, reference: numbers.sorted}
      - {name: script, value: 'echo sum >> ran; awk "{{s+=\$1}} END {{print s}}" {from} > {sum}'}
    outputs: [{name: sum, file: out/sum.txt}]
  - id: report
    action: shell
    cache: up_to_date
    inputs:
      - {name: head, reference: head.head}
      - {name: sum, reference: sum.sum}
      - {name: script, value: 'echo report >> ran; cat {head} {sum} > {text}'}
    outputs: [{name: text, file: out/report.txt}]
outputs: {report: report.text}
)";

/// A folder with the flow, its input, and what has run.
class work_place {
public:
  explicit work_place(std::string_view flow = report_file) : flow_(flow) {
    room_.write("numbers.in", "30\n4\n100\n");
  }

  /// Runs the flow in a process of its own; the names of those whose script has run.
  names run(std::vector<std::string> more = {}) {
    room_.write("flow.yaml", flow_);
    more.insert(more.begin(), {"run", "flow.yaml", "--json", "--store", "store"});
    last = call(more, {.directory = room_.path()});
    return ran();
  }

  names ran() {
    auto seen = names{};
    auto in = std::ifstream{room_ / "ran"};
    for (auto name = std::string{}; in >> name;)
      seen.insert(name);
    in.close();
    fs::remove(room_ / "ran");
    return seen;
  }

  void edit(std::string_view from, std::string_view to) {
    const auto at = flow_.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    flow_.replace(at, from.size(), to);
  }

  std::string content(std::string_view name) const {
    return content_of(room_ / name);
  }

  void write(std::string_view name, std::string_view text) const {
    room_.write(name, text);
  }

  std::string operator/(std::string_view name) const {
    return room_ / name;
  }

  const fs::path& path() const {
    return room_.path();
  }

  ended last;

private:
  folder room_;
  std::string flow_;
};

/// What must not change of a file of the user.
struct look {
  std::string content;
  timespec changed{};

  explicit look(const std::string& path) : content(content_of(path)) {
    struct ::stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0) << path;
    changed = about.st_mtim;
  }

  friend bool operator==(const look& a, const look& b) {
    return a.content == b.content && a.changed.tv_sec == b.changed.tv_sec
        && a.changed.tv_nsec == b.changed.tv_nsec;
  }
};

const auto everything = names{"head", "numbers", "sum", "report"};

TEST(cache, the_second_run_runs_nothing_and_says_so) {
  auto place = work_place{};
  EXPECT_EQ(place.run(), everything) << place.last.err;
  const auto first = valid(place.last.out, "run");
  const auto text = place.content("out/report.txt");
  EXPECT_EQ(text, "Figures\n134\n");
  EXPECT_EQ(place.run({"--id", "again"}), names{}) << place.last.err;
  const auto second = valid(place.last.out, "run");
  EXPECT_EQ(second["outputs"], first["outputs"]);
  EXPECT_EQ(place.content("out/report.txt"), text);
  for (const auto& name : everything) {
    EXPECT_FALSE(first["nodes"][name].contains("cached")) << name;
    EXPECT_TRUE(holds(second["nodes"][name].value("cached", ""), "up to date since 20")) << name;
  }
  const auto show = call({"show", "again", "--store", place / "store", "--history"});
  EXPECT_TRUE(holds(show.out, "completed  cached: up to date since 20")) << show.out;
  const auto shown =
    valid(call({"show", "again", "--store", place / "store", "--json"}).out, "show");
  EXPECT_TRUE(holds(shown["tasks"][0].value("reason", ""), "cached: up to date")) << shown;
  EXPECT_FALSE(shown["tasks"][0].contains("error")) << shown;
  EXPECT_TRUE(ended_with(call({"store", "check", "--store", place / "store"}), 0));
}

TEST(cache, an_edit_runs_that_node_and_what_depends_on_it_and_inputs_stay_as_they_are) {
  auto place = work_place{};
  auto input = look{place / "numbers.in"};
  place.run();

  place.edit("END {{print s}}", "END {{print s * 2}}");
  EXPECT_EQ(place.run(), (names{"sum", "report"})) << place.last.err;
  EXPECT_EQ(place.content("out/report.txt"), "Figures\n268\n");
  EXPECT_EQ(place.run(), names{});

  EXPECT_EQ(place.run({"-i", "title=Sums"}), (names{"head", "report"}));
  EXPECT_EQ(place.content("out/report.txt"), "Sums\n268\n");
  EXPECT_EQ(place.run({"-i", "title=Sums"}), names{});
  EXPECT_EQ(place.run(), (names{"head", "report"}));

  EXPECT_EQ(look{place / "numbers.in"}, input);
  place.write("numbers.in", "31\n4\n100\n"); // as many bytes as before
  input = look{place / "numbers.in"};
  EXPECT_EQ(place.run(), (names{"numbers", "sum", "report"}));
  EXPECT_EQ(place.content("out/report.txt"), "Figures\n270\n");
  EXPECT_EQ(place.run(), names{});
  EXPECT_EQ(look{place / "numbers.in"}, input);
}

TEST(cache, an_output_that_is_gone_or_was_changed_is_made_again) {
  auto place = work_place{};
  place.run();
  fs::remove(place / "out/report.txt");
  EXPECT_EQ(place.run(), names{"report"});
  fs::remove(place / "out/sorted.txt");
  EXPECT_EQ(place.run(), (names{"numbers", "sum", "report"}));
  place.write("out/sum.txt", "by hand\n");
  EXPECT_EQ(place.run(), (names{"sum", "report"}));
  EXPECT_EQ(place.content("out/report.txt"), "Figures\n134\n");
  fs::remove_all(place / "out");
  EXPECT_EQ(place.run(), everything);
  EXPECT_EQ(place.run(), names{});
}

TEST(cache, no_cache_runs_all_and_keeps_what_they_return) {
  auto place = work_place{};
  EXPECT_EQ(place.run({"--no-cache"}), everything);
  EXPECT_EQ(place.run({"--no-cache"}), everything);
  EXPECT_EQ(place.run(), names{});
}

TEST(cache, another_folder_has_its_own) {
  auto place = work_place{};
  place.run();
  fs::create_directory(place / "other");
  for (auto name : {"flow.yaml", "numbers.in"})
    fs::copy(place / name, fs::path{place / "other"} / name);
  const auto end =
    call({"run", "flow.yaml", "--store", "../store"}, {.directory = fs::path{place / "other"}});
  EXPECT_TRUE(ended_with(end, 0)) << end.err;
  EXPECT_EQ(place.content("other/out/report.txt"), "Figures\n134\n");
  EXPECT_EQ(place.run(), names{});
}

TEST(cache, files_that_built_in_actions_read_and_write_count) {
  auto place = work_place{R"(name: copy
nodes:
  - {id: read, action: read_file, cache: up_to_date, inputs: {path: numbers.in}}
  - id: write
    action: write_file
    cache: up_to_date
    inputs: {path: copy.txt, content: "${read.content}"}
outputs: {size: write.size}
)"};
  const auto cached = [&](const std::string& name) {
    return valid(place.last.out, "run")["nodes"][name].contains("cached");
  };
  place.run();
  EXPECT_EQ(place.content("copy.txt"), "30\n4\n100\n");
  place.run();
  EXPECT_TRUE(cached("read") && cached("write"));
  place.write("numbers.in", "31\n4\n100\n");
  place.run();
  EXPECT_FALSE(cached("read") || cached("write"));
  EXPECT_EQ(place.content("copy.txt"), "31\n4\n100\n");
  place.write("copy.txt", "by hand");
  place.run();
  EXPECT_TRUE(cached("read"));
  EXPECT_FALSE(cached("write"));
  EXPECT_EQ(place.content("copy.txt"), "31\n4\n100\n");
}

TEST(cache, a_kill_leaves_each_output_with_its_success_or_neither) {
  // Each of the three kills the engine once, with the scripts before it through.
  auto text = std::string{"name: steps\nnodes:\n"};
  for (auto i = 1; i <= 3; ++i) {
    const auto n = std::to_string(i);
    text += "  - id: s" + n + "\n    action: shell\n    cache: up_to_date\n    inputs:\n"
          + (i > 1 ? "      - {name: from, reference: s" + std::to_string(i - 1) + ".out}\n" : "")
          + "      - {name: script, value: 'echo s" + n + " >> ran; echo " + n
          + " > {out}; test -e died" + n + " || {{ touch died" + n + "; kill -9 $PPID; }}'}\n"
          + "    outputs: [{name: out, file: out" + n + ".txt}]\n";
  }
  auto place = work_place{text};
  for (auto i = 1; i <= 3; ++i) {
    const auto died = "s" + std::to_string(i);
    const auto before = i == 1 ? names{} : names{"s" + std::to_string(i - 1)};
    auto expected = before;
    expected.insert(died);
    EXPECT_EQ(place.run(), expected) << place.last.err;
    EXPECT_EQ(place.last.signal, SIGKILL);
    EXPECT_FALSE(fs::exists(place / ("out" + std::to_string(i) + ".txt")));
  }
  EXPECT_EQ(place.run(), names{"s3"}) << place.last.err;
  EXPECT_EQ(place.last.code, 0) << place.last.err;
  EXPECT_EQ(place.run(), names{});
  EXPECT_TRUE(ended_with(call({"store", "check", "--store", place / "store"}), 0));
}

TEST(cache, without_a_store_a_warning_says_that_nothing_is_kept) {
  auto place = work_place{};
  place.run();
  const auto end = call({"run", "flow.yaml"}, {.directory = place.path()});
  EXPECT_TRUE(ended_with(end, 0));
  EXPECT_TRUE(holds(end.err, "without a store nothing is kept for the next run")) << end.err;
  EXPECT_TRUE(holds(end.err, "flow.yaml:7:12")) << end.err;
  EXPECT_EQ(place.ran(), everything);
}

TEST(cache, an_agent_without_a_version_is_refused_where_the_file_says_cache) {
  const auto room = folder{};
  const auto file = room.write(
    "flow.yaml", "name: f\nnodes:\n  - {id: a, action: hang, cache: up_to_date, inputs: {}}\n");
  const auto end = run(own_command({"run", file}));
  EXPECT_TRUE(ended_with(end, 2));
  EXPECT_TRUE(holds(end.err, "flow.yaml:3:")) << end.err;
  EXPECT_TRUE(holds(end.err, "has no version")) << end.err;
}

} // namespace
