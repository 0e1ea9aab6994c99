// JSON from the command line or standard input.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <string>

namespace dagger::apps {

/// All of an open file, at most `limits::file_bytes`; `name` is for errors, `hint` says what is
/// wanted.
result<std::string> read_open_file(int from, const std::string& name, const std::string& hint);

/// The same of a file by its name; "-": standard input.
result<std::string> read_named_file(const std::string& name, const std::string& hint);

/// The value that `word` is in JSON; "-": that of standard input.
result<json> read_value(const std::string& word);

} // namespace dagger::apps
