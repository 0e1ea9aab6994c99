// Pictures of definitions.
#include <dagger/graph/picture.hpp>

#include <dagger/graph/binding.hpp>

#include <optional>
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

/// Draws a flow, and the flows that its nodes run in frames beside them.
struct flow_drawing {
  /// Beyond this, sub-flows are boxes.
  static constexpr auto most_boxes = std::size_t{200'000};

  void add(const spec& flow, const std::string& prefix, const std::string& group,
           std::optional<std::uint32_t> around) {
    auto first = static_cast<std::uint32_t>(picture.nodes.size());
    auto index = node_index{flow.nodes};
    auto bound = binder{flow, [](auto&, error, auto) {}};
    for (auto& x : flow.nodes)
      add_box(x, prefix, group);
    for (auto i = std::uint32_t{0}; i < flow.nodes.size(); ++i) {
      auto before = bound.bind(i).after;
      for (auto& id : before)
        if (auto from = index.find(id))
          picture.edges.push_back(
            {first + static_cast<std::uint32_t>(*from), first + i, edge_kind::after});
      if (around && before.empty())
        picture.edges.push_back({*around, first + i, edge_kind::added});
    }
    for (auto i = std::uint32_t{0}; i < flow.nodes.size(); ++i) {
      auto& x = flow.nodes[i];
      auto sub = flow.sub_flows.find(x.flow());
      if (sub == flow.sub_flows.end()
          || picture.nodes.size() + sub->second->nodes.size() > most_boxes)
        continue;
      auto name = prefix + x.id;
      picture.nodes[first + i].group = name;
      add(*sub->second, name + "/", name, first + i);
    }
  }

  void add_box(const node& x, const std::string& prefix, const std::string& group) {
    auto& box = picture.nodes.emplace_back();
    box.id = prefix + x.id;
    box.label = {x.id};
    box.group = group;
    if (x.action != x.id)
      box.label.push_back(x.action);
    if (!x.for_each.empty())
      box.label.push_back("for each of " + x.for_each);
    if (x.repeat)
      box.label.push_back("up to " + std::to_string(x.repeat->max) + " times");
  }

  graph::picture picture;
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
  auto made = flow_drawing{};
  made.add(file, {}, {}, std::nullopt);
  made.picture.title = file.name;
  return std::move(made.picture);
}

} // namespace dagger::graph
