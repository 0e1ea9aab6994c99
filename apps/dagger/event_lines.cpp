// One line for each thing that an event says.
#include "event_lines.hpp"

#include "shapes.hpp"

namespace dagger::apps {

style style_of(task_state x) {
  return x == task_state::completed ? style::good
       : x == task_state::failed    ? style::bad
       : x == task_state::running   ? style::busy
       : settled(x)                 ? style::dim
                                    : style::plain;
}

style style_of(job_state x) {
  return x == job_state::completed ? style::good
       : x == job_state::failed    ? style::bad
       : x == job_state::running   ? style::busy
                                   : style::dim;
}

std::vector<std::string> lines_of(const console& out, int stream, const plan::job_event& what,
                                  const task_names& names, bool with_id) {
  auto lines = std::vector<std::string>{};
  const auto time = to_rfc3339(what.time).substr(11, 12) + " ";
  const auto id = printable(what.id);
  for (const auto& t : what.transitions) {
    auto line = time + (with_id ? id + " " : "") + printable(names.of(t.task)) + " ";
    line += out.styled(stream, style_of(t.to), to_text(t.to));
    if (t.visit > 1)
      line += ", visit " + std::to_string(t.visit);
    if (t.attempt > 1)
      line += ", attempt " + std::to_string(t.attempt);
    if (const auto why = why_of(t); !why.empty())
      line += ": " + why;
    lines.push_back(std::move(line));
  }
  if (what.state)
    lines.push_back(time + "job " + id + " "
                    + out.styled(stream, style_of(*what.state), to_text(*what.state)));
  return lines;
}

} // namespace dagger::apps
