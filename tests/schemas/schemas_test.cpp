// The schemas in the library are those in the folder, byte for byte. Knows nothing
// about what they say.
#include <dagger/schemas.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace {

std::map<std::string, std::string> schemas_in_the_folder() {
  const std::string ending = ".schema.json";
  std::map<std::string, std::string> result;
  for (const auto& entry : std::filesystem::directory_iterator(DAGGER_SCHEMAS_FOLDER)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(ending))
      continue;
    std::ifstream in(entry.path(), std::ios::binary);
    result[name.substr(0, name.size() - ending.size())] =
      std::string(std::istreambuf_iterator<char>(in), {});
  }
  return result;
}

TEST(schemas, every_file_of_the_folder_is_in_the_library_byte_for_byte) {
  const auto files = schemas_in_the_folder();
  for (const auto& [name, text] : files)
    EXPECT_TRUE(dagger::schemas::text(name) == text) << name << " differs from its file";
  EXPECT_EQ(dagger::schemas::names().size(), files.size());
}

TEST(schemas, the_names_are_in_alphabetical_order) {
  const auto names = dagger::schemas::names();
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST(schemas, an_unknown_name_has_no_text) {
  EXPECT_EQ(dagger::schemas::text("no such schema"), "");
}

} // namespace
