// Shorthand for tests of the `dagger` command: the program, files, and what its JSON must obey.
#pragma once

#include "process.hpp"

#include <dagger/value/json.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace support {

/// `dagger` with these words.
ended call(const std::vector<std::string>& words, const process_options& options = {});

/// The same command line, to be started by `process`.
std::vector<std::string> dagger_command(std::vector<std::string> words);

/// A program of our own with more agents (own_agents.cpp).
std::vector<std::string> own_command(std::vector<std::string> words);

/// The JSON text, which must obey the schema `name` of schemas/; null (and a failure) if it does
/// not.
::dagger::json valid(std::string_view text, std::string_view name);

/// It ended with this code.
testing::AssertionResult ended_with(const ended& x, int code);

/// `text` stands in `in`.
testing::AssertionResult holds(std::string_view in, std::string_view text);

/// A job of one task `set` that returns its greeting.
inline constexpr auto hello_file = R"(job: hello
inputs: {name: {type: string, default: world}}
tasks:
  - {name: greet, agent: set, inputs: {greeting: "hello ${inputs.name}"}}
outputs: {greeting: greet.greeting}
)";

/// `first`, then `nap` for an hour, then `last`.
inline constexpr auto long_file = R"(job: long
tasks:
  - {name: first, agent: set, inputs: {x: 1}}
  - {name: nap, agent: sleep, after: [first], inputs: {duration: 1h}}
  - {name: last, agent: set, after: [nap], inputs: {y: "${first.x}"}}
)";

} // namespace support
