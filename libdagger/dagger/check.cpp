// How a bug ends the process.
#include <dagger/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace dagger {

void bug(const char* text, std::source_location where) {
  std::fprintf(stderr, "dagger: bug: %s\n  at %s:%u in %s\n", text, where.file_name(),
               static_cast<unsigned>(where.line()), where.function_name());
  std::abort();
}

} // namespace dagger
