// Each kind of member, and those that are unknown.
#include <dagger/codec/members.hpp>

#include <dagger/codec/nearest.hpp>

#include <algorithm>

namespace dagger {

members::members(const json& from, std::string where) : from_(from), where_(std::move(where)) {
  if (!from.is_object())
    wrong("must be an object, not " + std::string{from.type_name()}, where_);
}

const json* members::find(std::string_view name) {
  asked_.emplace_back(name);
  if (problem_)
    return nullptr;
  auto i = from_.find(asked_.back());
  return i == from_.end() ? nullptr : &*i;
}

void members::wrong(std::string message, std::string where) {
  if (!problem_)
    problem_.emplace(code::invalid_input, std::move(message), std::move(where));
}

std::string members::path_of(std::string_view name) const {
  return (where_.empty() ? "" : where_ + ".") + std::string{name};
}

std::optional<error> members::end() {
  if (problem_)
    return problem_;
  for (auto& [name, value] : from_.items())
    if (std::ranges::find(asked_, name) == asked_.end()) {
      wrong("unknown member '" + name + "'", where_);
      if (auto meant = nearest(name, asked_))
        problem_->hint = "did you mean '" + *meant + "'?";
      break;
    }
  return problem_;
}

void members::take(const json& from, std::string where, std::string& to) {
  if (auto* text = from.get_ptr<const std::string*>())
    to = *text;
  else
    wrong("must be a string, not " + std::string{from.type_name()}, std::move(where));
}

void members::take(const json& from, std::string where, bool& to) {
  if (auto* x = from.get_ptr<const bool*>())
    to = *x;
  else
    wrong("must be true or false", std::move(where));
}

void members::take(const json& from, std::string where, double& to) {
  if (from.is_number())
    to = from.get<double>();
  else
    wrong("must be a number", std::move(where));
}

void members::take(const json& from, std::string, json& to) {
  to = from;
}

void members::take(const json& from, std::string where, duration& to) {
  if (auto x = whole(from))
    to = duration{*x};
  else
    wrong("must be a whole number of milliseconds", std::move(where));
}

void members::take(const json& from, std::string where, std::vector<std::string>& to) {
  if (!from.is_array())
    return wrong("must be a list of strings", std::move(where));
  to.resize(from.size());
  for (auto i = std::size_t{0}; i < to.size(); ++i)
    take(from[i], where + "[" + std::to_string(i) + "]", to[i]);
}

void members::take(const json& from, std::string where, std::map<std::string, std::uint64_t>& to) {
  if (!from.is_object())
    return wrong("must be an object of numbers", std::move(where));
  for (auto& [name, amount] : from.items())
    take(amount, where + "." + name, to[name]);
}

std::optional<std::uint64_t> members::natural(const json& x) {
  if (x.is_number_unsigned())
    return x.get<std::uint64_t>();
  return x.is_number_integer() && x.get<std::int64_t>() >= 0
         ? std::optional{static_cast<std::uint64_t>(x.get<std::int64_t>())}
         : std::nullopt;
}

std::optional<std::int64_t> members::whole(const json& x) {
  if (x.is_number_unsigned())
    return x.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX)
           ? std::optional{static_cast<std::int64_t>(x.get<std::uint64_t>())}
           : std::nullopt;
  return x.is_number_integer() ? std::optional{x.get<std::int64_t>()} : std::nullopt;
}

std::optional<std::size_t> members::index_of(const json& x, std::string where,
                                             const std::string_view* names, std::size_t count) {
  auto* text = x.get_ptr<const std::string*>();
  auto* end = names + count;
  auto* found = text ? std::find(names, end, *text) : end;
  if (found != end)
    return static_cast<std::size_t>(found - names);
  auto list = std::string{};
  for (auto* name = names; name != end; ++name)
    list += (list.empty() ? "" : ", ") + std::string{*name};
  wrong("must be one of " + list, std::move(where));
  return std::nullopt;
}

} // namespace dagger
