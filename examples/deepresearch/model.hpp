// THE PLACE TO PUT A MODEL. Planner, critic and writer think with this function and nothing else:
// replace its body (model.cpp) by a call of your model, and all else stays as it is.
#pragma once

#include <dagger/dagger.hpp>

#include <string_view>

namespace deepresearch {

/// Answers a request. May block, and throw: the agents that call it are retried. An answer is on
/// disk before the next one is asked for, so none is paid for twice after a crash. A finding is
/// `{"path", "line", "section", "text", "score"}`.
///
/// | role    | request                                             | answer                  |
/// |---------|-----------------------------------------------------|-------------------------|
/// | `split` | `{"question"}`                                      | `{"questions": [text]}` |
/// | `judge` | `{"question", "findings"}`                          | `{"good", "search"}`    |
/// | `write` | `{"question", "parts": [{"question", "findings"}]}` | `{"parts": [text]}`     |
///
/// `search` is what to look for next if the findings are not good. The texts of `write` are
/// Markdown, one for each part, and cite findings by path and line: `[planner.md:17]`.
dagger::json ask_model(std::string_view role, const dagger::json& request);

} // namespace deepresearch
