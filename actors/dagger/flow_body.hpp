// What a node's function looks like to the runner: values of any type at known places, and calls
// through plain pointers. For `flow.hpp`; programs need nothing of it.
#pragma once

#include <dagger/graph/run.hpp>
#include <dagger/result.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/task_options.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <optional>
#include <stop_token>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace dagger {

template <class T>
class node;
template <class T>
struct optional_value;

} // namespace dagger

namespace dagger::flow_parts {

// -- values -------------------------------------------------------------------

/// A type of values on edges. Functions are null where the type has no such thing.
struct value_type {
  const std::type_info* type;
  std::size_t size;
  std::size_t align;
  void (*destroy)(void*);
  void (*copy)(const void* from, void* to);
  json (*to_json)(const void*);
  void (*from_json)(const json& from, void* to);
};

template <class T>
concept has_to_json = std::is_constructible_v<json, const T&>;

template <class T>
concept has_from_json = requires(const json& x) {
  { x.template get<T>() } -> std::convertible_to<T>;
};

template <class T>
value_type describe() {
  auto made = value_type{&typeid(T), sizeof(T), alignof(T), nullptr, nullptr, nullptr, nullptr};
  if constexpr (!std::is_trivially_destructible_v<T>)
    made.destroy = [](void* x) { static_cast<T*>(x)->~T(); };
  if constexpr (std::is_copy_constructible_v<T>)
    made.copy = [](const void* from, void* to) { new (to) T(*static_cast<const T*>(from)); };
  if constexpr (has_to_json<T>)
    made.to_json = [](const void* x) { return json(*static_cast<const T*>(x)); };
  if constexpr (has_from_json<T>)
    made.from_json = [](const json& from, void* to) { new (to) T(from.get<T>()); };
  return made;
}

template <class T>
const value_type* type_of() {
  static const auto made = describe<T>();
  return &made;
}

// -- calls --------------------------------------------------------------------

/// How a call of a body has gone.
enum class call_end : std::uint8_t { completed, failed, skipped };

/// What a body reads and leaves in one attempt. One for each worker, used again and again.
class frame {
public:
  /// The value of the k-th node before this one, which has completed.
  template <class T>
  const T& value(std::size_t k) const {
    return *static_cast<const T*>(place(before[k]));
  }

  bool has(std::size_t k) const {
    return completed(before[k]);
  }

  bool completed(std::uint32_t which) const {
    return progress[which].state == task_state::completed;
  }

  void* place(std::uint32_t which) const {
    return values + std::size_t{places[which]} * place_bytes;
  }

  /// Ends the attempt, if nobody has given it up before; then its result may be written.
  bool claim() {
    claimed = phase->exchange(0, std::memory_order_acq_rel) == running;
    return claimed;
  }

  template <class T>
  void keep(T&& x) {
    if (!claim())
      return;
    new (place(node)) std::decay_t<T>(std::forward<T>(x));
    kept = true;
  }

  void fail(failure x) {
    end = call_end::failed;
    why = std::move(x);
  }

  void fail(const error& x);

  /// Requested when the attempt's time is over or the run ends.
  std::stop_token stop_token();

  static constexpr std::size_t place_bytes = 8;

  // Of the run.
  std::byte* values = nullptr;
  const std::uint32_t* places = nullptr;
  const graph::node_progress* progress = nullptr;
  // Of the worker.
  std::atomic<std::uint64_t>* phase = nullptr;
  void* worker = nullptr;
  // Of the attempt.
  std::uint64_t running = 0;
  const std::uint32_t* before = nullptr;
  std::uint32_t node = 0;
  bool claimed = false;
  bool kept = false; // the node's value is there
  call_end end = call_end::completed;
  failure why = {};
};

/// A function that is called once for each element of a list.
struct element_calls {
  std::size_t (*size)(const frame&);
  void* (*make)(std::size_t);
  void (*call)(const void* body, frame&, void* results, std::size_t element);
  /// Makes the node's value of the results.
  void (*finish)(frame&, void* results);
  void (*destroy)(void* results);
};

/// What all nodes with the same function type and arguments have in common.
struct body_type {
  void (*call)(const void* body, frame&);
  /// How many nodes it takes values of, and which of them must have one (a bit each).
  std::uint32_t arguments = 0;
  std::uint64_t required = 0;
  const element_calls* elements = nullptr;
};

// -- how arguments reach a function -------------------------------------------

/// What stands behind an argument of `flow::add`.
template <class Arg>
struct edge;

template <class T>
struct edge<node<T>> {
  static constexpr bool required = true;
  using parameter = const T&;

  static parameter get(const frame& x, std::size_t k) {
    return x.value<T>(k);
  }
};

/// Nothing that a function could take: such nodes are named by `node::after`.
template <>
struct edge<node<void>> {
  struct parameter {};
};

template <class T>
struct edge<optional_value<T>> {
  static constexpr bool required = false;
  using parameter = const T*;

