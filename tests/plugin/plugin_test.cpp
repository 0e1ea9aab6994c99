// Plugins and an engine: what is loaded works, what is refused leaves nothing behind.
#include "actors/agents.hpp"
#include "apps/process.hpp"

#include <dagger/actions/builtin.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>

namespace dagger {

namespace {

using namespace test;

std::filesystem::path plugin(std::string_view name) {
  return std::filesystem::path{TEST_PLUGINS} / (std::string{name} + ".so");
}

std::vector<std::string> names_in(const engine& x) {
  auto names = std::vector<std::string>{};
  for (auto& known : x.agents())
    names.push_back(known.name);
  return names;
}

/// What an engine with the built-in agents says to this file; nothing of it is added, and the
/// engine works on.
error refusal_of(const std::filesystem::path& file) {
  auto engine = dagger::engine{};
  add_builtin_agents(engine);
  const auto before = names_in(engine);
  auto why = error{};
  try {
    load_plugin(engine, file);
    ADD_FAILURE() << file << " is not refused";
  } catch (const error& x) {
    why = x;
  }
  EXPECT_EQ(why.where, file.string());
  EXPECT_EQ(names_in(engine), before);
  EXPECT_TRUE(got(engine.submit(one_task("after", "set"))).completed());
  return why;
}

/// Also says of what kind the refusal is.
std::string message_of(const std::filesystem::path& file) {
  auto why = refusal_of(file);
  EXPECT_EQ(why.code, code::invalid_input);
  return why.message;
}

testing::AssertionResult begins(const std::string& text, std::string_view with) {
  if (text.starts_with(with))
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' does not begin with '" << with << "'";
}

TEST(plugin, its_agents_are_added_and_work) {
  auto engine = dagger::engine{};
  load_plugin(engine, plugin("greeter"));
  const auto all = engine.agents();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].name, "greeter");
  EXPECT_EQ(all[0].description, "Greets by name");
  EXPECT_EQ(all[0].version, "7");
  const auto end = got(engine.submit(one_task("job", "greeter", {{"name", "moon"}})));
  ASSERT_TRUE(end.completed());
  EXPECT_EQ(end["only"]["text"], "hello, moon");
}

TEST(plugin, what_its_agents_throw_keeps_its_code) {
  auto engine = dagger::engine{{.log = log_level::off}};
  load_plugin(engine, plugin("greeter"));
  const auto end = got(engine.submit(one_task("job", "greeter", {{"name", "nobody"}})));
  ASSERT_TRUE(end.failure());
  EXPECT_EQ(end.failure()->code, "greeter.nobody");
  const auto why = error_of(engine.submit(one_task("other", "greeter")));
  EXPECT_EQ(why.code, code::invalid_input) << "its schema counts, too";
}

TEST(plugin, twice_in_one_engine_is_a_conflict) {
  auto engine = dagger::engine{};
  load_plugin(engine, plugin("greeter"));
  try {
    load_plugin(engine, plugin("greeter"));
    ADD_FAILURE() << "it is loaded again";
  } catch (const error& why) {
    EXPECT_EQ(why.code, code::conflict);
    EXPECT_EQ(why.where, plugin("greeter").string());
    EXPECT_EQ(why.message, "there is an agent 'greeter' already");
  }
  EXPECT_EQ(names_in(engine), std::vector<std::string>{"greeter"});
  EXPECT_TRUE(got(engine.submit(one_task("job", "greeter", {{"name", "x"}}))).completed());
}

TEST(plugin, several_engines_have_it_one_after_the_other_and_at_once) {
  for (auto round = 0; round < 2; ++round) {
    auto one = dagger::engine{};
    auto other = dagger::engine{};
    load_plugin(one, plugin("greeter"));
    load_plugin(other, plugin("greeter"));
    EXPECT_TRUE(got(one.submit(one_task("job", "greeter", {{"name", "x"}}))).completed());
    EXPECT_TRUE(got(other.submit(one_task("job", "greeter", {{"name", "x"}}))).completed());
  }
}

