// Binds what nodes refer to: references, `${...}` and names in expressions, by the one grammar.
// Says what a node comes after and which inputs it reads. Knows no values.
#pragma once

#include <dagger/graph/reference.hpp>
#include <dagger/graph/spec.hpp>
#include <dagger/script/program.hpp>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace dagger::graph {

/// What one node refers to.
struct node_binding {
  struct named {
    std::string name;
    /// Where it stands in the file.
    std::string pointer;
    /// In an expression, where an input that is not there reads as nil.
    bool may_be_missing = false;
  };

  /// Ids of nodes: `dependencies`, then what references imply.
  std::vector<std::string> after;
  /// Where the implied ones stand.
  std::vector<std::string> implied_at;
  /// Of the whole; an empty name stands for all.
  std::vector<named> inputs;
  /// There is a reference, a `${...}` or an expression, so its input is not known beforehand.
  bool refers = false;
  /// Some of them are to nodes or local names.
  bool refers_to_nodes = false;
  /// There is an expression.
  bool computes = false;
};

/// Local names that mean something in the inputs of a node.
std::vector<std::string_view> locals_of(const node& x);

/// Where an expression begins.
script::place expression_place(const spec& file, std::string_view pointer);

/// Binds the nodes of one file, one after the other.
class binder {
public:
  /// Called with a pointer into the file, and a place in it if that is known better.
  using complaint =
    std::function<void(const std::string& pointer, error why, std::optional<position> at)>;

  binder(const spec& file, complaint complain);

  node_binding bind(std::size_t index);

  /// The reference of an output of the whole.
  void bind_output(const std::string& reference, const std::string& pointer, node_binding& to);

  bool is_node(std::string_view id) const {
    return index_.contains(id);
  }

  std::optional<std::size_t> index_of(std::string_view id) const {
    return index_.find(id);
  }

private:
  void bind_input(std::size_t input);
  void bind_template(const json& tmpl, std::size_t input);
  void bind_reference(std::string_view text, const std::string& pointer,
                      std::span<const std::string_view> locals);
  void bind_expression(const std::string& text, const std::string& pointer, bool own_output);
  void bind_chain(const script::reference& x, const std::string& pointer, bool own_output);
  void use_node(std::size_t index, std::span<const std::string> path, const std::string& pointer);
  void check_output(std::size_t index, std::span<const std::string> path,
                    const std::string& pointer);
  void use_input(std::string_view name, const std::string& pointer, bool may_be_missing);

  const spec& file_;
  complaint complain_;
  node_index index_;
  std::size_t at_ = 0;
  std::vector<std::string_view> locals_;
  std::unordered_set<std::string_view> bound_after_;
  node_binding made_;
};

} // namespace dagger::graph
