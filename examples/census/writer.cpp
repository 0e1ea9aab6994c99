// The writer puts the report in place, whole or not at all.
#include "agents.hpp"
#include "files.hpp"
#include "report.hpp"

#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace census {

namespace {

using dagger::json;

dagger::result<void> write_all(const descriptor& to, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(to.number(), text.data(), text.size());
    if (n < 0)
      return last_error();
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(to.number()) != 0)
    return last_error();
  return {};
}

/// Under another name first: readers see the old report or the new one.
dagger::result<void> replace(const std::string& file, std::string_view text) {
  const auto part = file + ".part";
  const auto to =
    descriptor{::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644)};
  if (to.number() < 0)
    return last_error();
  if (auto done = write_all(to, text); !done)
    return done;
  if (std::rename(part.c_str(), file.c_str()) != 0)
    return last_error();
  return {};
}

dagger::outcome write(dagger::task&, const json& in) {
  auto text = report_on(in);
  const auto file = in["file"].get<std::string>();
  if (file.empty())
    return json{{"text", std::move(text)}};
  if (const auto done = replace(file, text); !done)
    return dagger::failure{"census.no_report", file + ": " + done.error().message, false};
  return json{{"file", file}, {"bytes", text.size()}};
}

} // namespace

dagger::agent writer() {
  return {
    .name = "writer",
    .description = "Writes the report into a file, or returns its text if there is none",
    .input =
      R"({"type": "object", "required": ["root", "sums", "duplicates", "errors", "file"]})"_json,
    .run = write,
  };
}

} // namespace census
