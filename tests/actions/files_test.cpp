// The agents `read_file`, `write_file` and `glob`, on real files.
#include "acting.hpp"

#include "../support/temporary_folder.hpp"

#include <dagger/codec/base64.hpp>

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

namespace {

using namespace dagger;
using test::acting;
using test::temporary_folder;

std::string text_of(const std::filesystem::path& file) {
  auto in = std::ifstream{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::size_t files_in(const std::filesystem::path& folder) {
  auto all = std::filesystem::directory_iterator{folder};
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

TEST(files, what_is_written_is_read) {
  auto it = acting{};
  auto folder = temporary_folder{};
  auto path = (folder / "file").string();
  for (auto& [format, content] :
       std::vector<std::pair<std::string, json>>{{"text", "a\nä\n"},
                                                 {"text", ""},
                                                 {"json", {{"b", {1, 2}}, {"a", nullptr}}},
                                                 {"base64", "AP/+eA=="}}) {
    auto put = it.run("write_file", {{"path", path}, {"format", format}, {"content", content}});
    auto got = it.run("read_file", {{"path", path}, {"format", format}});
    EXPECT_EQ(got["content"], content) << format;
    EXPECT_EQ(put, json({{"path", path}, {"size", got["size"]}}));
    EXPECT_EQ(got["size"], std::filesystem::file_size(path));
  }
  EXPECT_EQ(text_of(path), std::string("\0\xff\xfex", 4));
  EXPECT_EQ(files_in(folder.path()), 1u); // nothing temporary is left
}

TEST(files, a_file_keeps_its_mode_and_folders_are_made_when_asked) {
  auto it = acting{};
  auto folder = temporary_folder{};
  auto path = folder / "file";
  std::ofstream{path} << "old";
  ::chmod(path.c_str(), 0640);
  it.run("write_file", {{"path", path.string()}, {"content", "new"}});
  struct ::stat about {};
  ::stat(path.c_str(), &about);
  EXPECT_EQ(about.st_mode & 0777u, 0640u);
  EXPECT_EQ(text_of(path), "new");
  auto deep = (folder / "a" / "b" / "c").string();
  EXPECT_TRUE(it.failure("write_file", {{"path", deep}, {"content", "x"}})
                .starts_with("not_found: cannot write '" + deep + "': No such file"));
  it.run("write_file", {{"path", deep}, {"content", "x"}, {"make_folders", true}});
  EXPECT_EQ(text_of(deep), "x");
}

TEST(files, what_cannot_be_done_is_said) {
  auto it = acting{};
  auto folder = temporary_folder{};
  auto at = [&](const char* name) { return (folder / name).string(); };
  std::ofstream{folder / "bytes"} << "ab\xff";
  std::ofstream{folder / "broken"} << "{\n1}";
  EXPECT_EQ(it.failure("read_file", {{"path", at("none")}}),
            "not_found: cannot read '" + at("none") + "': No such file or directory");
  EXPECT_EQ(it.failure("read_file", {{"path", folder.path().string()}}),
            "invalid_input: '" + folder.path().string() + "' is no file");
  EXPECT_EQ(it.failure("read_file", {{"path", at("bytes")}}),
            "invalid_input: '" + at("bytes")
              + "' is not UTF-8 at byte 3; `format: base64` reads any bytes");
  EXPECT_TRUE(it.failure("read_file", {{"path", at("broken")}, {"format", "json"}})
                .starts_with("invalid_input: " + at("broken") + ":2:1: not JSON: "));
  EXPECT_EQ(it.failure("write_file", {{"path", folder.path().string()}, {"content", ""}}),
            "invalid_input: cannot write '" + folder.path().string() + "': Is a directory");
  EXPECT_EQ(it.failure("write_file", {{"path", at("x")}, {"content", 5}}),
            "invalid_input: `content` must be a text; `format: json` writes any value");
  EXPECT_EQ(it.failure("write_file", {{"path", at("x")}, {"content", "***"}, {"format", "base64"}}),
            "invalid_input: `content` is not base64");
  std::filesystem::resize_file(folder / "bytes", limits::payload_bytes + 1);
  EXPECT_EQ(it.failure("read_file", {{"path", at("bytes")}}),
            "too_large: '" + at("bytes") + "' is larger than 64 MiB");
  ::mkfifo(at("pipe").c_str(), 0600);
  EXPECT_EQ(it.failure("read_file", {{"path", at("pipe")}}),
            "invalid_input: '" + at("pipe") + "' is no file");
  EXPECT_FALSE(std::filesystem::exists(at("x")));
}

TEST(files, paths_that_match_are_listed_in_order) {
  auto it = acting{};
  auto folder = temporary_folder{};
  for (auto name : {"b.txt", "a.txt", "B.txt", "c.md", ".hidden.txt"})
    std::ofstream{folder / name} << "x";
  std::filesystem::create_directory(folder / "[odd]");
  std::ofstream{folder / "[odd]" / "d.txt"} << "x";
  auto cwd = folder.path().string();
  auto find = [&](const char* pattern, const std::string& below) {
    return it.run("glob", {{"pattern", pattern}, {"cwd", below}})["paths"];
  };
  EXPECT_EQ(find("*.txt", cwd), json({"B.txt", "a.txt", "b.txt"}));
  EXPECT_EQ(find("*/*.txt", cwd), json({"[odd]/d.txt"}));
  EXPECT_EQ(find("*.txt", cwd + "/[odd]/"), json({"d.txt"}));
  EXPECT_EQ(find("[ab].txt", cwd), json({"a.txt", "b.txt"}));
  EXPECT_EQ(find("*.none", cwd), json::array());
  EXPECT_EQ(it.run("glob", {{"pattern", cwd + "/?.md"}})["paths"], json({cwd + "/c.md"}));
}

TEST(base64, texts_of_the_rfc) {
  for (auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
  for (auto wrong : {"Z", "Zg=", "Zg", "Zh==", "Zm9=", "====", "Z===", "Zg==Zg==", "Zm 8"})
    EXPECT_FALSE(from_base64(wrong)) << wrong;
  auto chance = std::mt19937{1};
  for (auto i = 0; i < 500; ++i) {
    auto bytes = std::string(chance() % 40, '\0');
    for (auto& c : bytes)
      c = static_cast<char>(chance());
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

} // namespace
