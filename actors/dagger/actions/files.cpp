// The agents `read_file`, `write_file` and `glob`.
#include <dagger/actions/files.hpp>

#include <dagger/actors/descriptor.hpp>
#include <dagger/codec/base64.hpp>
#include <dagger/codec/hash.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dagger::actions {

namespace {

using actors::descriptor;

/// A failure of the system; what is not there or not allowed will not be there the next time.
failure failed(const std::string& what, const std::string& path, int problem) {
  auto is_final = problem == ENOENT || problem == EACCES || problem == EISDIR || problem == ENOTDIR
               || problem == EPERM || problem == EROFS;
  auto kind = problem == ENOENT || problem == ENOTDIR ? code::not_found
            : is_final                                ? code::invalid_input
                                                      : code::unavailable;
  return {std::string{kind}, what + " '" + path + "': " + std::strerror(problem), !is_final, {}};
}

failure wrong(std::string message) {
  return {std::string{code::invalid_input}, std::move(message), false, {}};
}

tl::expected<std::string, failure> read_whole(const task& self, const std::string& path) {
  auto file = descriptor{::open(self.reached(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct ::stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0)
    return tl::unexpected{failed("cannot read", path, errno)};
  if (!S_ISREG(about.st_mode))
    return tl::unexpected{wrong("'" + path + "' is no file")};
  auto bytes = std::string{};
  auto buffer = std::string(1 << 16, '\0');
  while (true) {
    auto n = ::read(file.get(), buffer.data(), buffer.size());
    if (n == 0)
      return bytes;
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return tl::unexpected{failed("cannot read", path, errno)};
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
    if (bytes.size() > limits::payload_bytes)
      return tl::unexpected{failure{std::string{code::too_large},
                                    "'" + path + "' is larger than "
                                      + std::to_string(limits::payload_bytes >> 20) + " MiB",
                                    false,
                                    {}}};
  }
}

outcome read(task& self, const json& input) {
  auto path = input["path"].get<std::string>();
  auto format = input.value("format", std::string{"text"});
  auto bytes = read_whole(self, path);
  if (!bytes)
    return bytes.error();
  auto size = bytes->size();
  if (format == "base64")
    return json{{"content", to_base64(*bytes)}, {"size", size}};
  if (auto bad = invalid_utf8(*bytes); bad != std::string::npos)
    return wrong("'" + path + "' is not UTF-8 at byte " + std::to_string(bad + 1)
                 + "; `format: base64` reads any bytes");
  if (format == "text")
    return json{{"content", std::move(*bytes)}, {"size", size}};
  auto value = parse_json(*bytes);
  if (!value)
    return wrong(path + ":" + to_string(value.error()));
  return json{{"content", std::move(*value)}, {"size", size}};
}

/// What `content` is as bytes.
result<std::string> bytes_of(const json& content, const std::string& format) {
  if (format == "json")
    return to_pretty_text(content) + "\n";
  if (!content.is_string())
    return fail(code::invalid_input, "`content` must be a text; `format: json` writes any value");
  auto text = content.get<std::string>();
  if (format == "text")
    return text;
  auto bytes = from_base64(text);
  if (!bytes)
    return fail(code::invalid_input, "`content` is not base64");
  return std::move(*bytes);
}

int write_whole(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(file) == 0 ? 0 : errno;
}

/// Makes the name durable.
int sync_folder(const std::filesystem::path& folder) {
  auto opened = descriptor{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  return opened.get() >= 0 && ::fsync(opened.get()) == 0 ? 0 : errno;
}

/// A name beside the target that only this attempt has. What an attempt that crashed has left
/// behind is written over by none and named after its target, for people.
std::string temporary_for(const std::filesystem::path& target, const task& self) {
  auto whose = hash128(self.idempotency_key()).substr(0, 12) + "." + std::to_string(self.attempt());
  auto name = target.filename().string().substr(0, 200);
  return (target.parent_path() / ("." + name + "." + whose + ".tmp")).string();
}

outcome write(task& self, const json& input) {
  auto path = input["path"].get<std::string>();
  auto bytes = bytes_of(input["content"], input.value("format", std::string{"text"}));
  if (!bytes)
    return wrong(bytes.error().message);
  auto target = std::filesystem::path{self.reached(path)};
  auto problem = std::error_code{};
  if (std::filesystem::is_directory(target, problem))
    return failed("cannot write", path, EISDIR);
  if (input.value("make_folders", false) && target.has_parent_path())
    std::filesystem::create_directories(target.parent_path(), problem);
  auto temporary = temporary_for(target, self);
  auto file = descriptor{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (file.get() < 0)
    return failed("cannot write", path, errno);
  auto why = write_whole(file.get(), *bytes);
  if (struct ::stat old{}; why == 0 && ::stat(target.c_str(), &old) == 0)
    why = ::fchmod(file.get(), old.st_mode & 07777) == 0 ? 0 : errno;
  if (why == 0 && ::rename(temporary.c_str(), target.c_str()) != 0)
    why = errno;
  if (why != 0) {
    ::unlink(temporary.c_str());
    return failed("cannot write", path, why);
  }
  auto folder = target.has_parent_path() ? target.parent_path() : std::filesystem::path{"."};
  if (why = sync_folder(folder); why != 0)
    return failed("cannot sync the folder of", path, why);
  return json{{"path", path}, {"size", bytes->size()}};
}

outcome find_paths(task& self, const json& input) {
  auto pattern = input["pattern"].get<std::string>();
  auto folder = self.reached(input.value("cwd", std::string{}));
  auto is_below = !folder.empty() && !pattern.starts_with('/');
  auto escaped = std::string{};
  for (auto c : folder)
    (std::string_view{"*?[\\"}.find(c) == std::string_view::npos ? escaped : escaped += '\\') += c;
  if (is_below && !folder.ends_with('/'))
    escaped += '/';
  auto found = ::glob_t{};
  auto how = ::glob(((is_below ? escaped : "") + pattern).c_str(), GLOB_NOSORT, nullptr, &found);
  auto paths = std::vector<std::string>{};
  auto prefix = is_below ? folder.size() + (folder.ends_with('/') ? 0 : 1) : 0;
  for (auto i = std::size_t{0}; how == 0 && i < found.gl_pathc; ++i)
    paths.push_back(std::string{found.gl_pathv[i]}.substr(prefix));
  ::globfree(&found);
  if (how != 0 && how != GLOB_NOMATCH)
    return failure{.code = std::string{code::unavailable},
                   .message = "cannot look for '" + pattern
                            + "': " + (how == GLOB_NOSPACE ? "out of memory" : "read error")};
  if (paths.size() > limits::glob_matches)
    return failure{.code = std::string{code::limit},
                   .message = "'" + pattern + "' matches " + std::to_string(paths.size())
                            + " paths, at most " + std::to_string(limits::glob_matches)
                            + " are allowed",
                   .retryable = false};
  for (auto& path : paths)
    if (invalid_utf8(path) != std::string::npos)
      return wrong("a path that matches '" + pattern + "' is not UTF-8: " + to_valid_utf8(path));
  std::ranges::sort(paths);
  return json{{"paths", std::move(paths)}};
}

const json formats = {{"type", "string"}, {"enum", {"text", "json", "base64"}}};
const json a_path = {
  {"type", "string"}, {"minLength", 1}, {"maxLength", 4'095}, {"pattern", "^[^\\x00]*$"}};
/// Of a file: what it holds counts when it is asked whether something has changed.
const json a_file = [] {
  auto made = a_path;
  made["format"] = "path";
  return made;
}();

} // namespace

agent read_file() {
  auto made = agent{.name = "read_file", .description = "Reads a file", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"path"}},
                {"properties", {{"path", a_file}, {"format", formats}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"}, {"required", {"content", "size"}}};
  made.concurrency = 16;
  made.run = read;
  return made;
}

agent write_file() {
  auto made = agent{
    .name = "write_file", .description = "Writes a file, whole or not at all", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"path", "content"}},
                {"properties",
                 {{"path", a_path},
                  {"content", true},
                  {"format", formats},
                  {"make_folders", {{"type", "boolean"}}}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"},
                 {"required", {"path", "size"}},
                 {"properties", {{"path", a_file}, {"size", {{"type", "integer"}}}}}};
  made.concurrency = 16;
  made.run = write;
  return made;
}

agent glob() {
  auto made =
    agent{.name = "glob", .description = "Lists paths that match a pattern", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"pattern"}},
                {"properties", {{"pattern", a_path}, {"cwd", a_path}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"},
                 {"required", {"paths"}},
                 {"properties", {{"paths", {{"type", "array"}, {"items", {{"type", "string"}}}}}}}};
  made.concurrency = 16;
  made.run = find_paths;
  return made;
}

} // namespace dagger::actions
