// The text form of an error.
#include <dagger/error.hpp>

namespace dagger {

std::string to_string(const error& x) {
  auto text = x.where.empty() ? x.message : x.where + ": " + x.message;
  if (!x.hint.empty())
    text += "\n  " + x.hint;
  return text;
}

} // namespace dagger
