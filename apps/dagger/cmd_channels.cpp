// `dagger channels`: what there is, by name.
#include "channel_acting.hpp"
#include "channel_shapes.hpp"
#include "shapes.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct channels_arguments {
  std::string store;
  std::string pattern;
  bool json = false;
};

exit_code list(program& self, const channels_arguments& given) {
  const auto place = channel_store(given.store, needs::a_store);
  if (!place)
    return refuse(self, place.error());
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return refuse(self, opened.error());
  const auto view = (*opened)->read();
  const auto all = log::channel_states(*view, given.pattern);
  if (!all)
    return refuse(self, all.error());
  if (given.json) {
    auto shapes = json::array();
    for (const auto& x : *all)
      shapes.push_back(to_json(x));
    self.out.print_json(shapes);
    return exit_code::done;
  }
  auto rows = table{};
  rows.add({"CHANNEL", "MESSAGES", "NEXT", "BYTES", "DEAD", "GROUPS (PENDING)"});
  for (const auto& x : *all) {
    auto groups = std::string{};
    for (const auto& g : x.groups)
      groups +=
        (groups.empty() ? "" : ", ") + printable(g.name) + " (" + std::to_string(g.pending) + ")";
    rows.add({printable(x.name), std::to_string(x.end - x.first), std::to_string(x.end),
              std::to_string(x.bytes), std::to_string(x.dead_letters), groups});
  }
  for (const auto& line : rows.lines())
    self.out.print(line + "\n");
  return exit_code::done;
}

} // namespace

action declare_channels(options& to) {
  auto given = std::make_shared<channels_arguments>();
  to.argument(given->pattern, "PATTERN", "Only those that it matches: orders.*, orders.>", false);
  to.value(given->store, "--store", "DIR", "Where they are; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return list(self, *given); };
}

} // namespace dagger::apps
