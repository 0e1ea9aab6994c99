// Tasks that wait for somebody's word, and the commands that give it.
#pragma once

#include <dagger/plan/query.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace dagger::apps {

/// What is said to whoever can help: of which program, job and store.
struct answer_door {
  std::string program;
  std::string id;
  /// None: the job lives in the memory of its process.
  std::optional<std::filesystem::path> store;
};

/// "waits for signal 'approve'", "in review"; empty if the task waits for nobody.
std::string awaited_word(const plan::task_status& task);

/// The same with the command that answers: "task 'a' waits for signal 'approve': dagger signal
/// ...". A line each; none if the task waits for nobody.
std::vector<std::string> how_to_answer(const plan::task_status& task, const answer_door& door);

} // namespace dagger::apps
