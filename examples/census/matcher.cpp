// The matcher goes to the counters directly: what they know of single files does not travel up the
// tree. First visit: waits for them (they are done). Second: groups by size and hash, and has the
// groups compared. Third: puts the answers together.
#include "agents.hpp"
#include "files.hpp"

#include <algorithm>

namespace census {

namespace {

using dagger::json;

/// Of one comparer, unless a single group is larger.
constexpr std::size_t batch_files = 256;

/// Groups of paths, each of files with one size and hash.
std::vector<std::vector<std::string>> candidates(dagger::task& self) {
  struct file {
    std::uint64_t bytes;
    std::uint64_t hash;
    const std::string* folder;
    const std::string* name;
  };
  auto files = std::vector<file>{};
  for (const auto& part : self.dependencies()) {
    if (part.agent != "counter")
      continue;
    const auto* folder = part.output["path"].get_ptr<const std::string*>();
    for (const auto& x : part.output["seen"])
      files.push_back({x[1], x[2], folder, x[0].get_ptr<const std::string*>()});
  }
  const auto key = [](const file& x) { return std::pair{x.bytes, x.hash}; };
  std::ranges::sort(files, {}, key);
  auto groups = std::vector<std::vector<std::string>>{};
  for (auto i = files.begin(); i != files.end();) {
    const auto end = std::ranges::upper_bound(i, files.end(), key(*i), {}, key);
    if (end - i > 1) {
      auto& group = groups.emplace_back();
      for (; i != end; ++i)
        group.push_back(below(*i->folder, *i->name));
      std::ranges::sort(group);
    }
    i = end;
  }
  std::ranges::sort(groups);
  return groups;
}

std::vector<dagger::task_ref> share_out(dagger::task& self, const json& root) {
  auto added = std::vector<dagger::task_ref>{};
  auto batch = json::array();
  auto files = std::size_t{0};
  const auto hand_out = [&] {
    if (files > 0)
      added.push_back(self.add_task({
        .agent = "comparer",
        .input = {{"root", root}, {"groups", std::exchange(batch, json::array())}},
      }));
    files = 0;
  };
  for (auto& group : candidates(self)) {
    if (files + group.size() > batch_files)
      hand_out();
    files += group.size();
    batch.push_back(std::move(group));
  }
  hand_out();
  return added;
}

dagger::outcome put_together(dagger::task& self) {
  auto duplicates = std::vector<json>{};
  auto errors = std::vector<json>{};
  for (const auto& part : self.dependencies()) {
    if (!part.completed())
      return dagger::failure{"census.part_missing", part.name + " did not end well", false};
    errors.insert(errors.end(), part.output["errors"].begin(), part.output["errors"].end());
    if (part.agent == "comparer")
      duplicates.insert(duplicates.end(), part.output["equal"].begin(), part.output["equal"].end());
  }
  std::ranges::sort(duplicates);
  std::ranges::sort(errors);
  return json{{"duplicates", duplicates}, {"errors", errors}};
}

dagger::outcome match(dagger::task& self, const json& in) {
  if (self.first_visit()) {
    auto counters = std::vector<dagger::task_ref>{};
    for (const auto& name : in["details"])
      counters.emplace_back(name.get<std::string>());
    return self.wait(dagger::condition::all(std::move(counters)));
  }
  if (self.visit() == 2)
    if (auto comparers = share_out(self, in["root"]); !comparers.empty())
      return self.wait(dagger::condition::all(std::move(comparers)));
  return put_together(self);
}

} // namespace

dagger::agent matcher() {
  return {
    .name = "matcher",
    .description = "Finds files of equal content",
    .input = R"({"type": "object", "required": ["root", "details"]})"_json,
    .run = match,
  };
}

} // namespace census
