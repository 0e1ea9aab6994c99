// The alphabets of the history tests: at most seven symbols each, together every event
// and every arrow that can be reached.
#pragma once

#include <support/histories.hpp>

namespace dagger::test {

alphabet submits_and_reports();
alphabet retries();
alphabet children();
alphabet dynamic_dependencies();
alphabet refused_changes();
alphabet interruptions();
alphabet time_outs();
alphabet waits();
alphabet duplicates();
alphabet named_jobs();
alphabet slots();
alphabet pauses();
alphabet cancels();
alphabet plain_retries();
alphabet retries_from();
alphabet retries_beside_children();
alphabet retries_with();
alphabet purges();
alphabet signalled();
alphabet reviews();
alphabet signs_of_life();
alphabet other_jobs();
alphabet submitted_jobs();
alphabet stalls(stall_action action);
alphabet unseen_stalls(stall_action action);
alphabet limited();
alphabet run_ifs();
alphabet stops();
alphabet pauses_after_failures();
alphabet shares();
alphabet undoings();
alphabet changes();

/// All of them, for tests that want everything.
std::vector<alphabet> all_alphabets();

} // namespace dagger::test
