// Checks a flow as a whole and lays out its values.
#include <dagger/actors/flow_program.hpp>

#include <dagger/codec/hash.hpp>
#include <dagger/graph/cycle.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace dagger::flow_parts {

namespace {

/// Gathers what is wrong, up to a bound.
class problems {
public:
  void add(std::string text) {
    if (lines_.size() < limits::problems)
      lines_.push_back(std::move(text));
  }

  std::optional<error> as_error(const std::string& flow) const {
    if (lines_.empty())
      return std::nullopt;
    auto text = lines_.front();
    for (auto i = std::size_t{1}; i < lines_.size(); ++i)
      text += "\n" + lines_[i];
    return error{code::invalid_input, std::move(text), "flow '" + flow + "'"};
  }

private:
  std::vector<std::string> lines_;
};

bool starts_name(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

bool is_in_name(char c) {
  return starts_name(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool is_name(std::string_view x) {
  return x.size() <= limits::name_bytes && starts_name(x[0]) && std::ranges::all_of(x, is_in_name);
}

void check_names(const flow_tables& x, problems& wrong) {
  auto n = static_cast<std::uint32_t>(x.nodes.size());
  auto mask = std::bit_ceil(std::size_t{n} * 2 + 1) - 1;
  // Numbers of nodes, from 1, at the first free place from their hash on.
  auto seen = std::vector<std::uint32_t>(mask + 1);
  for (auto node = std::uint32_t{0}; node < n; ++node) {
    auto name = x.name_of(node);
    if (name.empty())
      continue;
    if (!is_name(name)) {
      wrong.add(std::string{name} + " is no name of a node: it needs 1 to "
                + std::to_string(limits::name_bytes)
                + " bytes, a letter or '_' first, then letters, digits, '_', '.' and '-'");
      continue;
    }
    auto at = hash64(name) & mask;
    while (seen[at] != 0 && x.name_of(seen[at] - 1) != name)
      at = (at + 1) & mask;
    if (seen[at] != 0)
      wrong.add("the name '" + std::string{name} + "' is used twice");
    seen[at] = node + 1;
  }
}

/// `ends` and `before` with the edges that were added later; whether one leads backwards.
bool merge_edges(const flow_tables& x, std::vector<std::uint32_t>& ends,
                 std::vector<std::uint32_t>& before) {
  if (x.more_edges.empty()) {
    ends = x.ends;
    before = x.before;
    return false; // all lead to nodes that stand behind
  }
  auto more = x.more_edges;
  std::ranges::stable_sort(more, {}, &std::pair<std::uint32_t, std::uint32_t>::second);
  before.reserve(x.before.size() + more.size());
  ends.reserve(x.ends.size());
  auto next = more.begin();
  auto backwards = false;
  for (auto node = std::uint32_t{0}; node < x.ends.size(); ++node) {
    auto begin = node == 0 ? 0 : x.ends[node - 1];
    before.insert(before.end(), x.before.begin() + begin, x.before.begin() + x.ends[node]);
    for (; next != more.end() && next->second == node; ++next) {
      before.push_back(next->first);
      backwards |= next->first >= node;
    }
    ends.push_back(static_cast<std::uint32_t>(before.size()));
  }
  return backwards;
}

void check_cycles(const flow_tables& x, const std::vector<std::uint32_t>& ends,
                  const std::vector<std::uint32_t>& before, problems& wrong) {
  auto edges = graph::predecessors{};
  edges.reserve(ends.size(), before.size());
  auto at = std::uint32_t{0};
  for (auto end : ends) {
    for (; at < end; ++at)
      edges.add(before[at]);
    edges.end_node();
  }
  for (auto& cycle : graph::find_cycles(edges)) {
    auto text = std::string{"these nodes wait for each other: "};
    for (auto node : cycle)
      text += x.shown_name(node) + " -> ";
    wrong.add(text + x.shown_name(cycle.front()));
  }
}

void check_policy(const retry_policy& x, const std::string& whose, problems& wrong) {
  if (x.max_attempts == 0)
    wrong.add(whose + ": max_attempts is at least 1");
  if (x.initial < duration{0} || x.max < duration{0} || !(x.multiplier >= 0)
      || !(x.jitter >= 0 && x.jitter <= 1))
    wrong.add(whose + ": the numbers of a retry policy are not negative, jitter is at most 1");
}

/// The resources of the flow, those of maps with a bound of their own, and what each node needs.
void lay_out_resources(program& made, problems& wrong) {
  auto& x = *made.tables;
  auto numbers = std::map<std::string, std::uint32_t>{};
  for (auto& [name, amount] : x.settings.resources) {
    numbers.emplace(name, static_cast<std::uint32_t>(made.pool.size()));
    made.pool.push_back(amount);
  }
  made.uses.resize(x.node_settings_of.size());
  for (auto node = std::uint32_t{0}; node < x.nodes.size(); ++node) {
    if (x.nodes[node].settings == 0)
      continue;
    auto& s = x.settings_of(node);
    auto& uses = made.uses[x.nodes[node].settings];
    for (auto& [name, amount] : s.resources) {
      auto found = numbers.find(name);
      auto there = found == numbers.end() ? 0 : made.pool[found->second];
      if (amount > there)
        wrong.add("node '" + x.shown_name(node) + "' needs " + std::to_string(amount) + " of '"
                  + name + "', and the flow has " + std::to_string(there));
      else if (amount > 0)
        uses.push_back({found->second, amount});
    }
    if (s.max_parallel > 0) {
      uses.push_back({static_cast<std::uint32_t>(made.pool.size()), 1});
      made.pool.push_back(s.max_parallel);
    }
    made.ordered |= !uses.empty() || s.priority != 0;
    check_policy(s.retry.value_or(retry_policy{}), "node '" + x.shown_name(node) + "'", wrong);
  }
}

void lay_out_values(program& made, problems& wrong) {
  auto& nodes = made.tables->nodes;
  if (std::ranges::none_of(nodes, [](auto& x) { return x.value != nullptr; }))
    return;
  auto at = std::size_t{0};
  made.places.reserve(nodes.size());
  for (auto& x : nodes) {
    if (x.value) {
      auto align = std::max<std::size_t>(1, x.value->align / frame::place_bytes);
      at = (at + align - 1) / align * align;
      made.has_destructors |= x.value->destroy != nullptr;
    }
    made.places.push_back(static_cast<std::uint32_t>(at));
    if (x.value)
      at += (x.value->size + frame::place_bytes - 1) / frame::place_bytes;
    if (at > std::numeric_limits<std::uint32_t>::max()) {
      wrong.add("the values of all nodes take more than 32 GiB");
      return;
    }
  }
  made.values_size = at * frame::place_bytes;
}

std::vector<graph::node_rule> rules_of(const flow_tables& x) {
  if (std::ranges::all_of(x.node_settings_of, [](auto& s) { return s.rule == graph::node_rule{}; }))
    return {};
  auto made = std::vector<graph::node_rule>{};
  made.reserve(x.nodes.size());
  for (auto& node : x.nodes)
    made.push_back(x.node_settings_of[node.settings].rule);
  return made;
}

void look_at_kinds(program& made, problems& wrong) {
  auto& nodes = made.tables->nodes;
  for (auto node = std::uint32_t{0}; node < nodes.size(); ++node) {
    auto kind = nodes[node].kind;
    if (kind == node_kind::input) {
      made.inputs.push_back(node);
      if (made.edges.in_degree(node) > 0)
        wrong.add("the input '" + made.tables->shown_name(node) + "' cannot come after a node");
      if (made.tables->name_of(node).empty())
        wrong.add("an input needs a name");
    }
    if (kind == node_kind::each)
      made.lists.push_back(node);
    made.ordered |= kind == node_kind::sub_flow || kind == node_kind::action;
    if (kind != node_kind::sub_flow)
      continue;
    auto& body = *static_cast<const sub_flow_body*>(nodes[node].body);
    auto sub = program::make(body.flow);
    if (!sub) {
      wrong.add("node '" + made.tables->shown_name(node) + "': " + to_string(sub.error()));
      continue;
    }
    auto& inside = *body.flow;
    for (auto i = std::uint32_t{0}; i < inside.nodes.size(); ++i)
      if (inside.nodes[i].kind == node_kind::input && !inside.settings_of(i).fallback
          && std::ranges::find(body.inputs, i) == body.inputs.end())
        wrong.add("node '" + made.tables->shown_name(node) + "': the input '" + inside.shown_name(i)
                  + "' of flow '" + inside.name + "' is not bound to a value");
    made.sub_flows.emplace(node, std::move(*sub));
  }
}

} // namespace

result<std::shared_ptr<const program>> program::make(std::shared_ptr<const flow_tables> tables) {
  auto wrong = problems{};
  check_names(*tables, wrong);
  auto ends = std::vector<std::uint32_t>{};
  auto before = std::vector<std::uint32_t>{};
  if (merge_edges(*tables, ends, before))
    check_cycles(*tables, ends, before, wrong);
  check_policy(tables->settings.retry, "the flow", wrong);
  if (auto why = wrong.as_error(tables->name))
    return fail(std::move(*why));
  auto edges = graph::graph{std::move(ends), std::move(before), rules_of(*tables)};
  auto made = std::make_shared<program>(std::move(tables), std::move(edges));
  made->ordered = made->tables->settings.max_parallel > 0;
  lay_out_resources(*made, wrong);
  lay_out_values(*made, wrong);
  look_at_kinds(*made, wrong);
  if (auto why = wrong.as_error(made->tables->name))
    return fail(std::move(*why));
  return made;
}

} // namespace dagger::flow_parts
