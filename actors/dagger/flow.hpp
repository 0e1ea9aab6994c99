// Flows as a program writes them: nodes are functions, edges are the values between them. No CAF
// in it.
#pragma once

#include <dagger/flow_result.hpp>
#include <dagger/flow_tables.hpp>

#include <any>
#include <concepts>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dagger {

class flow;

namespace flow_parts {

class program;

/// Which node of which flow; what all `node<T>` share.
class node_handle {
public:
  /// In the order in which the nodes were added.
  std::uint32_t number() const {
    return number_;
  }

protected:
  node_handle(flow* owner, std::uint32_t number) : owner_(owner), number_(number) {}

  node_settings& settings() const;
  void come_after(std::uint32_t before) const;
  void set_when(std::function<bool(const frame&)> condition) const;

private:
  friend class dagger::flow;
  friend class dagger::flow_result;
  template <class>
  friend class dagger::node;

  flow* owner_;
  std::uint32_t number_;
};

} // namespace flow_parts

/// A node of a flow whose function returns `T` (perhaps `void`). A small value; what it says about
/// the node is said to the flow, which must live. Each option returns the node again.
template <class T>
class node : public flow_parts::node_handle {
public:
  using value_type = T;

  /// It starts when these have settled as well; takes none of their values.
  template <class... Ts>
  node after(const node<Ts>&... others) const {
    (come_after(others.number()), ...);
    return *this;
  }

  /// So many attempts, with pauses of 1 s, 2 s, 4 s, ...
  node retry(std::uint32_t max_attempts) const {
    auto policy = retry_policy{};
    policy.max_attempts = max_attempts;
    return retry(policy);
  }
  node retry(retry_policy policy) const {
    settings().retry = std::move(policy);
    return *this;
  }
  /// Of one attempt; then its stop token is requested, and after the engine's grace its thread is
  /// left behind.
  node timeout(duration time) const {
    settings().timeout = time;
    return *this;
  }
  /// Skipped unless `condition` holds. Asked when the node starts, with the values of `arguments`,
  /// which become nodes before this one; if one of them has none, it does not hold.
  template <class F, class... Ts>
  node when(F condition, const node<Ts>&... arguments) const {
    static_assert(std::predicate<const F&, const Ts&...>,
                  "dagger: the condition of `when` does not take the values of these nodes");
    after(arguments...);
    set_when([condition = std::move(condition),
              ... at = arguments.number()](const flow_parts::frame& x) -> bool {
      return (x.completed(at) && ...) && condition(*static_cast<const Ts*>(x.place(at))...);
    });
    return *this;
  }
  /// Among ready nodes, higher first.
  node priority(std::int32_t value) const {
    settings().priority = value;
    return *this;
  }
  /// How much it needs of what `flow::resources` has.
  node resources(std::map<std::string, std::uint64_t> needs) const {
    settings().resources = std::move(needs);
    return *this;
  }
  node run_if(dagger::run_if rule) const {
    settings().rule.run_if = rule;
    return *this;
  }
  /// Its failure does not fail the run.
  node optional(bool yes = true) const {
    settings().rule.optional = yes;
    return *this;
  }
  /// Instead of the flow's.
  node on_failure(dagger::on_failure what) const {
    settings().rule.on_failure = what;
    return *this;
  }
  /// Elements of a `map` at the same time.
  node max_parallel(std::uint32_t n) const {
    settings().max_parallel = n;
    return *this;
  }
  node description(std::string text) const {
    settings().description = std::move(text);
    return *this;
  }

private:
  friend class flow;
  node(flow* owner, std::uint32_t number) : node_handle(owner, number) {}
};

/// The value of a node that may have none: the function takes a `const T*`, null unless the node
/// has completed.
template <class T>
struct optional_value {
  node<T> of;
};

/// For nodes with another `run_if` than `all_success`.
template <class T>
optional_value<T> maybe(const node<T>& x) {
  return {x};
}

/// An input of a sub-flow and the node that gives it its value.
struct binding {
  std::uint32_t input = 0;
  std::uint32_t value = 0;
};

template <class T>
binding bind(const node<T>& input_of_sub_flow, const node<T>& value) {
  return {input_of_sub_flow.number(), value.number()};
}

