// Checks a text in the calling thread's state. Places: a text begins somewhere in a file, and all
// its lines are indented alike.
#include <dagger/script/program.hpp>

#include <dagger/script/evaluator.hpp>
#include <dagger/script/source.hpp>

#include <algorithm>
#include <charconv>

namespace dagger::script {

result<program> program::compile(std::string text, place at, form what, bounds most) {
  if (text.size() > limits::script_text_bytes)
    return fail(code::too_large,
                "a Lua program has at most " + std::to_string(limits::script_text_bytes >> 10)
                  + " KiB",
                to_text(at));
  if (auto wrong = evaluator::of_this_thread().check(text, what, at))
    return fail(std::move(*wrong));
  auto found = find_names(text, what == form::expression);
  if (found.wrong)
    return fail(code::invalid_input, std::move(found.wrong->message),
                to_text(place{at.file, in_file(at, found.wrong->at)}));
  auto made = std::make_shared<impl>();
  for (auto& x : found.reads) {
    x.at = in_file(at, x.at);
    if (std::ranges::find(made->names, x.path[0]) == made->names.end())
      made->names.push_back(x.path[0]);
  }
  made->reads = std::move(found.reads);
  made->writes = found.writes;
  made->text = std::move(text);
  made->at = std::move(at);
  made->what = what;
  made->most = most;
  return program{std::move(made)};
}

std::span<const reference> program::names() const {
  return impl_->reads;
}

const std::string& program::text() const {
  return impl_->text;
}

position in_file(const place& begin, position inside) {
  return {begin.at.line + inside.line - 1, begin.at.column + inside.column - 1};
}

std::string to_text(const place& x) {
  return (x.file.empty() ? "" : x.file + ":") + dagger::to_text(x.at);
}

located locate(std::string_view message) {
  auto prefix = std::string{chunk_name + 1} + ":";
  auto found = located{};
  while (message.starts_with(prefix)) {
    auto rest = message.substr(prefix.size());
    auto line = std::uint32_t{0};
    auto [end, problem] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
    auto digits = static_cast<std::size_t>(end - rest.data());
    if (problem != std::errc{} || rest.substr(digits, 2) != ": ")
      break;
    if (!found.line)
      found.line = line;
    message = rest.substr(digits + 2);
  }
  found.message = message;
  return found;
}

} // namespace dagger::script
