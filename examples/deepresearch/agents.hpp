// The agents of the research, each in a file of its own. What they tell each other is JSON.
#pragma once

#include <dagger/dagger.hpp>

namespace deepresearch {

/// Splits a question into smaller ones: `{"questions": ["...", ...]}`.
dagger::agent planner();
/// One search in a folder: `{"question", "hits": [{"path", "line", "text", "score"}], "unread"}`.
dagger::agent searcher();
/// Has each question searched for, and asks for more as long as the findings are not good enough.
dagger::agent critic();
/// The report, with a citation for each thing that it says.
dagger::agent writer();

} // namespace deepresearch
