// Problems with their places.
#include <dagger/graph/findings.hpp>

#include <dagger/codec/nearest.hpp>
#include <dagger/limits.hpp>

#include <algorithm>

namespace dagger::graph {

namespace {

constexpr auto most_compared = std::size_t{500'000};

} // namespace

findings::finding findings::make(position at, std::string_view pointer, std::string message,
                                 std::string hint) const {
  auto path = to_path(pointer);
  if (!path.empty())
    message = path + ": " + message;
  return {at,
          {code::invalid_input, std::move(message), file_ + ":" + to_text(at), std::move(hint)}};
}

void findings::add(std::string_view pointer, std::string message, std::string hint,
                   std::optional<position> at) {
  if (problems_.size() < limits::problems)
    problems_.push_back(
      make(at ? *at : places_.value(pointer), pointer, std::move(message), std::move(hint)));
}

void findings::add_at_key(std::string_view pointer, std::string message, std::string hint) {
  if (problems_.size() < limits::problems)
    problems_.push_back(make(places_.key(pointer), pointer, std::move(message), std::move(hint)));
}

void findings::add(const fault& x) {
  if (problems_.size() < limits::problems)
    problems_.push_back(make(x.at, {}, x.message, x.hint));
}

void findings::warn(std::string_view pointer, std::string message, std::string hint) {
  if (warnings_.size() < limits::problems)
    warnings_.push_back(make(places_.key(pointer), pointer, std::move(message), std::move(hint)));
}

std::string findings::suggestion(std::string_view word, std::span<const std::string> words) {
  compared_ += words.size();
  if (compared_ > most_compared)
    return {};
  auto meant = nearest(word, words);
  return meant ? "did you mean '" + *meant + "'?" : "";
}

std::vector<error> findings::take_problems() {
  return sorted(std::move(problems_));
}

std::vector<error> findings::take_warnings() {
  return sorted(std::move(warnings_));
}

std::vector<error> findings::sorted(std::vector<finding> xs) {
  std::stable_sort(xs.begin(), xs.end(), [](auto& a, auto& b) { return a.at < b.at; });
  auto made = std::vector<error>{};
  made.reserve(xs.size());
  for (auto& x : xs)
    made.push_back(std::move(x.what));
  return made;
}

} // namespace dagger::graph
