// Takes a JSON object apart, member by member, and says what is wrong with it. Knows no format.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dagger {

/// Reads the members of one object. The first problem counts, what follows it is not looked at;
/// `where` of the error is the path of the member: `tasks[3].retry.max`.
class members {
public:
  /// `from` must outlive this.
  explicit members(const json& from, std::string where = {});

  /// Reads a member that may be missing; then `to` stays as it is.
  template <class T>
  void read(std::string_view name, T& to) {
    if (auto* x = find(name))
      take(*x, path_of(name), to);
  }

  /// Reads a member that must be there.
  template <class T>
  void need(std::string_view name, T& to) {
    if (auto* x = find(name))
      take(*x, path_of(name), to);
    else
      wrong("'" + std::string{name} + "' is missing", where_);
  }

  /// One of `names`; the index is the value.
  template <class Enum, std::size_t N>
  void read_enum(std::string_view name, Enum& to, const std::string_view (&names)[N]) {
    if (auto* x = find(name))
      if (auto found = index_of(*x, path_of(name), names, N))
        to = static_cast<Enum>(*found);
  }

  /// Calls `read(members&)` for the object that the member is, if it is there.
  template <class F>
  bool inside(std::string_view name, F&& read) {
    auto* x = find(name);
    return x && inside_of(*x, path_of(name), read);
  }

  /// Calls `read(members&)` for each object of the list that the member is, if it is there.
  template <class F>
  void each(std::string_view name, F&& read) {
    auto* x = find(name);
    if (x && !x->is_array())
      wrong("must be a list", path_of(name));
    for (auto i = std::size_t{0}; x && !problem_ && i < x->size(); ++i)
      inside_of((*x)[i], path_of(name) + "[" + std::to_string(i) + "]", read);
  }

  /// The member itself, or null; also if there is a problem already.
  const json* find(std::string_view name);

  /// Notes a problem with the member, or with the object.
  void wrong(std::string message, std::string where);

  std::string path_of(std::string_view name) const;

  /// Members that nobody asked for are a problem too; what is wrong, if anything.
  std::optional<error> end();

private:
  template <class F>
  bool inside_of(const json& x, std::string where, F&& read) {
    auto inner = members{x, std::move(where)};
    read(inner);
    if (auto why = inner.end(); why && !problem_)
      problem_ = std::move(why);
    return !problem_;
  }

  void take(const json& from, std::string where, std::string& to);
  void take(const json& from, std::string where, bool& to);
  void take(const json& from, std::string where, double& to);
  void take(const json& from, std::string where, json& to);
  void take(const json& from, std::string where, duration& to);
  void take(const json& from, std::string where, std::vector<std::string>& to);
  void take(const json& from, std::string where, std::map<std::string, std::uint64_t>& to);

  template <class T>
  void take(const json& from, std::string where, std::optional<T>& to) {
    take(from, std::move(where), to.emplace());
  }

  template <class T>
  requires std::is_integral_v<T>
  void take(const json& from, std::string where, T& to) {
    using bounds = std::numeric_limits<T>;
    if constexpr (std::is_unsigned_v<T>) {
      if (auto x = natural(from); x && *x <= bounds::max()) {
        to = static_cast<T>(*x);
        return;
      }
    } else if (auto x = whole(from); x && *x >= bounds::min() && *x <= bounds::max()) {
      to = static_cast<T>(*x);
      return;
    }
    wrong("must be a whole number from " + std::to_string(bounds::min()) + " to "
            + std::to_string(bounds::max()),
          std::move(where));
  }

  static std::optional<std::uint64_t> natural(const json& x);
  static std::optional<std::int64_t> whole(const json& x);
  std::optional<std::size_t> index_of(const json& x, std::string where,
                                      const std::string_view* names, std::size_t count);

  const json& from_;
  std::string where_;
  std::vector<std::string> asked_;
  std::optional<error> problem_;
};

} // namespace dagger
