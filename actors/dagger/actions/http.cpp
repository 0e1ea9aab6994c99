// The agent `http`.
#include <dagger/actions/http.hpp>

#include <dagger/actions/curl.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>

#include <algorithm>

namespace dagger::actions {

namespace {

/// What of a body stands in the message of a failure.
constexpr auto shown_bytes = std::size_t{500};

bool is_expected(int status, const json& input) {
  auto wanted = input.find("expected");
  if (wanted == input.end())
    return status >= 200 && status <= 299;
  if (wanted->is_number())
    return *wanted == status;
  return std::ranges::find(*wanted, json(status)) != wanted->end();
}

bool is_passing(int status) {
  return status == 408 || status == 429 || status >= 500;
}

/// A header cannot carry a line of its own.
bool has_line_break(const std::string& x) {
  return x.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos;
}

result<http_request> request_of(const json& input) {
  auto x = http_request{};
  x.url = input["url"].get<std::string>();
  if (input.contains("headers"))
    x.headers = input["headers"].get<std::map<std::string, std::string>>();
  for (const auto& [name, value] : x.headers)
    if (has_line_break(name) || has_line_break(value) || name.find(':') != std::string::npos)
      return fail(code::invalid_input, "the header '" + name + "' holds a line break or a colon");
  if (input.contains("json")) {
    x.body = dagger::to_text(input["json"]);
    x.headers.emplace("Content-Type", "application/json");
  } else if (input.contains("body")) {
    x.body = input["body"].get<std::string>();
  }
  x.method = input.value("method", std::string{x.body ? "POST" : "GET"});
  return x;
}

bool says_json(const http_answer& x) {
  auto it = x.headers.find("content-type");
  if (it == x.headers.end())
    return false;
  auto type = it->second.substr(0, it->second.find(';'));
  return type == "application/json" || type.ends_with("+json");
}

failure unexpected(const std::string& url, const http_answer& x) {
  auto shown = to_valid_utf8(std::string_view{x.body}.substr(0, shown_bytes));
  return {std::string{code::http_status},
          url + " answered with status " + std::to_string(x.status)
            + (shown.empty() ? "" : ":\n" + shown),
          is_passing(x.status), x.retry_after};
}

outcome ask(task& self, const json& input) {
  auto request = request_of(input);
  if (!request)
    return failure{request.error().code, request.error().message, false, {}};
  auto answer = send(*request, self.stop_token());
  if (!answer)
    return failure{answer.error().code,
                   answer.error().message,
                   answer.error().code == code::unavailable
                     || answer.error().code == code::cancelled,
                   {}};
  if (!is_expected(answer->status, input))
    return unexpected(request->url, *answer);
  auto made = json{{"status", answer->status}, {"headers", json::object()}};
  for (const auto& [name, value] : answer->headers)
    made["headers"][to_valid_utf8(name)] = to_valid_utf8(value);
  if (says_json(*answer)) {
    auto value = parse_json(answer->body);
    if (!value)
      return failure{std::string{code::invalid_output},
                     request->url + " answered with what is " + value.error().message,
                     true,
                     {}};
    made["json"] = std::move(*value);
  }
  made["body"] = to_valid_utf8(answer->body);
  return made;
}

} // namespace

agent http() {
  const auto status = json{{"type", "integer"}, {"minimum", 100}, {"maximum", 599}};
  auto made = agent{.name = "http", .description = "Sends an HTTP request", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"url"}},
                {"properties",
                 {{"url", {{"type", "string"}, {"pattern", "^https?://[^\\x00]*$"}}},
                  {"method", {{"type", "string"}, {"pattern", "^[A-Z]{1,32}$"}}},
                  {"headers", {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}}},
                  {"body", {{"type", "string"}}},
                  {"json", true},
                  {"expected", {{"anyOf", {status, {{"type", "array"}, {"items", status}}}}}}}},
                {"not", {{"required", {"body", "json"}}}},
                {"additionalProperties", false}};
  made.output = {{"type", "object"},
                 {"required", {"status", "headers", "body"}},
                 {"properties", {{"status", status}, {"body", {{"type", "string"}}}}}};
  made.concurrency = 64;
  made.run = ask;
  return made;
}

} // namespace dagger::actions
