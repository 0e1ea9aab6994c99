// The files of one load: the one that is asked for and those beside it that it runs as sub-flows.
// Internal to the loader.
#pragma once

#include <dagger/graph/checks.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/graph/findings.hpp>
#include <dagger/graph/new_nodes.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

class loading {
public:
  explicit loading(const load_options& options);
  ~loading();

  /// The text of a file; sub-flows may stand in `folder`, if there is one.
  loaded text(std::string_view text, std::string name, const std::filesystem::path* folder);
  loaded file(const std::filesystem::path& path);
  /// A document that is no file.
  loaded value(json document, std::string name);
  /// A file of nodes for a run, with those of the run behind them.
  loaded nodes(document x, std::string name, const std::filesystem::path* folder,
               const running_graph& run);

private:
  struct source;
  struct unit;

  source* open_text(std::string_view text, std::string name, const std::filesystem::path* folder);
  source* open_file(const std::filesystem::path& path);
  source* open_document(document x, std::string name, const std::filesystem::path* folder);
  source* refused(error why);
  std::unique_ptr<unit> read(source& from, json& value, file_kind kind, std::string base);
  void read_flows(unit& in, json& value);
  void resolve(unit& x);
  void resolve_node(unit& x, std::size_t index, const std::string& name);
  unit* find(unit& from, std::string_view name);
  std::optional<unit*> find_beside(unit& from, std::string_view name);
  std::vector<std::string> names_around(const unit& x) const;
  void adopt(unit& by, unit& x, std::string_view name);
  void add_others(unit& to, const running_graph& run);
  loaded take(source* asked);

  const load_options& options_;
  agent_index agents_;
  /// In the order in which they were opened.
  std::vector<std::unique_ptr<source>> sources_;
  std::map<std::filesystem::path, source*> by_path_;
  /// Units that are being resolved, the outermost first.
  std::vector<unit*> open_;
};

} // namespace dagger::graph
