// `dagger agents`.
#include "catalogue.hpp"
#include "shapes.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>
#include <memory>

namespace dagger::apps {

namespace {

void print_agent(console& out, const agent_description& x) {
  out.print(out.styled(1, style::bold, x.name));
  if (!x.version.empty())
    out.print(" " + printable(x.version));
  if (!x.description.empty())
    out.print("  " + printable(x.description));
  out.print("\n");
  out.print("  slots   " + std::to_string(x.concurrency) + (x.cooperative ? ", cooperative" : "")
            + "\n");
  if (x.input != json(true))
    out.print("  input   " + to_text(x.input) + "\n");
  if (x.output != json(true))
    out.print("  output  " + to_text(x.output) + "\n");
}

struct agents_options {
  std::vector<std::string> names;
  bool json = false;
};

/// Those that are named, in that order; all if none is. The error names the nearest one.
result<std::vector<agent_description>> chosen(const catalogue& all,
                                              const std::vector<std::string>& names) {
  if (names.empty())
    return all.agents();
  auto made = std::vector<agent_description>{};
  auto known = std::vector<std::string>{};
  for (const auto& x : all.agents())
    known.push_back(x.name);
  for (const auto& name : names) {
    const auto found = std::ranges::find(all.agents(), name, &agent_description::name);
    if (found == all.agents().end())
      return fail(code::not_found, "there is no agent '" + name + "'", {},
                  did_you_mean(name, known));
    made.push_back(*found);
  }
  return made;
}

exit_code list(program& self, const agents_options& given) {
  const auto agents = chosen(catalogue::of(self), given.names);
  if (!agents) {
    self.out.complain(agents.error());
    return exit_code::usage;
  }
  if (given.json) {
    auto shapes = json::array();
    for (const auto& x : *agents)
      shapes.push_back(to_json(x));
    self.out.print_json(shapes);
  } else {
    for (const auto& x : *agents)
      print_agent(self.out, x);
  }
  return exit_code::done;
}

} // namespace

action declare_agents(options& to) {
  auto given = std::make_shared<agents_options>();
  to.arguments(given->names, "AGENT", "Only these", false);
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return list(self, *given); };
}

} // namespace dagger::apps
