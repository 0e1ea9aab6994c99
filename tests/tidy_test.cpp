// Style as a test: every rule of tests/tidy/rules.hpp on the project itself, and on a
// tiny bad tree that shows that the rule can fail.
#include "tidy/rules.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

using tidy::finding;
using tidy::findings;
using tidy::tree;

/// Functions that are longer than the others for a reason.
const std::vector<tidy::long_function> long_functions{};

const std::vector<std::string> rooms{"libdagger", "actors", "apps",  "schemas", "examples",
                                     "tests",     "bench",  "cmake", "docs"};

const tree& project() {
  static const tree files = tidy::read_tree(DAGGER_ROOT);
  return files;
}

testing::AssertionResult none(const findings& all) {
  if (all.empty())
    return testing::AssertionSuccess();
  auto result = testing::AssertionFailure();
  for (const auto& [path, line, text] : all) {
    result << "\n  " << path;
    if (line > 0)
      result << ":" << line;
    result << ": " << text;
  }
  return result;
}

/// A folder with the given files for the length of a test.
class bad_tree {
public:
  explicit bad_tree(const std::map<std::string, std::string>& files) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    root_ = fs::temp_directory_path()
          / ("tidy-" + std::string(test->name()) + "-" + std::to_string(getpid()));
    for (const auto& [path, text] : files) {
      fs::create_directories((root_ / path).parent_path());
      std::ofstream(root_ / path) << text;
    }
    files_ = tidy::read_tree(root_);
  }

  ~bad_tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }

  bad_tree(const bad_tree&) = delete;
  bad_tree& operator=(const bad_tree&) = delete;

  const tree& files() const {
    return files_;
  }

  std::string root() const {
    return root_.string();
  }

private:
  fs::path root_;
  tree files_;
};

/// The findings as `path:line`, to compare with what a bad tree should yield.
std::vector<std::string> places(const findings& all) {
  std::vector<std::string> result;
  for (const auto& f : all)
    result.push_back(f.path + ":" + std::to_string(f.line));
  return result;
}

using expected = std::vector<std::string>;

std::string repeated(const std::string& line, int times) {
  std::string result;
  for (int i = 0; i < times; ++i)
    result += line;
  return result;
}

TEST(tidy, the_project_is_where_we_look) {
  EXPECT_GT(project().size(), 20u);
}

TEST(tidy, caf_stays_in_actors) {
  EXPECT_TRUE(none(caf_stays_in_actors(project())));
  const bad_tree bad{
    {{"libdagger/dagger/a.hpp", "// A\n#include <caf/all.hpp>\n"},
     {"actors/dagger/b.hpp", "#include <caf/all.hpp>\n"},
     {"tests/support/actors.hpp", "#include <caf/test/dsl.hpp>\n"},
     {"tests/c.cpp", "// #include <caf/all.hpp>\nauto s = \"#include <caf/\";\n"}}};
  EXPECT_EQ(places(caf_stays_in_actors(bad.files())), expected{"libdagger/dagger/a.hpp:2"});
}

TEST(tidy, libraries_stay_in_their_wrappers) {
  EXPECT_TRUE(none(libraries_stay_in_their_wrappers(project())));
  const bad_tree bad{
    {{"libdagger/dagger/plan/a.cpp", "#include <lmdb.h>\n#  include <re2/re2.h>\n"},
     {"libdagger/dagger/store/lmdb.cpp", "#include <lmdb.h>\n"},
     {"actors/dagger/engine.cpp", "#include <spdlog/spdlog.h>\n\n"
                                  "#include <CLI/CLI.hpp>\n"}}};
  EXPECT_EQ(places(libraries_stay_in_their_wrappers(bad.files())),
            (expected{"actors/dagger/engine.cpp:3", "libdagger/dagger/plan/a.cpp:1",
                      "libdagger/dagger/plan/a.cpp:2"}));
}

TEST(tidy, includes_follow_the_direction) {
  EXPECT_TRUE(none(includes_follow_the_direction(project())));
  const bad_tree bad{{{"libdagger/dagger/a.hpp", "// A\n#include <dagger/engine.hpp>\n"},
                      {"actors/dagger/engine.hpp", "#include <dagger/a.hpp>\n"},
                      {"apps/dagger/main.cpp", "#include <dagger/engine.hpp>\n"
                                               "#include <dagger/gone.hpp>\n"}}};
  EXPECT_EQ(places(includes_follow_the_direction(bad.files())),
            (expected{"apps/dagger/main.cpp:2", "libdagger/dagger/a.hpp:2"}));
}

TEST(tidy, public_headers_know_no_caf) {
  EXPECT_TRUE(none(public_headers_know_no_caf(project())));
  const bad_tree bad{{{"actors/dagger/dagger.hpp", "#include <dagger/engine.hpp>\n"},
                      {"actors/dagger/engine.hpp", "\n#include <caf/all.hpp>\n"},
                      {"actors/dagger/actor_agent.hpp", "#include <caf/all.hpp>\n"}}};
  EXPECT_EQ(places(public_headers_know_no_caf(bad.files())),
            expected{"actors/dagger/engine.hpp:2"});
}

