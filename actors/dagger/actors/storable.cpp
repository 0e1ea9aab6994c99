// Looks at the shape of a value without recursion: its depth is what is in question.
#include <dagger/actors/storable.hpp>

#include <dagger/codec/json.hpp>

#include <vector>

namespace dagger::actors {

result<void> check_shape(const json& x, std::string_view what) {
  struct level {
    json::const_iterator next;
    json::const_iterator end;
  };
  auto bad = [&] {
    return fail(code::invalid_output, std::string{what} + " holds a discarded JSON value");
  };
  if (x.is_discarded())
    return bad();
  if (!x.is_structured())
    return {};
  auto path = std::vector<level>{{x.begin(), x.end()}};
  while (!path.empty()) {
    auto& here = path.back();
    if (here.next == here.end) {
      path.pop_back();
      continue;
    }
    auto& value = *here.next++;
    if (value.is_discarded())
      return bad();
    if (!value.is_structured())
      continue;
    if (path.size() >= limits::nesting)
      return fail(code::invalid_output, std::string{what} + " is nested deeper than "
                                          + std::to_string(limits::nesting) + " levels");
    path.push_back({value.begin(), value.end()});
  }
  return {};
}

result<payload> to_payload(const json& x, std::string_view what, std::size_t most_bytes) {
  if (auto ok = check_shape(x, what); !ok)
    return fail(std::move(ok.error()));
  auto text = to_text(x);
  if (text.size() > most_bytes)
    return fail(code::too_large, std::string{what} + " has " + std::to_string(text.size())
                                   + " bytes as JSON, the limit is " + std::to_string(most_bytes));
  return payload::from_bytes(std::move(text));
}

} // namespace dagger::actors