  static parameter get(const frame& x, std::size_t k) {
    return x.has(k) ? &x.value<T>(k) : nullptr;
  }
};

template <class F, class... Parameters>
concept takes = std::is_invocable_v<const F&, Parameters...> || //
  std::is_invocable_v<const F&, std::stop_token, Parameters...>;

template <class F, class... Parameters>
decltype(auto) invoke(const F& f, frame& x, Parameters... xs) {
  if constexpr (std::is_invocable_v<const F&, Parameters...>)
    return std::invoke(f, static_cast<Parameters>(xs)...);
  else
    return std::invoke(f, x.stop_token(), static_cast<Parameters>(xs)...);
}

template <class F, class... Parameters>
using returned = decltype(flow_parts::invoke<F, Parameters...>(
  std::declval<const F&>(), std::declval<frame&>(), std::declval<Parameters>()...));

/// The type of the node's value.
template <class R>
struct produced {
  using type = std::decay_t<R>;
};

template <>
struct produced<void> {
  using type = void;
};

template <class T>
struct produced<result<T>> {
  using type = T;
};

template <class R>
using produced_t = typename produced<std::remove_cvref_t<R>>::type;

template <class R>
inline constexpr bool is_result = !std::is_same_v<produced_t<R>, std::remove_cvref_t<R>>;

/// Calls, and hands the value, if there is one, to `keep`. The parameters are never deduced: they
/// would be copies.
template <class F, class... Parameters>
struct calls {
  using R = returned<F, Parameters...>;

  template <class Keep>
  static void call(const F& f, frame& x, Keep keep, Parameters... xs) {
    if constexpr (std::is_void_v<R>) {
      flow_parts::invoke<F, Parameters...>(f, x, static_cast<Parameters>(xs)...);
    } else if constexpr (is_result<R>) {
      auto made = flow_parts::invoke<F, Parameters...>(f, x, static_cast<Parameters>(xs)...);
      if (!made)
        x.fail(made.error());
      else if constexpr (!std::is_void_v<produced_t<R>>)
        keep(*std::move(made));
    } else {
      keep(flow_parts::invoke<F, Parameters...>(f, x, static_cast<Parameters>(xs)...));
    }
  }
};

template <class F, class... Edges>
struct plain_body {
  static void call(const void* body, frame& x) {
    run(*static_cast<const F*>(body), x, std::index_sequence_for<Edges...>{});
  }

  template <std::size_t... Ks>
  static void run(const F& f, frame& x, std::index_sequence<Ks...>) {
    calls<F, typename Edges::parameter...>::call(
      f, x, [&](auto&& made) { x.keep(std::forward<decltype(made)>(made)); }, Edges::get(x, Ks)...);
  }

  static constexpr std::uint64_t required() {
    auto mask = std::uint64_t{0};
    auto k = 0;
    ((mask |= std::uint64_t{Edges::required} << k++), ...);
    return mask;
  }

  static constexpr body_type type{&call, sizeof...(Edges), required(), nullptr};
};

/// Calls `F` for each element of the first argument, a `std::vector<T>`.
template <class F, class T, class... Edges>
struct each_body {
  using R = produced_t<returned<F, const T&, typename Edges::parameter...>>;
  static constexpr bool has_value = !std::is_void_v<R>;
  using slot = std::optional<std::conditional_t<has_value, R, bool>>;
  using results = std::vector<slot>;

  static void call(const void* body, frame& x, void* to, std::size_t element) {
    run(*static_cast<const F*>(body), x, (*static_cast<results*>(to))[element],
        x.value<std::vector<T>>(0)[element], std::index_sequence_for<Edges...>{});
  }

  template <std::size_t... Ks>
  static void run(const F& f, frame& x, slot& to, const T& element, std::index_sequence<Ks...>) {
    auto keep = [&](auto&& made) {
      if (x.claim())
        to.emplace(std::forward<decltype(made)>(made));
    };
    calls<F, const T&, typename Edges::parameter...>::call(f, x, keep, element,
                                                           Edges::get(x, Ks + 1)...);
  }

  static void finish(frame& x, void* from) {
    if constexpr (has_value) {
      auto made = std::vector<R>{};
      auto& all = *static_cast<results*>(from);
      made.reserve(all.size());
      for (auto& one : all)
        made.push_back(std::move(*one));
      new (x.place(x.node)) std::vector<R>(std::move(made));
    }
  }

  static constexpr element_calls elements{
    [](const frame& x) { return x.value<std::vector<T>>(0).size(); },
    [](std::size_t n) -> void* { return new results(n); }, &call, &finish,
    [](void* x) { delete static_cast<results*>(x); }};
  static constexpr body_type type{nullptr, sizeof...(Edges) + 1,
                                  (plain_body<F, Edges...>::required() << 1) | 1, &elements};
};

} // namespace dagger::flow_parts