TEST(tidy, examples_use_the_public_doors) {
  EXPECT_TRUE(none(examples_use_the_public_doors(project())));
  const bad_tree bad{
    {{"examples/a.cpp", "#include <dagger/dagger.hpp>\n#include <dagger/plan/planner.hpp>\n"}}};
  EXPECT_EQ(places(examples_use_the_public_doors(bad.files())), expected{"examples/a.cpp:2"});
}

TEST(tidy, every_header_is_included) {
  EXPECT_TRUE(none(every_header_is_included(project())));
  const bad_tree bad{{{"libdagger/dagger/dead.hpp", "// Dead\n"},
                      {"libdagger/dagger/used.hpp", "// Used\n"},
                      {"tests/a.cpp", "#include <dagger/used.hpp>\n"}}};
  EXPECT_EQ(places(every_header_is_included(bad.files())), expected{"libdagger/dagger/dead.hpp:0"});
}

TEST(tidy, libdagger_is_pure) {
  EXPECT_TRUE(none(libdagger_is_pure(project())));
  const bad_tree bad{{{"libdagger/dagger/a.cpp", "auto t = std::chrono::system_clock::now();\n"
                                                 "// steady_clock::now() is not asked\n"
                                                 "std::this_thread::sleep_for(1s);\n"
                                                 "std::random_device brand;\n"
                                                 "auto n = operand(1'000, \"rand\");\n"
                                                 "int strand = rand();\n"},
                      {"actors/dagger/b.cpp", "std::thread t;\n"}}};
  EXPECT_EQ(places(libdagger_is_pure(bad.files())),
            (expected{"libdagger/dagger/a.cpp:1", "libdagger/dagger/a.cpp:3",
                      "libdagger/dagger/a.cpp:4", "libdagger/dagger/a.cpp:6"}));
}

TEST(tidy, files_are_short) {
  EXPECT_TRUE(none(files_are_short(project())));
  const bad_tree bad{{{"a.cpp", repeated("\n", 501)}, {"b.cpp", repeated("\n", 500)}}};
  EXPECT_EQ(places(files_are_short(bad.files())), expected{"a.cpp:0"});
}

TEST(tidy, functions_are_short) {
  EXPECT_TRUE(none(functions_are_short(project(), long_functions)));
  const auto lines = [](int n) { return repeated("  if (x) { y(); }\n", n); };
  const bad_tree bad{{{"a.cpp", "namespace n {\n"
                                "struct s : base<decltype(f())> {\n" // not a function
                                  + repeated("  int x{f()};\n", 80)
                                  + "};\n"
                                    "void right() {\n"
                                  + lines(68)
                                  + "}\n"
                                    "s::s(int x)\n"
                                    "  : x_{x}, y_{f(x)} {\n"
                                  + lines(69)
                                  + "}\n"
                                    "TEST(a, b) {\n"
                                  + lines(69) + "}\n}\n"}}};
  EXPECT_EQ(places(functions_are_short(bad.files(), {})), (expected{"a.cpp:155", "a.cpp:226"}));
  const std::vector<tidy::long_function> exceptions{{"a.cpp", "x_{x}", "a list"},
                                                    {"a.cpp", "TEST(a, b)", "a story"},
                                                    {"b.cpp", "gone", "was long"}};
  EXPECT_EQ(places(functions_are_short(bad.files(), exceptions)), expected{"b.cpp:0"});
}

TEST(tidy, lines_are_short) {
  EXPECT_TRUE(none(lines_are_short(project())));
  const bad_tree bad{{{"a.cpp", repeated("x", 101) + "\n" + repeated("ü", 100) + "\n"},
                      {"page.md", repeated("x", 200)}}};
  EXPECT_EQ(places(lines_are_short(bad.files())), expected{"a.cpp:1"});
}

TEST(tidy, no_work_is_left_for_later) {
  EXPECT_TRUE(none(no_work_is_left_for_later(project())));
  const std::string word = std::string("TO") + "DO";
  const bad_tree bad{
    {{"a.md", "All done.\n" + word + ": more\n"}, {"b.cpp", "int MAS" + word + ";"}}};
  EXPECT_EQ(places(no_work_is_left_for_later(bad.files())), expected{"a.md:2"});
}

TEST(tidy, no_code_is_commented_out) {
  EXPECT_TRUE(none(no_code_is_commented_out(project())));
  const bad_tree bad{{{"a.cpp", "// Why this is so.\n"
                                "// int x = 3;\n"
                                "/// auto x = f();\n"
                                "// A sentence may go on after a semicolon;\n"
                                "// return;\n"
                                "int y; // set by f() {\n"
                                "/* g();\n"
                                "   h() */\n"
                                "auto s = R\"(// text;)\";\n"}}};
  EXPECT_EQ(places(no_code_is_commented_out(bad.files())),
            (expected{"a.cpp:2", "a.cpp:5", "a.cpp:6", "a.cpp:7"}));
}

