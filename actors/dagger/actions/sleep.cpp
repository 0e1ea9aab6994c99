// The agent `sleep`: suspends at its first visit, completes at its second.
#include <dagger/actions/sleep.hpp>

namespace dagger::actions {

namespace {

failure wrong(const error& why) {
  return {std::string{code::invalid_input}, to_string(why), false, {}};
}

/// The schema lets numbers of any size through; text has the bound of `parse_duration`.
result<duration> duration_of(const json& x) {
  return parse_duration(x.is_string() ? x.get<std::string>() : x.dump());
}

outcome run(task& self, const json& input) {
  if (!self.first_visit())
    return json::object();
  if (input.contains("until")) {
    const auto until = parse_rfc3339(input["until"].get<std::string>());
    if (!until)
      return wrong(until.error());
    return self.wait(condition::time(*until));
  }
  const auto delay = duration_of(input["duration"]);
  if (!delay)
    return wrong(delay.error());
  return self.wait(condition::time(*delay));
}

} // namespace

agent sleep() {
  auto made = agent{
    .name = "sleep", .description = "Waits for a time; durable, holds no thread", .version = "1"};
  made.input = {{"type", "object"},
                {"properties",
                 {{"duration",
                   {{"type", {"string", "number"}},
                    {"minimum", 0},
                    {"maximum", 1'000'000'000},
                    {"pattern", "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$"}}},
                  {"until", {{"type", "string"}, {"format", "date-time"}}}}},
                {"oneOf", {{{"required", {"duration"}}}, {{"required", {"until"}}}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"}};
  made.cooperative = true;
  made.run = run;
  return made;
}

} // namespace dagger::actions
