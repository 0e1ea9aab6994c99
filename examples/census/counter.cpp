// A counter reads its files once: bytes, lines, and a hash that tells which files may be equal.
#include "agents.hpp"
#include "content.hpp"
#include "files.hpp"
#include "sums.hpp"

#include <fcntl.h>

namespace census {

namespace {

using dagger::json;

dagger::outcome count(dagger::task&, const json& in) {
  const auto path = in["path"].get<std::string>();
  const auto folder =
    open_below(decoded(in["root"].get<std::string>()), decoded(path), O_PATH | O_DIRECTORY);
  auto total = sums{};
  auto seen = json::array(); // [name, bytes, hash] of all that could have an equal
  auto errors = json::array();
  for (const auto& given : in["names"]) {
    const auto& text = given.get_ref<const std::string&>();
    const auto name = decoded(text);
    auto shown_path = shown(below(path, name));
    const auto file = folder ? read_file(folder->number(), name) : dagger::fail(folder.error());
    if (!file) {
      errors.push_back(unreadable(std::move(shown_path), file.error()));
      continue;
    }
    total.add_file(shown(extension_of(name)), {1, file->bytes, file->lines}, std::move(shown_path));
    if (file->bytes > 0)
      seen.push_back({text, file->bytes, file->hash});
  }
  total.tidy();
  return json{{"sums", total.to_json()}, {"path", in["path"]}, {"seen", seen}, {"errors", errors}};
}

} // namespace

dagger::agent counter() {
  return {
    .name = "counter",
    .description = "Counts the files of a batch: bytes, lines, extensions, the largest",
    .input = R"({"type": "object", "required": ["root", "path", "names"], "properties": {
      "root": {"type": "string"}, "path": {"type": "string"},
      "names": {"type": "array", "maxItems": 256}}})"_json,
    .concurrency = 64,
    .run = count,
  };
}

} // namespace census
