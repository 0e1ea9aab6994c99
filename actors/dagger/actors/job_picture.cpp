// Boxes and arrows of a job at work.
#include <dagger/actors/job_picture.hpp>

namespace dagger::actors {

graph::picture picture_of(std::string title, const std::vector<plan::task_status>& tasks) {
  auto made = graph::picture{};
  made.title = std::move(title);
  auto box_of = std::vector<std::optional<std::uint32_t>>(tasks.size());
  for (auto next = std::uint32_t{0}; auto& x : tasks)
    if (!x.replaced)
      box_of[x.number] = next++;
  auto arrow = [&](std::uint32_t from, std::uint32_t to, graph::edge_kind kind) {
    if (from < tasks.size() && box_of[from])
      made.edges.push_back({*box_of[from], *box_of[to], kind});
  };
  for (auto& x : tasks) {
    if (x.replaced)
      continue;
    auto& box = made.nodes.emplace_back();
    box.id = x.name;
    box.label = {x.name};
    if (x.agent != x.name)
      box.label.push_back(x.agent);
    if (x.disabled && !settled(x.state))
      box.label.emplace_back("disabled");
    box.state = x.state;
    box.visits = x.visit;
    box.attempts = x.starts;
    box.started = x.started;
    box.ended = x.ended;
    for (auto before : x.after)
      arrow(before, x.number, graph::edge_kind::after);
    for (auto child : x.waited)
      arrow(child, x.number, graph::edge_kind::waits);
    if (x.parent)
      arrow(*x.parent, x.number, graph::edge_kind::added);
  }
  return made;
}

} // namespace dagger::actors
