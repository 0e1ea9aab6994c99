// What a `dagger::flow` has gathered: plain tables that the runner reads. For `flow.hpp`; programs
// need nothing of it.
#pragma once

#include <dagger/flow_body.hpp>
#include <dagger/value/node_rules.hpp>
#include <dagger/value/retry.hpp>
#include <dagger/value/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dagger::flow_parts {

struct flow_tables;

/// Memory for functions, given back all at once.
class arena {
public:
  arena() = default;
  ~arena();
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  template <class T>
  const T* make(T x) {
    auto* at = new (allocate(sizeof(T), alignof(T))) T(std::move(x));
    if constexpr (!std::is_trivially_destructible_v<T>)
      ends_.push_back({at, [](void* y) { static_cast<T*>(y)->~T(); }});
    return at;
  }

private:
  void* allocate(std::size_t size, std::size_t align);

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::vector<std::pair<void*, void (*)(void*)>> ends_;
};

enum class node_kind : std::uint8_t { input, plain, each, sub_flow, action };

/// A sub-flow as a node: its inputs come from arguments of the node.
struct sub_flow_body {
  std::shared_ptr<const flow_tables> flow;
  std::uint32_t output = 0;
  /// Number of the input in the sub-flow, in the order of the arguments.
  std::vector<std::uint32_t> inputs;
};

/// A registered agent as a node.
struct action_body {
  std::string agent;
  json inputs;
  /// The nodes that `inputs` refers to, by name.
  std::map<std::string, std::uint32_t> nodes;
};

/// What is said about a node beside its function and its edges.
struct node_settings {
  std::optional<retry_policy> retry = {};
  duration timeout{0};
  std::int32_t priority = 0;
  std::uint32_t max_parallel = 0;
  graph::node_rule rule = {};
  std::map<std::string, std::uint64_t> resources = {};
  std::function<bool(const frame&)> when = {};
  /// An input's value where none is given.
  std::shared_ptr<const void> fallback = {};
  std::string description = {};
};

struct flow_node {
  const body_type* type = nullptr;
  const void* body = nullptr;
  /// Null: it has no value.
  const value_type* value = nullptr;
  /// In `flow_tables::settings`; 0: nothing is said.
  std::uint32_t settings = 0;
  node_kind kind = node_kind::plain;
};

struct flow_settings {
  std::string description;
  dagger::on_failure on_failure = dagger::on_failure::stop;
  std::uint32_t max_parallel = 0;
  duration timeout{0};
  retry_policy retry = {};
  std::map<std::string, std::uint64_t> resources;
};

/// A flow. What a run has begun to read never changes: the flow goes on with a copy.
struct flow_tables {
  std::string name;
  flow_settings settings;
  std::vector<flow_node> nodes;
  /// What comes before each node, its arguments first.
  std::vector<std::uint32_t> ends;
  std::vector<std::uint32_t> before;
  /// Edges that were added to a node when others stood behind it: from, to.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> more_edges;
  std::string names;
  std::vector<std::uint32_t> name_ends;
  std::vector<node_settings> node_settings_of = std::vector<node_settings>(1);
  std::shared_ptr<flow_parts::arena> arena = std::make_shared<flow_parts::arena>();
  /// Tells the handles of one flow from those of others.
  const void* origin = nullptr;

  std::string_view name_of(std::uint32_t node) const {
    auto begin = node == 0 ? 0 : name_ends[node - 1];
    return std::string_view{names}.substr(begin, name_ends[node] - begin);
  }

  /// The name, or one made from the number.
  std::string shown_name(std::uint32_t node) const {
    auto given = name_of(node);
    return given.empty() ? "node-" + std::to_string(node) : std::string{given};
  }

  const node_settings& settings_of(std::uint32_t node) const {
    return node_settings_of[nodes[node].settings];
  }
};

} // namespace dagger::flow_parts
