// What an outcome adds to its job, resolved to numbers before anything is changed.
#pragma once

#include <dagger/plan/planner_impl.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dagger::plan {

/// Tasks are numbers; added ones have the next numbers of the job.
struct additions {
  std::vector<std::vector<std::uint32_t>> after;                    // of each added task
  std::map<std::uint32_t, std::vector<std::uint32_t>> dependencies; // later: earlier ones
  std::vector<std::vector<std::uint32_t>> awaited;                  // of each condition
  std::vector<std::vector<std::string>> expected;                   // of each: who is missing
};

/// What the report of task `reporter` (nobody: it comes from outside) adds, or what is wrong with
/// it: a limit, a name, an agent, a reference, a cycle.
result<additions> resolve(const job& j, std::optional<std::uint32_t> reporter, const report& r,
                          const std::map<std::string, agent_entry, std::less<>>& agents,
                          const resources& pool);

} // namespace dagger::plan
