// A job as `show` tells it to people.
#pragma once

#include "catalogue.hpp"
#include "console.hpp"
#include "job_report.hpp"

#include <filesystem>

namespace dagger::apps {

/// What one call of `show` has read.
struct shown_job {
  std::filesystem::path place;
  /// An engine holds the store.
  bool held = false;
  job_report report;
  catalogue agents;
};

void print_head(console& out, const shown_job& x);
void print_tasks(console& out, const shown_job& x);
void print_history(console& out, const shown_job& x);

/// One task; `full` is its shape with input and output.
void print_task(console& out, const shown_job& x, const plan::task_status& task, const json& full);

} // namespace dagger::apps
