// A surveyor lists its folder in the first visit and adds up in the second.
#include "agents.hpp"
#include "files.hpp"
#include "folder.hpp"
#include "sums.hpp"

#include <algorithm>
#include <filesystem>

namespace census {

namespace {

using dagger::json;

constexpr std::size_t batch_files = 256;
/// A task has at most `dagger::limits::task_depth` ancestors, and a surveyor has a counter below.
constexpr std::size_t deepest = dagger::limits::task_depth - 2;

/// A task for each folder and for each batch of files.
std::vector<dagger::task_ref> share_out(dagger::task& self, const listing& found, const json& root,
                                        const std::string& path) {
  auto added = std::vector<dagger::task_ref>{};
  for (const auto& name : found.folders)
    added.push_back(self.add_task({
      .agent = "surveyor",
      .input = {{"root", root}, {"path", below(path, encoded(name))}},
    }));
  for (auto i = std::size_t{0}; i < found.files.size(); i += batch_files) {
    auto names = json::array();
    for (auto j = i; j < std::min(i + batch_files, found.files.size()); ++j)
      names.push_back(encoded(found.files[j]));
    added.push_back(self.add_task({
      .agent = "counter",
      .input = {{"root", root}, {"path", path}, {"names", std::move(names)}},
    }));
  }
  return added;
}

/// The sums; `root` as the others need it; `details`: the tasks that know more than sums.
dagger::outcome add_up(dagger::task& self, const json& root, json errors) {
  auto total = sums{};
  total.directories = 1;
  auto details = json::array();
  if (!errors.empty())
    details.push_back(self.name());
  for (const auto& part : self.dependencies()) {
    if (!part.completed())
      return dagger::failure{"census.part_missing", part.name + " did not end well", false};
    total.add(sums::from(part.output["sums"]));
    if (part.agent == "counter")
      details.push_back(part.name);
    else
      details.insert(details.end(), part.output["details"].begin(), part.output["details"].end());
  }
  total.tidy();
  return json{{"sums", total.to_json()}, {"root", root}, {"details", details}, {"errors", errors}};
}

dagger::outcome survey(dagger::task& self, const json& in) {
  const auto top = !in.contains("path");
  const auto path = in.value("path", std::string{});
  if (!self.first_visit())
    return add_up(self, self.state()["root"], self.state()["errors"]);

  auto root = in["root"].get<std::string>();
  if (top)
    root = encoded(std::filesystem::absolute(root).native());
  auto found = list(decoded(root), decoded(path));
  if (!found && top)
    return dagger::failure{"census.no_root", in["root"].dump() + ": " + found.error().message,
                           false};
  auto errors = json::array();
  if (!found) {
    errors.push_back(unreadable(shown(decoded(path)), found.error()));
    found.emplace();
  }
  if (static_cast<std::size_t>(std::ranges::count(path, '/')) >= deepest) {
    const auto why = dagger::error{"census.too_deep", "nested too deep"};
    for (const auto& name : std::exchange(found->folders, {}))
      errors.push_back(unreadable(shown(below(decoded(path), name)), why));
  }
  auto parts = share_out(self, *found, root, path);
  if (parts.empty())
    return add_up(self, root, errors);
  return self.wait(dagger::condition::all(std::move(parts)),
                   {.state = {{"root", root}, {"errors", std::move(errors)}}});
}

} // namespace

dagger::agent surveyor() {
  return {
    .name = "surveyor",
    .description = "Surveys a folder: its files, and its folders by surveyors of their own",
    .input = R"({"type": "object", "required": ["root"], "properties": {
      "root": {"type": "string", "minLength": 1}, "path": {"type": "string"}}})"_json,
    // Far more than cores: most of them wait for the disk.
    .concurrency = 64,
    .run = survey,
  };
}

} // namespace census
