// Waits in the words of the command.
#include "needed_person.hpp"

#include "shapes.hpp"
#include "store_access.hpp"

namespace dagger::apps {

namespace {

bool waits_for_a_word(const plan::wait_status& x) {
  return (x.mode == wait_mode::signal && !x.signal.starts_with(reserved_signals))
      || x.mode == wait_mode::review;
}

std::string text_of(const plan::wait_status& x) {
  return x.mode == wait_mode::review ? "in review" : "waits for signal '" + x.signal + "'";
}

} // namespace

std::string awaited_word(const plan::task_status& task) {
  auto text = std::string{};
  if (task.state != task_state::suspended)
    return text;
  for (const auto& x : task.waits)
    if (waits_for_a_word(x))
      text += (text.empty() ? "" : " or ") + text_of(x);
  return text;
}

std::vector<std::string> how_to_answer(const plan::task_status& task, const answer_door& door) {
  auto lines = std::vector<std::string>{};
  if (task.state != task_state::suspended)
    return lines;
  const auto place = as_option(door.store);
  for (const auto& x : task.waits) {
    if (!waits_for_a_word(x))
      continue;
    const auto head = "task '" + printable(task.name) + "' " + text_of(x) + ": ";
    if (!door.store)
      lines.push_back(head + "nobody can answer a job in memory; run it with --store DIR");
    else if (x.mode == wait_mode::review)
      lines.push_back(head + door.program + " accept " + door.id + " " + task.name + place + ", or "
                      + door.program + " reject " + door.id + " " + task.name + " REASON" + place);
    else
      lines.push_back(head + door.program + " signal " + door.id + " " + x.signal
                      + (x.schema.empty() || x.schema == "true" ? " [JSON]" : " JSON") + place);
  }
  return lines;
}

} // namespace dagger::apps
