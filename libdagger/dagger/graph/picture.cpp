// Pictures of definitions.
#include <dagger/graph/picture.hpp>

#include <unordered_map>

namespace dagger::graph {

namespace {

/// Draws tasks that come one after the other.
class drawing {
public:
  explicit drawing(std::string title) {
    made_.title = std::move(title);
  }

  void add_node(const plan::task_spec& task) {
    auto& node = made_.nodes.emplace_back();
    auto number = static_cast<std::uint32_t>(made_.nodes.size() - 1);
    node.id = task.name.empty() ? task.agent + "-" + std::to_string(number) : task.name;
    node.label = {node.id};
    if (task.agent != node.id)
      node.label.push_back(task.agent);
    if (!task.name.empty())
      numbers_.emplace(task.name, number);
  }

  void add_edges(std::uint32_t to, const plan::task_spec& task) {
    for (auto& ref : task.after)
      if (auto from = number_of(ref); from < made_.nodes.size())
        made_.edges.push_back({from, to, edge_kind::after});
  }

  picture take() {
    return std::move(made_);
  }

private:
  std::uint32_t number_of(const task_ref& ref) const {
    if (ref.added != task_ref::by_name)
      return ref.added;
    auto found = numbers_.find(ref.name);
    return found == numbers_.end() ? task_ref::by_name : found->second;
  }

  picture made_;
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
};

} // namespace

std::string_view to_text(edge_kind x) {
  switch (x) {
  case edge_kind::after:
    return "after";
  case edge_kind::waits:
    return "waits";
  case edge_kind::added:
    return "added";
  }
  return "";
}

picture picture_of(const plan::job_spec& job) {
  auto made = drawing{job.name.empty() ? job.id : job.name};
  for (auto& task : job.tasks)
    made.add_node(task);
  for (auto i = std::uint32_t{0}; i < job.tasks.size(); ++i)
    made.add_edges(i, job.tasks[i]);
  return made.take();
}

picture picture_of(const spec& file) {
  auto made = drawing{file.name};
  for (auto& node : file.nodes)
    made.add_node(node.task);
  for (auto i = std::uint32_t{0}; i < file.nodes.size(); ++i)
    made.add_edges(i, file.nodes[i].task);
  return made.take();
}

} // namespace dagger::graph
