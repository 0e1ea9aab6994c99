// Asks an engine for its agents.
#include "catalogue.hpp"

#include <dagger/actions/builtin.hpp>
#include <dagger/plugin.hpp>

#include <algorithm>

namespace dagger::apps {

void add_all_agents(const program& self, engine& to) {
  add_builtin_agents(to);
  if (self.add_agents)
    self.add_agents(to);
  for (const auto& x : self.plugins)
    load_plugin(to, x);
}

catalogue::catalogue(const engine& from) : agents_(from.agents()) {
  inputs_.reserve(agents_.size());
  for (const auto& x : agents_) {
    auto compiled = schema::validator::compile(x.input);
    // The engine has compiled it before.
    inputs_.push_back(compiled ? std::move(*compiled) : schema::validator{});
  }
}

catalogue catalogue::of(const program& self) {
  auto memory = engine{};
  add_all_agents(self, memory);
  return catalogue{memory};
}

bool catalogue::has(std::string_view name) const {
  return std::ranges::find(agents_, name, &agent_description::name) != agents_.end();
}

std::vector<graph::known_agent> catalogue::known() const {
  auto all = std::vector<graph::known_agent>{};
  for (auto i = std::size_t{0}; i < agents_.size(); ++i)
    all.push_back({agents_[i].name, &inputs_[i], !agents_[i].version.empty()});
  return all;
}

} // namespace dagger::apps
