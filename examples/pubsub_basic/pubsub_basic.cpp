// Three agents that talk over channels: one fetches articles on a topic, one sums each up, one
// writes the digest. Nobody says when it is over: the program ends when nothing is left to do.
//
//   pubsub_basic              # prints the digest and a picture of who sent what to whom
//   pubsub_basic news.db      # kept: kill it, start it again, and it goes on where it was
#include <dagger/dagger.hpp>

#include <iostream>
#include <map>
#include <mutex>

using dagger::json;
using dagger::pubsub;

namespace {

/// What a search engine would find.
const std::map<std::string, std::vector<std::string>> archive = {
  {"actors",
   {"Mailboxes instead of locks. They scale.", "Supervision: let it crash. Then restart."}},
  {"storage",
   {"One writer, many readers. No waiting.", "A log is a table. Mostly.",
    "Sync once for all. Then answer."}},
};

/// Up to the first full stop.
std::string first_sentence(const std::string& text) {
  return text.substr(0, text.find('.') + 1);
}

std::vector<dagger::pubsub_agent> newsroom(std::vector<std::string>& digest, std::mutex& lock) {
  auto fetcher = dagger::pubsub_agent{.name = "fetcher"};
  fetcher.description = "Finds articles on a topic";
  fetcher.subscribes = {"topics"};
  fetcher.publishes = {"articles"};
  fetcher.input = {{"type", "string"}};
  fetcher.handle = [](pubsub& self) {
    const auto topic = self.data().get<std::string>();
    for (const auto& text : archive.at(topic))
      self.publish("articles", {{"topic", topic}, {"text", text}});
  };

  auto editor = dagger::pubsub_agent{.name = "editor"};
  editor.description = "Sums an article up";
  editor.subscribes = {"articles"};
  editor.publishes = {"summaries"};
  editor.output = R"({"type": "object", "required": ["topic", "summary"]})"_json;
  editor.handle = [](pubsub& self) {
    self.publish("summaries", {{"topic", self.data()["topic"]},
                               {"summary", first_sentence(self.data()["text"])}});
  };

  auto writer = dagger::pubsub_agent{.name = "writer"};
  writer.description = "Writes the digest";
  writer.subscribes = {"summaries"};
  writer.handle = [&](pubsub& self) {
    const auto guard = std::lock_guard{lock};
    digest.push_back(self.data()["topic"].get<std::string>() + ": "
                     + self.data()["summary"].get<std::string>());
  };
  return {fetcher, editor, writer};
}

} // namespace

int main(int argc, char** argv) {
  try {
    auto engine = dagger::engine{{.store = argc > 1 ? argv[1] : ""}};
    auto lock = std::mutex{};
    auto digest = std::vector<std::string>{};
    auto program = dagger::run(engine, "newsroom", newsroom(digest, lock));
    for (const auto& [topic, articles] : archive)
      program.publish("topics", topic, {.id = topic});
    const auto report = program.wait();
    for (const auto& line : digest)
      std::cout << line << "\n";
    std::cout << "\n" << report.mermaid();
    return 0;
  } catch (const dagger::error& why) {
    std::cerr << to_string(why) << "\n";
    return 1;
  }
}
