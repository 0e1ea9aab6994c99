// The official draft-07 test suite. Every required case passes but those listed here with a
// reason; a listed case that passes fails the test, so that the list stays true.
#include <dagger/schema/validator.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <vector>

namespace {

using dagger::json;
namespace fs = std::filesystem;

const auto root = fs::path{DAGGER_SCHEMA_SUITE};

/// "file / group / case", with the reason why it may fail. Nothing at the moment.
const auto exceptions = std::set<std::string>{};

json read(const fs::path& file) {
  auto in = std::ifstream{file};
  EXPECT_TRUE(in) << file << " is missing: install the package json-schema-test-suite";
  return in ? json::parse(in) : json::array();
}

struct tally {
  int run = 0;
  int passed = 0;
  int excepted = 0;
};

/// Runs one file; the `listed` cases must fail, the others pass.
tally run_file(const fs::path& file, const std::set<std::string>& listed = {}) {
  auto counts = tally{};
  for (const auto& group : read(file)) {
    auto compiled = dagger::schema::validator::compile(group["schema"]);
    for (const auto& test : group["tests"]) {
      auto name = file.filename().string() + " / " + group["description"].get<std::string>() + " / "
                + test["description"].get<std::string>();
      ++counts.run;
      auto violations = std::vector<dagger::schema::violation>{};
      if (compiled)
        violations = compiled->check(test["data"]);
      auto passed = compiled.has_value() && violations.empty() == test["valid"].get<bool>();
      auto excepted = listed.contains(name);
      counts.passed += passed ? 1 : 0;
      counts.excepted += excepted ? 1 : 0;
      EXPECT_NE(passed, excepted) << name
                                  << (excepted ? "\nis listed as an exception and passes"
                                               : "\ndoes not pass: ")
                                  << (compiled ? dagger::schema::to_text(violations)
                                               : to_string(compiled.error()));
    }
  }
  return counts;
}

TEST(schema_suite, every_required_case_passes_but_the_listed_ones) {
  auto total = tally{};
  for (const auto& entry : fs::directory_iterator{root}) {
    // Documents on servers are never fetched.
    if (entry.path().extension() != ".json" || entry.path().filename() == "refRemote.json")
      continue;
    auto counts = run_file(entry.path(), exceptions);
    total.run += counts.run;
    total.passed += counts.passed;
    total.excepted += counts.excepted;
  }
  std::cout << "draft-07 suite: " << total.run << " cases run, " << total.passed << " passed, "
            << total.excepted << " excepted\n";
  EXPECT_GT(total.run, 400);
  EXPECT_EQ(static_cast<std::size_t>(total.excepted), exceptions.size()) << "a listed case is gone";
  EXPECT_LE(exceptions.size(), 10u);
}

TEST(schema_suite, every_case_of_the_formats_that_we_check_passes) {
  auto run = 0;
  for (auto name : {"date-time", "date", "time", "email", "hostname", "ipv4", "ipv6", "uri",
                    "regex", "json-pointer"})
    run += run_file(root / "optional" / "format" / (std::string{name} + ".json")).run;
  std::cout << "draft-07 formats: " << run << " cases run\n";
  EXPECT_GT(run, 80);
}

TEST(schema_suite, every_optional_case_about_numbers_and_patterns_passes) {
  auto run = 0;
  for (auto name : {"bignum", "ecmascript-regex", "zeroTerminatedFloats"})
    run += run_file(root / "optional" / (std::string{name} + ".json")).run;
  EXPECT_GT(run, 10);
}

TEST(schema_suite, remote_references_are_refused_and_named_not_fetched) {
  auto refused = 0;
  for (const auto& group : read(root / "refRemote.json")) {
    auto compiled = dagger::schema::validator::compile(group["schema"]);
    ASSERT_FALSE(compiled) << group["description"];
    EXPECT_NE(compiled.error().message.find("nothing is fetched"), std::string::npos)
      << compiled.error().message;
    EXPECT_NE(compiled.error().where.find("$ref"), std::string::npos);
    ++refused;
  }
  EXPECT_GT(refused, 0);
}

} // namespace
