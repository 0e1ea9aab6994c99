// The examples as processes.
#pragma once

#include "apps/process.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace examples {

using json = nlohmann::json;

/// A program of the examples.
inline std::string program(const std::string& name) {
  return std::string{DAGGER_EXAMPLE_PROGRAMS} + "/" + name;
}

/// A file of the examples.
inline std::string file(const std::string& path) {
  return std::string{DAGGER_EXAMPLE_FILES} + "/" + path;
}

/// Runs `NAME run FILE ...`.
inline support::ended run_job(const std::string& name, const std::string& path,
                              std::vector<std::string> more = {}) {
  more.insert(more.begin(), {program(name), "run", file(path)});
  return support::run(more);
}

/// What a program printed, if it went well.
inline json outputs_of(const support::ended& end) {
  EXPECT_EQ(end.code, 0) << end.err;
  auto read = json::parse(end.out, nullptr, false);
  EXPECT_FALSE(read.is_discarded()) << end.out;
  return read;
}

} // namespace examples