TEST(tidy, files_open_with_a_comment) {
  EXPECT_TRUE(none(files_open_with_a_comment(project())));
  const bad_tree bad{{{"a.hpp", "#pragma once\n"}, {"b.hpp", "// A noun.\n#pragma once\n"}}};
  EXPECT_EQ(places(files_open_with_a_comment(bad.files())), expected{"a.hpp:1"});
}

TEST(tidy, headers_guard_themselves) {
  EXPECT_TRUE(none(headers_guard_themselves(project())));
  const bad_tree bad{{{"a.hpp", "// A noun.\n"}, {"b.hpp", "// A noun.\n#pragma once\n"}}};
  EXPECT_EQ(places(headers_guard_themselves(bad.files())), expected{"a.hpp:0"});
}

TEST(tidy, file_names_mean_something) {
  EXPECT_TRUE(none(file_names_mean_something(project())));
  const bad_tree bad{
    {{"string_utils.cpp", "\n"}, {"database.cpp", "\n"}, {"planner_v2.hpp", "\n"}}};
  EXPECT_EQ(places(file_names_mean_something(bad.files())),
            (expected{"planner_v2.hpp:0", "string_utils.cpp:0"}));
}

TEST(tidy, every_source_is_built) {
  EXPECT_TRUE(none(every_source_is_built(project())));
  const bad_tree bad{{{"tests/CMakeLists.txt", "add(a/used_test.cpp)\n# add(a/off_test.cpp)\n"},
                      {"tests/a/used_test.cpp", ""},
                      {"bench/CMakeLists.txt", "foreach(name fan jobs)\n  add(chain)\n"},
                      {"bench/chain.cpp", ""},
                      {"bench/fan.cpp", ""},
                      {"tests/a/off_test.cpp", ""},
                      {"tests/a/d_test.cpp", ""}}};
  EXPECT_EQ(places(every_source_is_built(bad.files())),
            (expected{"bench/chain.cpp:0", "tests/a/d_test.cpp:0", "tests/a/off_test.cpp:0"}));
}

TEST(tidy, every_guarantee_has_its_test) {
  EXPECT_TRUE(none(every_guarantee_has_its_test(project())));
  const bad_tree bad{{{"docs/guarantees.md", "| G1 | Survives | `crash.it_survives`, `data.mdb` |\n"
                                             "| G2 | Together | `crash.it_does_not_exist` |\n"
                                             "| G3 | Never again | |\n"
                                             "| G4 | Loop | `install.loop` |\n"},
                      {"tests/CMakeLists.txt", "add_test(\n  NAME install.loop)\n"},
                      {"tests/a_test.cpp", "TEST_P(crash,\n       it_survives) {\n}\n"
                                           "// TEST(crash, it_does_not_exist) {\n"}}};
  EXPECT_EQ(places(every_guarantee_has_its_test(bad.files())),
            (expected{"docs/guarantees.md:2", "docs/guarantees.md:3"}));
  EXPECT_EQ(places(every_guarantee_has_its_test(tree{})), expected{"docs/guarantees.md:0"});
}

TEST(tidy, rooms_are_described) {
  EXPECT_TRUE(none(rooms_are_described(project(), rooms)));
  const bad_tree bad{{{"a/README.md", repeated("x\n", 31)}, {"b/README.md", repeated("x\n", 30)}}};
  EXPECT_EQ(places(rooms_are_described(bad.files(), {"a", "b", "c"})),
            (expected{"a/README.md:0", "c/README.md:0"}));
}

TEST(tidy, links_lead_somewhere) {
  EXPECT_TRUE(none(links_lead_somewhere(project(), DAGGER_ROOT)));
  const bad_tree bad{{{"docs/a.md", "[b](b.md#top) [c](c.md)\n[d](../d) [e](https://e.org/x)\n"},
                      {"docs/b.md", "See [the folder](../docs).\n"}}};
  EXPECT_EQ(places(links_lead_somewhere(bad.files(), bad.root())),
            (expected{"docs/a.md:1", "docs/a.md:2"}));
}

TEST(tidy, files_for_users_are_valid) {
  EXPECT_TRUE(none(files_for_users_are_valid(project(), DAGGER_ROOT, DAGGER_BINARY)));
  const std::string right = "job: a\ntasks:\n  - {name: b, agent: set}\n";
  const std::string wrong = "job: a\ntasks:\n  - {name: b, agent: set, after: [c]}\n";
  const bad_tree bad{{{"examples/right.yaml", right},
                      {"examples/wrong.yaml", wrong},
                      {"examples/other.yaml", "colour: green\n"},
                      {"docs/guide.md", "A job:\n```yaml\n" + right
                                          + "```\nAnother one:\n\n```yaml\n" + wrong + "```\n"}}};
  EXPECT_EQ(places(files_for_users_are_valid(bad.files(), bad.root(), DAGGER_BINARY)),
            (expected{"docs/guide.md:10", "examples/wrong.yaml:0"}));
}

} // namespace
