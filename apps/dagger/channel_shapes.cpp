// Member by member.
#include "channel_shapes.hpp"

namespace dagger::apps {

namespace {

json to_json(const group_state& x) {
  return {{"group", x.name},      {"pattern", x.pattern},   {"position", x.position},
          {"pending", x.pending}, {"given_up", x.given_up}, {"expired", x.expired},
          {"dropped", x.dropped}};
}

} // namespace

json to_json(const channel_state& x) {
  auto out = log::to_json(x.options);
  out["schema_version"] = x.schema_version;
  out["first"] = x.first;
  out["next"] = x.end;
  out["messages"] = x.end - x.first;
  out["bytes"] = x.bytes;
  out["dropped"] = x.dropped;
  out["dead_letters"] = x.dead_letters;
  out["groups"] = json::array();
  for (const auto& g : x.groups)
    out["groups"].push_back(to_json(g));
  return out;
}

} // namespace dagger::apps