TEST(plugin, what_is_no_file_is_refused) {
  const auto room = support::folder{};
  EXPECT_EQ(message_of(room / "absent.so"), "there is no such file");
  EXPECT_EQ(message_of(""), "there is no such file");
  EXPECT_EQ(message_of(room.path()), "is no file");
  ASSERT_EQ(::mkfifo((room / "pipe.so").c_str(), 0600), 0);
  EXPECT_EQ(message_of(room / "pipe.so"), "is no file");
}

TEST(plugin, what_is_no_library_is_refused) {
  const auto room = support::folder{};
  EXPECT_EQ(message_of(room.write("notes.so", "To whom it may concern\n")), "is no shared library");
  EXPECT_EQ(message_of(room.write("empty.so", "")), "is no shared library");
  EXPECT_EQ(message_of(room.write("short.so", "\x7f"
                                              "ELF and not much more")),
            "cannot be loaded: file too short");
  EXPECT_TRUE(begins(message_of(DAGGER_BINARY), "cannot be loaded: cannot dynamically load "));
}

TEST(plugin, a_library_without_the_symbol_is_refused) {
  const auto why = refusal_of(plugin("no_symbol"));
  EXPECT_EQ(why.code, code::invalid_input);
  EXPECT_EQ(why.message, "is no plugin: it has no symbol 'dagger_plugin'");
  EXPECT_TRUE(begins(why.hint, "a plugin is a shared library with DAGGER_PLUGIN"));
  EXPECT_EQ(message_of(plugin("no_version")), "is no plugin: it says nothing of itself");
}

TEST(plugin, of_another_version_is_refused_before_it_is_asked_for_agents) {
  const auto why = refusal_of(plugin("other_version"));
  EXPECT_EQ(why.code, code::invalid_input);
  EXPECT_EQ(why.message, "is for Dagger 0.0.9, this is " + std::string{headers_version});
  EXPECT_EQ(why.hint, "build it again, with this version of Dagger and its compiler");
}

TEST(plugin, of_another_compiler_is_refused_before_it_is_asked_for_agents) {
  const auto ours = std::string{compiler_abi.text};
  EXPECT_EQ(message_of(plugin("other_abi")),
            "was compiled with cc 1, c++ 199711; this Dagger with " + ours);
  const auto of_standard = message_of(plugin("other_standard"));
  EXPECT_TRUE(begins(of_standard, "was compiled with " + ours.substr(0, ours.find("c++ "))));
  EXPECT_TRUE(of_standard.ends_with("; this Dagger with " + ours)) << of_standard;
}

TEST(plugin, whose_agents_are_of_another_size_is_refused_before_it_is_asked_for_them) {
  EXPECT_EQ(message_of(plugin("other_size")),
            "its agents have 8 bytes, here they have " + std::to_string(sizeof(agent)));
}

TEST(plugin, that_needs_a_library_or_a_function_that_is_not_there_is_refused) {
  EXPECT_EQ(message_of(plugin("other_library")),
            "cannot be loaded: libdagger.so.0.0.9: cannot open shared object file: "
            "No such file or directory");
  EXPECT_EQ(message_of(plugin("undefined")),
            "cannot be loaded: undefined symbol: nowhere_to_be_found");
}

TEST(plugin, that_throws_leaves_no_agent_behind) {
  EXPECT_EQ(message_of(plugin("throws")),
            "has thrown while it added its agents, and none of them is here: no licence");
  EXPECT_EQ(message_of(plugin("throws_a_number")),
            "has thrown while it added its agents, and none of them is here: "
            "something that is no std::exception");
}

TEST(plugin, with_one_bad_agent_leaves_no_other_behind) {
  EXPECT_EQ(message_of(plugin("wrong_agent")), "'no name' is no name of an agent");
  for (const auto* name : {"taken_name", "same_name_twice"}) {
    const auto why = refusal_of(plugin(name));
    EXPECT_EQ(why.code, code::conflict);
    EXPECT_TRUE(why.message == "there is an agent 'set' already"
                || why.message == "there is an agent 'first' already")
      << why.message;
  }
}

} // namespace

} // namespace dagger
