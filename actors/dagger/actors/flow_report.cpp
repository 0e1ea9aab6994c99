// What a run has come to, for programs and people.
#include <dagger/actors/flow_worker.hpp>

#include <dagger/actors/flow_execution.hpp>

#include <algorithm>
#include <utility>

namespace dagger::actors {

namespace {

error to_error(const failure& why, std::string where) {
  return {why.code, why.message, std::move(where)};
}

std::string_view how(task_state x) {
  return x == task_state::failed ? "failed" : x == task_state::cancelled ? "cancelled" : "skipped";
}

} // namespace

std::string flow_execution::name_of(flow_item x) const {
  auto made = program_->tables->shown_name(x.node);
  return x.element == flow_item::whole ? made : made + "[" + std::to_string(x.element) + "]";
}

std::string flow_execution::skipped_because(std::uint32_t node) const {
  auto& at = core_.at(node);
  switch (at.cause) {
  case graph::skip_cause::none:
    return {};
  case graph::skip_cause::itself: {
    auto found = remarks_.find(flow_item{node}.key());
    return found == remarks_.end() ? std::string{} : found->second.text;
  }
  case graph::skip_cause::upstream:
    return "upstream " + std::string{how(core_.at(at.because).state)} + ": "
         + program_->tables->shown_name(at.because);
  case graph::skip_cause::no_failure:
    return "no upstream failed";
  case graph::skip_cause::stopped:
    return "stopped";
  }
  return {};
}

node_report flow_execution::report_of(flow_item x, const graph::node_progress& at) const {
  auto made = node_report{};
  made.name = name_of(x);
  made.state = at.state;
  if (auto found = remarks_.find(x.key()); found != remarks_.end())
    for (auto& past : found->second.attempts)
      made.attempts.push_back(
        {time_of(past.started), time_of(past.ended), to_error(past.why, made.name)});
  if (at.state == task_state::completed)
    made.attempts.push_back({time_of(at.started), time_of(at.ended), {}});
  if (!made.attempts.empty())
    made.took = made.attempts.back().ended - made.attempts.front().started;
  return made;
}

node_report flow_execution::report_of(std::uint32_t node) const {
  auto made = report_of({node}, core_.at(node));
  // A thread that goes on to the next node does not ask for the time again; meanwhile another one
  // may have ended what that node waits for as well.
  if (!made.attempts.empty())
    for (auto before : program_->edges.before(node)) {
      auto ended = core_.at(before).ended;
      if (auto failed = remarks_.find(flow_item{before}.key());
          failed != remarks_.end() && !failed->second.attempts.empty())
        ended = std::max(ended, failed->second.attempts.back().ended);
      made.attempts.front().started = std::max(made.attempts.front().started, time_of(ended));
    }
  made.skipped_because = skipped_because(node);
  if (auto found = elements_.find(node); found != elements_.end() && found->second)
    for (auto i = std::uint32_t{0}; i < found->second->progress.size(); ++i)
      if (auto one = report_of({node, i}, found->second->progress[i]); !one.attempts.empty())
        made.elements.push_back(std::move(one));
  if (auto found = sub_flows_.find(node); found != sub_flows_.end()) {
    auto& tables = *found->second->program().tables;
    for (auto i = std::uint32_t{0}; i < tables.nodes.size(); ++i)
      if (tables.nodes[i].kind != flow_parts::node_kind::input)
        made.nodes.push_back(found->second->report_of(i));
  }
  return made;
}

std::optional<error> flow_execution::why_failed() const {
  if (state_ == job_state::completed)
    return std::nullopt;
  if (why_cancelled_)
    return why_cancelled_;
  if (!first_failed_)
    return std::nullopt;
  auto found = remarks_.find(flow_item{*first_failed_}.key());
  if (found == remarks_.end() || found->second.attempts.empty())
    return std::nullopt;
  return to_error(found->second.attempts.back().why, program_->tables->shown_name(*first_failed_));
}

void flow_execution::draw(graph::picture& to, const std::string& group,
                          const std::string& prefix) const {
  auto& tables = *program_->tables;
  auto first = static_cast<std::uint32_t>(to.nodes.size());
  for (auto node = std::uint32_t{0}; node < tables.nodes.size(); ++node) {
    auto& at = core_.at(node);
    auto& box = to.nodes.emplace_back();
    box.id = prefix + tables.shown_name(node);
    box.label = {tables.shown_name(node)};
    box.group = group;
    if (tables.nodes[node].kind == flow_parts::node_kind::input)
      continue;
    box.state = at.state;
    auto past = remarks_.find(flow_item{node}.key());
    box.attempts =
      at.attempts
      + static_cast<std::uint32_t>(past == remarks_.end() ? 0 : past->second.attempts.size());
    if (at.state == task_state::completed) {
      box.started = time_of(past == remarks_.end() || past->second.attempts.empty()
                              ? at.started
                              : past->second.attempts.front().started);
      box.ended = time_of(at.ended);
    }
  }
  for (auto node = std::uint32_t{0}; node < tables.nodes.size(); ++node)
    for (auto before : program_->edges.before(node))
      to.edges.push_back({first + before, first + node, graph::edge_kind::after});
  for (auto& [node, inside] : sub_flows_)
    inside->draw(to, prefix + tables.shown_name(node), prefix + tables.shown_name(node) + ".");
}

graph::picture picture_of(const flow_execution& x) {
  auto made = graph::picture{};
  made.title = x.program().tables->name;
  x.draw(made, {}, {});
  return made;
}

graph::picture picture_of(const flow_parts::flow_tables& x) {
  auto made = graph::picture{};
  made.title = x.name;
  auto at = std::size_t{0};
  for (auto node = std::uint32_t{0}; node < x.nodes.size(); ++node) {
    auto& box = made.nodes.emplace_back();
    box.id = x.shown_name(node);
    box.label = {box.id};
    for (; at < x.ends[node]; ++at)
      made.edges.push_back({x.before[at], node, graph::edge_kind::after});
  }
  for (auto [from, to] : x.more_edges)
    made.edges.push_back({from, to, graph::edge_kind::after});
  return made;
}

} // namespace dagger::actors