/// A value for an input, by name.
struct flow_input {
  template <class T>
  flow_input(std::string name_, T&& x)
    : name(std::move(name_)),
      value(kept(std::forward<T>(x))),
      type(flow_parts::type_of<std::decay_t<decltype(kept(std::forward<T>(x)))>>()),
      at([](const std::any& y) -> const void* {
        return std::any_cast<std::decay_t<decltype(kept(std::forward<T>(x)))>>(&y);
      }) {}

  std::string name;
  std::any value;
  const flow_parts::value_type* type;
  const void* (*at)(const std::any&);

private:
  template <class T>
  static decltype(auto) kept(T&& x) {
    if constexpr (std::is_convertible_v<T, std::string_view> && !std::is_same_v<T, json>)
      return std::string{std::string_view{x}};
    else
      return std::forward<T>(x);
  }
};

/// Values for a flow's inputs: `{{"x", 3}, {"name", "Ann"}}`. A value of another type than the
/// input's goes by way of JSON if it keeps its meaning.
class flow_inputs {
public:
  flow_inputs() = default;
  flow_inputs(std::initializer_list<flow_input> xs) : all_(xs) {}
  /// The members of an object.
  static flow_inputs from(const json& object);

  const std::vector<flow_input>& all() const {
    return all_;
  }

private:
  std::vector<flow_input> all_;
};

/// A graph of functions that is known before it runs. Built by one thread; may run any number of
/// times, also at once: its functions are called as `const`, from several threads. What is wrong
/// with it as a whole (a name used twice, a cycle, a need that no resource covers) is the error of
/// `engine::run`.
class flow {
public:
  explicit flow(std::string name);
  ~flow();
  flow(const flow&) = delete;
  flow& operator=(const flow&) = delete;

  /// What a failed node means for the others, unless it says otherwise.
  flow& on_failure(dagger::on_failure what);
  /// Nodes at once; 0: as many as cores. 1 makes the order that of priorities and of the flow.
  flow& max_parallel(std::uint32_t n);
  /// Of a whole run, which then fails.
  flow& timeout(duration time);
  /// For nodes that do not say.
  flow& retry(retry_policy policy);
  /// What there is of each resource.
  flow& resources(std::map<std::string, std::uint64_t> pool);
  flow& description(std::string text);
  /// For flows with very many nodes.
  flow& reserve(std::size_t nodes, std::size_t edges);

  const std::string& name() const;
  std::size_t size() const;

  /// A value that each run is given; required unless there is a `fallback`.
  template <class T>
  node<T> input(std::string_view name);
  template <class T>
  node<T> input(std::string_view name, T fallback);

  /// Adds a node that calls `f` with the values of `arguments`, nodes of this flow or `maybe` of
  /// one. Its value is what `f` returns; a `result` that holds an error, or an exception, is a
  /// failed attempt. If `f` takes a `std::stop_token` first, it gets one. `name` may be empty, else
  /// it is `[A-Za-z_][A-Za-z0-9_.-]*`, at most 128 bytes, and unique in the flow.
  template <class F, class... Args>
  requires(!std::convertible_to<F, std::string_view> && !std::same_as<F, flow>) auto add(
    std::string_view name, F f, const Args&... arguments);

  /// Adds a node that calls `f` for each element of a list, in parallel; its value is the list of
  /// what `f` returned, in the order of the elements. Each element has the node's attempts and
  /// time-out for itself. The first that fails for good fails the node.
  template <class F, class T, class... Args>
  auto map(std::string_view name, F f, const node<std::vector<T>>& list, const Args&... arguments);

  /// Adds a flow as one node: its value is that of `output`, a node of the sub-flow, which is
  /// taken as it is now.
  template <class T, class... Bindings>
  node<T> add(std::string_view name, flow& sub, const node<T>& output, const Bindings&... inputs);

  /// Adds a node that is done by a registered agent. `inputs` may hold `${NODE.path}` and
  /// `${inputs.x}`, which make edges; the nodes must stand in the flow already.
  node<json> add(std::string_view name, std::string_view action, json inputs = json::object());

  /// The graph as it is now.
  std::string dot() const;
  std::string mermaid() const;

private:
  friend class flow_parts::node_handle;
  friend class flow_parts::program;
  template <class>
  friend class node;

