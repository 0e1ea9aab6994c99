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

/// All of them, for tests that want everything.
std::vector<alphabet> all_alphabets();

} // namespace dagger::test
