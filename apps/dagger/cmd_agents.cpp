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

} // namespace

action declare_agents(options& to) {
  auto as_json = std::make_shared<bool>(false);
  to.flag(*as_json, "--json", "Prints JSON");
  return [as_json](program& self) {
    const auto all = catalogue::of(self);
    if (*as_json) {
      auto list = json::array();
      for (const auto& x : all.agents())
        list.push_back(to_json(x));
      self.out.print_json(list);
    } else {
      for (const auto& x : all.agents())
        print_agent(self.out, x);
    }
    return exit_code::done;
  };
}

} // namespace dagger::apps
