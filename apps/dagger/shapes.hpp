// What `--json` prints, each shape as in schemas/, and how times and texts look to people.
#pragma once

#include <dagger/agent.hpp>
#include <dagger/plan/query.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

json to_json(const error& x);
json to_json(const agent_description& x);

/// `{"id", "name", "state", "created", "ended"?, "tags", "tasks": {"total", "completed", ...}}`.
json to_json(const plan::job_status& x);

/// `{"state", "attempts", "started"?, "ended"?, "error"?}`, as `run` prints it per task.
json brief(const plan::task_status& x);

/// "timeout: too slow", or one of the two; empty if it says nothing.
std::string why_of(const plan::transition& x);

/// Text of others for a terminal: control characters become spaces.
std::string printable(std::string_view text);

/// "350ms", "4.2s", "3m12s", "5h02m", "3d04h".
std::string human(duration x);

/// From start to end, or to `now`; empty if it never started.
std::string human_span(std::optional<timestamp> from, std::optional<timestamp> to, timestamp now);

/// The wall clock.
timestamp now();

/// Columns padded to the widest cell, two spaces between; the last one is not padded.
class table {
public:
  void add(std::vector<std::string> cells) {
    rows_.push_back(std::move(cells));
  }

  /// One string per row, without line ends.
  std::vector<std::string> lines() const;

private:
  std::vector<std::vector<std::string>> rows_;
};

/// Characters that are seen: neither bytes nor colours.
std::size_t width(std::string_view text);

/// At most `columns` characters of a text without colours.
std::string cut(std::string text, std::size_t columns);

/// Takes the line away that the cursor of a terminal is in.
inline constexpr std::string_view wipe_line = "\r\x1b[2K";

} // namespace dagger::apps
