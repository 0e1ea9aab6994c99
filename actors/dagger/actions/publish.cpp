// The agents `publish` and `wait_for`. They block for a moment where a channel must be made first.
#include <dagger/actions/publish.hpp>

namespace dagger::actions {

namespace {

constexpr auto threads = std::uint32_t{16};

const json text = {{"type", "string"}, {"minLength", 1}};
/// References to numbers stay numbers.
const json word = {{"type", {"string", "integer"}}, {"minLength", 1}};
const json time_span = {{"type", {"string", "number"}},
                        {"minimum", 0},
                        {"maximum", 1'000'000'000},
                        {"pattern", "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)?$"}};

result<duration> span_in(const json& input, const char* name) {
  auto found = input.find(name);
  if (found == input.end())
    return duration{0};
  return parse_duration(found->is_string() ? found->get<std::string>() : found->dump());
}

failure refused(const error& why) {
  return {std::string{code::invalid_input}, to_string(why), false, {}};
}

std::string word_in(const json& input, const char* name) {
  auto found = input.find(name);
  if (found == input.end())
    return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

outcome send(task& self, const json& input) {
  auto how = publish_options{};
  how.key = word_in(input, "key");
  how.id = word_in(input, "id");
  how.type = input.value("type", "");
  how.source = "job:" + self.job_id();
  if (auto headers = input.find("headers"); headers != input.end())
    for (auto& [name, value] : headers->items())
      how.headers[name] = value;
  auto ttl = span_in(input, "ttl");
  if (!ttl)
    return refused(ttl.error());
  how.ttl = *ttl;
  const auto channel = input["channel"].get<std::string>();
  self.publish(channel, input.value("data", json(nullptr)), how);
  return json{{"channel", channel}};
}

outcome wait(task& self, const json& input) {
  if (!self.first_visit())
    return self.answer();
  auto timeout = span_in(input, "timeout");
  if (!timeout)
    return refused(timeout.error());
  auto how = wait_options{};
  if (*timeout > duration{0})
    how.deadline = *timeout;
  return self.wait(condition::message(input["channel"], input.value("when", "")), how);
}

} // namespace

agent publish() {
  auto made = agent{.name = "publish",
                    .description = "Publishes a message; it is there if the node completes",
                    .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"channel"}},
                {"properties",
                 {{"channel", text},
                  {"data", true},
                  {"key", word},
                  {"id", word},
                  {"type", text},
                  {"headers", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
                  {"ttl", time_span}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"}};
  made.concurrency = threads;
  made.run = send;
  return made;
}

agent wait_for() {
  auto made = agent{.name = "wait_for",
                    .description = "Waits for a message; durable, holds no thread",
                    .version = "1"};
  made.input = {
    {"type", "object"},
    {"required", {"channel"}},
    {"properties", {{"channel", text}, {"when", {{"type", "string"}}}, {"timeout", time_span}}},
    {"additionalProperties", false}};
  made.output = {{"type", "object"}};
  made.concurrency = threads;
  made.run = wait;
  return made;
}

} // namespace dagger::actions
