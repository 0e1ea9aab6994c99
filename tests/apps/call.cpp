// Runs the command and judges what it says.
#include "call.hpp"

#include <dagger/codec/json.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/schemas.hpp>

namespace support {

namespace {

using ::dagger::json;

std::vector<std::string> line_of(const char* program, std::vector<std::string> words) {
  words.insert(words.begin(), program);
  return words;
}

} // namespace

std::vector<std::string> dagger_command(std::vector<std::string> words) {
  return line_of(DAGGER_BINARY, std::move(words));
}

std::vector<std::string> own_command(std::vector<std::string> words) {
  return line_of(OWN_AGENTS_BINARY, std::move(words));
}

ended call(const std::vector<std::string>& words, const process_options& options) {
  return run(dagger_command(words), options);
}

json valid(std::string_view text, std::string_view name) {
  const auto value = ::dagger::parse_json(text);
  EXPECT_TRUE(value.has_value()) << "no JSON: " << text;
  const auto published = ::dagger::parse_json(::dagger::schemas::text(name));
  EXPECT_TRUE(published.has_value()) << "no schema " << name;
  if (!value || !published)
    return nullptr;
  const auto schema = ::dagger::schema::validator::compile(*published);
  EXPECT_TRUE(schema.has_value()) << name;
  if (!schema)
    return nullptr;
  const auto violations = schema->check(*value);
  EXPECT_TRUE(violations.empty()) << ::dagger::schema::to_text(violations) << "\n" << text;
  return violations.empty() ? *value : json{};
}

testing::AssertionResult ended_with(const ended& x, int code) {
  if (x.code == code)
    return testing::AssertionSuccess();
  return testing::AssertionFailure()
      << "exit " << x.code << ", signal " << x.signal << "\nout: " << x.out << "\nerr: " << x.err;
}

testing::AssertionResult holds(std::string_view in, std::string_view text) {
  if (in.find(text) != in.npos)
    return testing::AssertionSuccess();
  return testing::AssertionFailure() << "'" << text << "' does not stand in:\n" << in;
}

} // namespace support