  std::uint32_t append(std::string_view name, const flow_parts::flow_node& row,
                       std::initializer_list<std::uint32_t> before);
  std::uint32_t append_input(std::string_view name, const flow_parts::value_type* type,
                             std::shared_ptr<const void> fallback);
  std::uint32_t append_sub_flow(std::string_view name, flow& sub, std::uint32_t output,
                                const flow_parts::value_type* type, std::vector<binding> inputs);
  flow_parts::flow_tables& tables();

  template <class T>
  static std::uint32_t number_of(const node<T>& x) {
    return x.number();
  }
  template <class T>
  static std::uint32_t number_of(const optional_value<T>& x) {
    return x.of.number();
  }

  std::shared_ptr<flow_parts::flow_tables> tables_;
  /// Of `tables_` as they are; null if nobody has asked since the last change.
  mutable std::shared_ptr<const flow_parts::program> program_;
  /// Somebody else reads `tables_`.
  mutable bool shared_ = false;
};

template <class T>
node<T> flow::input(std::string_view name) {
  static_assert(std::copy_constructible<T>, "dagger: the value of an input is copied");
  return {this, append_input(name, flow_parts::type_of<T>(), {})};
}

template <class T>
node<T> flow::input(std::string_view name, T fallback) {
  static_assert(std::copy_constructible<T>, "dagger: the value of an input is copied");
  return {this, append_input(name, flow_parts::type_of<T>(),
                             std::make_shared<const T>(std::move(fallback)))};
}

template <class F, class... Args>
requires(!std::convertible_to<F, std::string_view> && !std::same_as<F, flow>) auto flow::add(
  std::string_view name, F f, const Args&... arguments) {
  static_assert(flow_parts::takes<F, typename flow_parts::edge<Args>::parameter...>,
                "dagger: the node's function (F) does not take the values of its arguments (Args); "
                "it is called as const");
  if constexpr (flow_parts::takes<F, typename flow_parts::edge<Args>::parameter...>) {
    using body = flow_parts::plain_body<F, flow_parts::edge<Args>...>;
    using T = flow_parts::produced_t<
      flow_parts::returned<F, typename flow_parts::edge<Args>::parameter...>>;
    auto row = flow_parts::flow_node{};
    row.type = &body::type;
    if constexpr (!std::is_void_v<T>)
      row.value = flow_parts::type_of<T>();
    row.body = tables().arena->make(std::move(f));
    return node<T>{this, append(name, row, {number_of(arguments)...})};
  } else {
    return node<void>{this, 0};
  }
}

template <class F, class T, class... Args>
auto flow::map(std::string_view name, F f, const node<std::vector<T>>& list,
               const Args&... arguments) {
  static_assert(
    flow_parts::takes<F, const T&, typename flow_parts::edge<Args>::parameter...>,
    "dagger: the node's function (F) does not take an element of the list (T) and the values of "
    "its arguments (Args); it is called as const");
  if constexpr (flow_parts::takes<F, const T&, typename flow_parts::edge<Args>::parameter...>) {
    using body = flow_parts::each_body<F, T, flow_parts::edge<Args>...>;
    using V = std::conditional_t<body::has_value, std::vector<typename body::R>, void>;
    auto row = flow_parts::flow_node{};
    row.type = &body::type;
    row.kind = flow_parts::node_kind::each;
    if constexpr (body::has_value)
      row.value = flow_parts::type_of<V>();
    row.body = tables().arena->make(std::move(f));
    return node<V>{this, append(name, row, {list.number(), number_of(arguments)...})};
  } else {
    return node<void>{this, 0};
  }
}

template <class T, class... Bindings>
node<T> flow::add(std::string_view name, flow& sub, const node<T>& output,
                  const Bindings&... inputs) {
  static_assert(std::is_void_v<T> || std::copy_constructible<T>,
                "dagger: the value of a sub-flow is copied");
  auto type = static_cast<const flow_parts::value_type*>(nullptr);
  if constexpr (!std::is_void_v<T>)
    type = flow_parts::type_of<T>();
  return {this, append_sub_flow(name, sub, output.number(), type, {binding{inputs}...})};
}

} // namespace dagger
