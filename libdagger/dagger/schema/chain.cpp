// Heights of the graph of in-place applicators, leaves first; what stays is a cycle or leads
// to one.
#include <dagger/schema/chain.hpp>

#include <algorithm>

namespace dagger::schema {

namespace {

/// The nodes that `n` applies to the value that it is applied to.
std::vector<node_id> applied_in_place(const node& n) {
  auto out = std::vector<node_id>{};
  if (n.general) {
    const auto& r = *n.general;
    for (auto part : {&r.all_of, &r.any_of, &r.one_of})
      out.insert(out.end(), part->begin(), part->end());
    out.push_back(r.negated.value_or(always));
    out.push_back(r.condition.value_or(always));
    out.push_back(r.then);
    out.push_back(r.otherwise);
  }
  if (n.object)
    for (const auto& d : n.object->dependencies)
      out.push_back(d.node);
  std::erase_if(out, [](node_id id) { return id <= never; });
  return out;
}

} // namespace

std::optional<chain_fault> find_chain_fault(const program& p, std::size_t longest) {
  auto size = p.nodes.size();
  auto after = std::vector<std::vector<node_id>>(size);
  auto before = std::vector<std::vector<node_id>>(size);
  auto open = std::vector<std::size_t>(size);
  auto height = std::vector<std::size_t>(size);
  auto ready = std::vector<node_id>{};
  for (auto id = node_id{0}; id < size; ++id) {
    after[id] = applied_in_place(p.nodes[id]);
    open[id] = after[id].size();
    for (auto next : after[id])
      before[next].push_back(id);
    if (open[id] == 0)
      ready.push_back(id);
  }
  for (auto i = std::size_t{0}; i < ready.size(); ++i) {
    auto id = ready[i];
    if (height[id] >= longest)
      return chain_fault{id, false};
    for (auto previous : before[id]) {
      height[previous] = std::max(height[previous], height[id] + 1);
      if (--open[previous] == 0)
        ready.push_back(previous);
    }
  }
  auto stuck = std::find_if(open.begin(), open.end(), [](std::size_t n) { return n > 0; });
  if (stuck == open.end())
    return std::nullopt;
  // From a node that leads to a cycle, any way over such nodes ends up on one.
  auto id = static_cast<node_id>(stuck - open.begin());
  auto seen = std::vector<bool>(size);
  while (!seen[id]) {
    seen[id] = true;
    id = *std::find_if(after[id].begin(), after[id].end(),
                       [&](node_id next) { return open[next] > 0; });
  }
  return chain_fault{id, true};
}

} // namespace dagger::schema
