// Finds, for a name, all patterns that match it, without looking at the others.
#pragma once

#include <dagger/log/name.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::log {

/// Patterns, each with values. A lookup costs the tokens of the name times the patterns that share
/// its beginning, however many others there are.
template <class T>
class pattern_index {
public:
  void add(std::string_view pattern, T x) {
    auto* at = &root_;
    auto token = std::string_view{};
    for (auto rest = pattern; detail::next_token(rest, token);) {
      if (token == ">") {
        at->rest.push_back(std::move(x));
        return;
      }
      auto& next = token == "*" ? at->star : at->children[std::string{token}];
      if (!next)
        next = std::make_unique<node>();
      at = next.get();
    }
    at->here.push_back(std::move(x));
  }

  /// Takes one value of the pattern away, if it is there.
  void remove(std::string_view pattern, const T& x) {
    remove(root_, pattern, x);
  }

  /// Calls `visit` with the values of all patterns that match.
  template <class F>
  void match(std::string_view name, F&& visit) const {
    match(root_, name, detail::wild_rules{name}, true, visit);
  }

  bool empty() const {
    return root_.empty();
  }

private:
  struct node {
    std::map<std::string, std::unique_ptr<node>, std::less<>> children;
    std::unique_ptr<node> star;
    std::vector<T> here;
    std::vector<T> rest;

    bool empty() const {
      return children.empty() && !star && here.empty() && rest.empty();
    }
  };

  static void take(std::vector<T>& from, const T& x) {
    if (auto found = std::find(from.begin(), from.end(), x); found != from.end())
      from.erase(found);
  }

  // As deep as a name has tokens: at most half of `limits::channel_bytes`.
  static void remove(node& at, std::string_view rest, const T& x) {
    auto token = std::string_view{};
    if (!detail::next_token(rest, token)) {
      take(at.here, x);
    } else if (token == ">") {
      take(at.rest, x);
    } else if (token == "*") {
      if (at.star) {
        remove(*at.star, rest, x);
        if (at.star->empty())
          at.star.reset();
      }
    } else if (auto found = at.children.find(token); found != at.children.end()) {
      remove(*found->second, rest, x);
      if (found->second->empty())
        at.children.erase(found);
    }
  }

  template <class F>
  static void match(const node& at, std::string_view rest, const detail::wild_rules& rules,
                    bool first, F& visit) {
    auto token = std::string_view{};
    if (!rest.empty() && rules.rest(first))
      for (auto& x : at.rest)
        visit(x);
    if (!detail::next_token(rest, token)) {
      for (auto& x : at.here)
        visit(x);
      return;
    }
    if (at.star && rules.star(first, rest.empty()))
      match(*at.star, rest, rules, false, visit);
    if (auto found = at.children.find(token); found != at.children.end())
      match(*found->second, rest, rules, false, visit);
  }

  node root_;
};

} // namespace dagger::log
