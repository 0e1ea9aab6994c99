// Nodes of a flow that are agents with a will of their own: `editor` looks at what it got, adds a
// task for each chapter, waits for them, and goes on.
//
//   agents_in_a_flow run examples/agents_in_a_flow/book.yaml
#include <dagger/dagger.hpp>

using dagger::json;

namespace {

dagger::outcome edit(dagger::task& self, const json& in) {
  if (self.first_visit()) {
    auto chapters = std::vector<dagger::task_options>{};
    for (auto& topic : in["topics"])
      chapters.push_back({.agent = "writer", .input = {{"topic", topic}}});
    return self.wait(self.add_tasks(std::move(chapters)));
  }
  auto book = json{{"chapters", json::array()}, {"words", 0}};
  for (auto& chapter : self.dependencies()) {
    if (!chapter.output.contains("title"))
      continue; // what stands before the editor in the flow
    book["chapters"].push_back(chapter.output["title"]);
    book["words"] = book["words"].get<int>() + chapter.output["words"].get<int>();
  }
  return book;
}

dagger::outcome write(dagger::task& self, const json& in) {
  const auto topic = in["topic"].get<std::string>();
  self.set_summary("wrote about " + topic);
  return json{{"title", "On " + topic}, {"words", 100 * topic.size()}};
}

void add_agents(dagger::engine& engine) {
  engine.add({.name = "editor", .description = "Plans a book and has it written", .run = edit});
  engine.add({.name = "writer", .description = "Writes a chapter", .run = write});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, add_agents);
}
