// `dagger check`: all problems of all files.
#include "catalogue.hpp"
#include "job_file.hpp"
#include "shapes.hpp"

#include <memory>

namespace dagger::apps {

namespace {

struct check_options {
  std::vector<std::string> files;
  bool allow_unknown = false;
  bool json = false;
};

json list_of(const std::vector<error>& xs) {
  auto list = json::array();
  for (const auto& x : xs)
    list.push_back(to_json(x));
  return list;
}

/// "3 nodes".
std::string count_of(const graph::spec& file) {
  const auto& words = graph::words_of(file.kind);
  const auto count = file.nodes.size();
  return std::to_string(count) + " " + std::string{count == 1 ? words.node : words.nodes};
}

exit_code check_files(program& self, const check_options& given) {
  const auto agents = catalogue::of(self);
  const auto known = agents.known();
  auto report = json::array();
  auto end = exit_code::done;
  for (const auto& file : given.files) {
    const auto found = load_job_file(file, {.agents = known,
                                            .allow_unknown_agents = given.allow_unknown,
                                            .warn_of_unknown_agents = true});
    if (!found.problems.empty())
      end = exit_code::usage;
    if (given.json) {
      report.push_back({{"file", file},
                        {"valid", found.problems.empty()},
                        {"problems", list_of(found.problems)},
                        {"warnings", list_of(found.warnings)}});
      continue;
    }
    self.out.complain(found.problems);
    warn(self.out, found.warnings);
    if (found.problems.empty())
      self.out.print(file + ": valid, " + count_of(*found.file) + "\n");
  }
  if (given.json)
    self.out.print_json(report);
  return end;
}

} // namespace

action declare_check(options& to) {
  auto given = std::make_shared<check_options>();
  to.arguments(given->files, "FILE", "Flow and job files");
  to.flag(given->allow_unknown, "--allow-unknown-actions",
          "Actions and agents that this program does not have are warnings");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return check_files(self, *given); };
}

} // namespace dagger::apps
