// The doors of the loader.
#include <dagger/graph/file.hpp>

#include <dagger/graph/loading.hpp>

namespace dagger::graph {

loaded load(std::string_view text, std::string_view name, const load_options& options) {
  return loading{options}.text(text, std::string{name}, nullptr);
}

loaded load_file(const std::filesystem::path& path, const load_options& options) {
  return loading{options}.file(path);
}

loaded load_value(json value, std::string_view name, const load_options& options) {
  return loading{options}.value(std::move(value), std::string{name});
}

} // namespace dagger::graph
