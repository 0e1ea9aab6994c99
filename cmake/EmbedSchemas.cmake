# Writes a C++ file that holds JSON files as byte arrays (a string literal has a
# length limit). Run at build time: cmake -DOUTPUT=x.cpp -DFILES=a;b -P EmbedSchemas.cmake
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(REGEX REPLACE "\\.schema\\.json$" "" name ${name})
  file(READ ${file} hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${hex}")
  string(APPEND arrays "constexpr char bytes_${count}[] = {${bytes}};\n")
  string(APPEND rows "    {\"${name}\", {bytes_${count}, sizeof bytes_${count}}},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT}.new "// Generated from schemas/ by cmake/EmbedSchemas.cmake.
#include <dagger/schemas.hpp>

#include <array>

namespace dagger::schemas {

namespace {

struct entry {
  std::string_view name;
  std::string_view text;
};

${arrays}
constexpr std::array<entry, ${count}> entries{{
${rows}}};

} // namespace

std::string_view text(std::string_view name) {
  for (const entry& e : entries)
    if (e.name == name)
      return e.text;
  return {};
}

std::vector<std::string_view> names() {
  std::vector<std::string_view> result;
  for (const entry& e : entries)
    result.push_back(e.name);
  return result;
}

} // namespace dagger::schemas
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
