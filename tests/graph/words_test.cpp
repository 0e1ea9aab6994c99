// Two kinds of files, one language: their schemas differ in words only.
#include <dagger/codec/json.hpp>
#include <dagger/graph/words.hpp>
#include <dagger/schemas.hpp>

#include <gtest/gtest.h>

namespace {

using namespace dagger;
using namespace dagger::graph;

TEST(words, messages_about_tasks_are_told_in_the_words_of_the_file) {
  EXPECT_EQ(in_words_of(file_kind::job, "unknown task 'x'"), "unknown task 'x'");
  EXPECT_EQ(in_words_of(file_kind::flow, "unknown task 'a task'"), "unknown node 'a task'");
  EXPECT_EQ(in_words_of(file_kind::flow, "the agent's name, an agent"),
            "the action's name, an action");
  EXPECT_EQ(in_words_of(file_kind::flow, "agent \"task\" of tasks[0] is not one of allowed_agents"),
            "action \"task\" of nodes[0] is not one of allowed_agents");
}

/// The schema without what is written for people.
json bare(const json& x) {
  if (!x.is_structured())
    return x;
  auto made = x;
  if (made.is_object() && made.contains("title") && made["title"].is_string())
    for (auto text : {"title", "description"})
      made.erase(text);
  for (auto& child : made)
    child = bare(child);
  return made;
}

void rename(json& object, const char* from, const char* to) {
  auto value = object.at(from);
  object.erase(from);
  object[to] = std::move(value);
}

TEST(words, the_schemas_of_both_kinds_of_files_say_the_same) {
  auto flow = bare(parse_json(schemas::text("flow")).value());
  auto job = bare(parse_json(schemas::text("job")).value());
  rename(flow["properties"], "name", "job");
  rename(flow["properties"], "nodes", "tasks");
  flow["properties"]["tasks"]["items"]["$ref"] = "#/definitions/task";
  flow["required"] = {"job", "tasks"};
  flow["definitions"]["config"]["properties"]["on_failure"]["default"] = "continue";
  rename(flow["definitions"], "node", "task");
  auto& task = flow["definitions"]["task"];
  rename(task["properties"], "id", "name");
  rename(task["properties"], "action", "agent");
  rename(task["properties"], "dependencies", "after");
  task["required"] = {"name", "agent"};
  EXPECT_EQ(flow, job);
}

} // namespace
