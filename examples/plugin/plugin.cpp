// A plugin with one agent, which counts words: libwords.so for `dagger --plugin`.
#include <dagger/dagger.hpp>

#include <cctype>
#include <map>
#include <sstream>
#include <string>

namespace {

using dagger::json;

std::string lower(std::string word) {
  for (char& c : word)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return word;
}

dagger::outcome count_words(dagger::task&, const json& input) {
  auto counts = std::map<std::string, int>{};
  auto total = 0;
  auto text = std::istringstream{input["text"].get<std::string>()};
  for (auto word = std::string{}; text >> word; ++total)
    ++counts[lower(word)];
  return json{{"total", total}, {"counts", counts}};
}

} // namespace

DAGGER_PLUGIN(engine) {
  engine.add({
    .name = "count_words",
    .description = "Counts the words of a text, and how often each is in it",
    .version = "1",
    .input = json::parse(R"({
      "type": "object",
      "required": ["text"],
      "properties": {"text": {"type": "string"}}
    })"),
    .run = count_words,
  });
}
