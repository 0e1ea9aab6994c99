// P8: a flow file of 100,000 nodes, read and checked, beside yaml-cpp's bare parse of the same
// text.
#include "support/bench.hpp"

#include <dagger/graph/file.hpp>

#include <yaml-cpp/yaml.h>

namespace {

using namespace dagger;

/// A graph in layers of a hundred, as people write files: a line for each key, an input or two, and
/// now and then a condition, a retry, a literal.
std::string file_of(std::size_t nodes) {
  auto text = std::string{"name: big\ninputs: {mode: {type: string, default: full}}\nnodes:\n"};
  for (auto i = std::size_t{0}; i < nodes; ++i) {
    auto before = [&](std::size_t n) { return "node_" + std::to_string(i - 100 + n % 100); };
    text += "  - id: node_" + std::to_string(i) + "\n    action: set\n";
    text += "    inputs:\n      - {name: mode, reference: inputs.mode}\n";
    if (i >= 100)
      text += "      - {name: rows, reference: " + before(i * 7) + ".rows}\n";
    if (i % 10 == 0)
      text +=
        "      - {name: text, value: \"number " + std::to_string(i) + " of ${inputs.mode}\"}\n";
    text += "    outputs: [{name: rows}]\n";
    if (i % 5 == 0)
      text += "    retry: {max_attempts: 3, initial: 1s}\n    timeout: 5m\n";
    if (i >= 100 && i % 20 == 0)
      text += "    when: '#nodes." + before(i) + ".rows > 0'\n";
  }
  return text;
}

} // namespace

int main() {
  constexpr auto nodes = std::size_t{100'000};
  auto text = file_of(nodes);
  auto known = std::vector<graph::known_agent>{{.name = "set"}};
  auto checked = std::vector<double>{};
  auto parsed = std::vector<double>{};
  for (auto i = 0; i < 5; ++i) {
    auto begin = bench::seconds();
    auto tree = YAML::Load(text);
    parsed.push_back(bench::seconds() - begin);
    if (tree["nodes"].size() != nodes)
      throw error{code::invalid_input, "yaml-cpp has read something else"};
    begin = bench::seconds();
    auto file = graph::load(text, "big.yaml", {.agents = known});
    checked.push_back(bench::seconds() - begin);
    if (!file.file || file.file->nodes.size() != nodes)
      throw error{code::invalid_input, "the file is not good: " + to_string(file.problems.at(0))};
  }
  bench::print({.name = "load",
                .value = bench::median(checked),
                .unit = "s",
                .limit = bench::median(parsed),
                .n = nodes,
                .more = {{"bytes", text.size()}}});
}
