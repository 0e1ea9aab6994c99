// Stores that are in use, newer, damaged; and what `dagger store` does with healthy ones.
#include "call.hpp"

#include <dagger/store/keys.hpp>
#include <dagger/store/record.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>

namespace {

using namespace support;
using ::dagger::json;

/// A store with one finished job, `hello-1`.
void fill(const folder& room, int more = 0) {
  const auto file = room.write("hello.yaml", hello_file);
  EXPECT_TRUE(ended_with(call({"run", file, "--id", "hello-1", "--store", room / "s"}), 0));
  for (auto i = 0; i < more; ++i)
    EXPECT_TRUE(ended_with(call({"run", file, "--store", room / "s"}), 0));
}

void overwrite(const std::string& file, std::size_t offset, std::string_view bytes) {
  auto out = std::fstream{file, std::ios::in | std::ios::out | std::ios::binary};
  out.seekp(static_cast<std::streamoff>(offset));
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// The row of the format version with this body.
std::string sealed_format(std::string_view body) {
  namespace store = ::dagger::store;
  auto bytes = std::string(store::header_bytes + body.size(), '\0');
  store::seal(bytes.data(), store::kind::meta, 1, 0, store::key::format, body);
  return bytes;
}

TEST(store_command, a_store_in_use_names_the_process) {
  const auto room = folder{};
  const auto file = room.write("long.yaml", long_file);
  auto holder =
    process{dagger_command({"run", file, "--id", "long-1", "--store", room / "s", "-v"})};
  ASSERT_TRUE(holder.says("nap suspended"));
  const auto by = "is in use by process " + std::to_string(holder.id()) + " (dagger run)";
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"run", file}, {"resume", "long-1"}, {"store", "compact"}}) {
    auto with = words;
    with.insert(with.end(), {"--store", room / "s"});
    const auto x = call(with);
    EXPECT_TRUE(ended_with(x, 4));
    EXPECT_TRUE(holds(x.err, by));
  }
  // Reading goes on beside it.
  EXPECT_TRUE(holds(call({"jobs", "--store", room / "s"}).out, "long-1"));
  EXPECT_TRUE(holds(call({"store", "info", "--store", room / "s"}).out,
                    "process " + std::to_string(holder.id()) + " (dagger run)"));
  EXPECT_TRUE(ended_with(call({"store", "check", "--store", room / "s"}), 0));
  EXPECT_TRUE(ended_with(call({"store", "backup", room / "copy", "--store", room / "s"}), 0));
  holder.send(SIGINT);
  EXPECT_TRUE(ended_with(holder.wait(), 130));
  EXPECT_TRUE(holds(call({"jobs", "--store", room / "copy"}).out, "long-1"));
}

TEST(store_command, a_newer_store_is_refused_by_name) {
  const auto room = folder{};
  fill(room);
  // Format 1.0 as the store has sealed it becomes 99.0, sealed as well.
  const auto ours = sealed_format(std::string{"\x01\x00", 2});
  const auto newer = sealed_format(std::string{"\x63\x00", 2});
  const auto content = content_of(room / "s/data.mdb");
  auto patched = 0;
  for (auto at = content.find(ours); at != content.npos; at = content.find(ours, at + 1)) {
    overwrite(room / "s/data.mdb", at, newer);
    ++patched;
  }
  ASSERT_GT(patched, 0);
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"run", room / "hello.yaml"}, {"jobs"}, {"show", "hello-1"}, {"store", "check"}}) {
    auto with = words;
    with.insert(with.end(), {"--store", room / "s"});
    const auto x = call(with);
    EXPECT_TRUE(ended_with(x, 4)) << words.front();
    EXPECT_TRUE(holds(x.err, "the store has format 99.0")) << words.front();
    EXPECT_TRUE(holds(x.err, "use a newer version of Dagger")) << words.front();
  }
}

TEST(store_command, a_full_disk_is_told_and_what_was_there_stays) {
  const auto room = folder{};
  const auto file = room.write("hello.yaml", hello_file);
  std::filesystem::create_directory(room / "disk");
  // A disk of 80 MiB in a name space of its own; the second job finds less than 64 MiB free.
  const auto script = std::string{"mount -t tmpfs -o size=80m none disk || exit 77\n"
                                  "\"$0\" run hello.yaml --store disk/s --id before || exit 78\n"
                                  "head -c 20000000 /dev/zero > disk/zeros\n"
                                  "\"$0\" run hello.yaml --store disk/s --id after; end=$?\n"
                                  "\"$0\" jobs --store disk/s\n"
                                  "exit $end\n"};
  const auto x =
    run({"unshare", "-rm", "sh", "-c", script, DAGGER_BINARY}, {.directory = room.path()});
  if (x.code == 77 || holds(x.err, "unshare failed"))
    GTEST_SKIP() << "no name spaces here: " << x.err;
  EXPECT_TRUE(ended_with(x, 4));
  EXPECT_TRUE(holds(x.err, "free on the store's disk\n  free at least 64 MiB"));
  EXPECT_TRUE(holds(x.out, "before"));
  EXPECT_FALSE(holds(x.out, "after"));
}

TEST(store_command, info_counts_rows) {
  const auto room = folder{};
  fill(room);
  const auto shape = valid(call({"store", "info", "--json", "--store", room / "s"}).out, "store");
  EXPECT_EQ(shape["holder"], nullptr);
  EXPECT_EQ(shape["rows"]["jobs"], 1);
  EXPECT_GT(shape["commits"], 0);
  const auto text = call({"store", "info", "--store", room / "s"});
  EXPECT_TRUE(holds(text.out, "held by      nobody"));
  EXPECT_TRUE(holds(text.out, "jobs         1 rows"));
}

TEST(store_command, check_finds_a_healthy_store_valid) {
  const auto room = folder{};
  fill(room);
  const auto x = call({"store", "check", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(x.out, "store " + (room / "s") + ": valid\n");
  const auto shape = valid(call({"store", "check", "--json", "--store", room / "s"}).out, "store");
  EXPECT_EQ(shape["valid"], true);
}

TEST(store_command, a_flipped_byte_is_named_by_everyone_who_reads_it) {
  const auto room = folder{};
  fill(room);
  const auto file = room / "s/data.mdb";
  const auto content = content_of(file);
  // The greeting stands in the row of the task, in more than one page by copy on write.
  for (auto at = content.find("hello world"); at != std::string::npos;
       at = content.find("hello world", at + 1))
    overwrite(file, at, "jello");
  const auto checked = call({"store", "check", "--store", room / "s"});
  EXPECT_TRUE(ended_with(checked, 4));
  EXPECT_TRUE(holds(checked.err, "checksum"));
  EXPECT_TRUE(holds(checked.err, "restore a backup"));
  const auto shape = valid(call({"store", "check", "--json", "--store", room / "s"}).out, "store");
  EXPECT_EQ(shape["valid"], false);
  const auto shown = call({"show", "hello-1", "--store", room / "s"});
  EXPECT_TRUE(ended_with(shown, 4));
  EXPECT_TRUE(holds(shown.err, "checksum"));
  const auto resumed = call({"resume", "hello-1", "--store", room / "s"});
  EXPECT_TRUE(ended_with(resumed, 4));
}

TEST(store_command, damaged_pages_end_with_4_and_advice) {
  const auto room = folder{};
  fill(room, 5);
  const auto file = room / "s/data.mdb";
  const auto size = std::filesystem::file_size(file);
  constexpr std::size_t page = 4'096;
  // All but the two meta pages.
  for (auto at = 2 * page; at < size; at += page)
    overwrite(file, at, std::string(page, '\x5a'));
  for (const auto& words : std::vector<std::vector<std::string>>{
         {"store", "check"}, {"jobs"}, {"show", "hello-1"}, {"resume", "hello-1"}}) {
    auto with = words;
    with.insert(with.end(), {"--store", room / "s"});
    const auto x = call(with);
    EXPECT_TRUE(ended_with(x, 4)) << words.front();
    EXPECT_TRUE(holds(x.err, "restore a backup")) << words.front();
  }
}

TEST(store_command, pages_on_which_lmdb_gives_up_end_with_4_and_advice) {
  const auto room = folder{};
  auto wide = std::string{"job: wide\ntasks:\n"};
  for (auto i = 0; i < 200; ++i)
    wide += "  - {name: t" + std::to_string(i) + ", agent: set, inputs: {x: 1}}\n";
  const auto file = room.write("wide.yaml", wide);
  ASSERT_TRUE(ended_with(call({"run", file, "--id", "wide-1", "--store", room / "s"}), 0));
  // A branch page (flag 1, at offset 10) with one key only (the end of its keys, at offset 12, lies
  // two bytes behind the header) is what LMDB asserts that it never sees.
  const auto content = content_of(room / "s/data.mdb");
  auto branches = 0;
  for (auto page = std::size_t{2} * 4'096; page < content.size(); page += 4'096)
    if (content.substr(page + 10, 2) == std::string_view{"\x01\x00", 2}) {
      overwrite(room / "s/data.mdb", page + 12, std::string_view{"\x12\x00", 2});
      ++branches;
    }
  ASSERT_GT(branches, 0);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"show", "wide-1"}, {"resume", "wide-1"}}) {
    auto with = words;
    with.insert(with.end(), {"--store", room / "s"});
    const auto x = call(with);
    EXPECT_TRUE(ended_with(x, 4)) << words.front() << ", signal " << x.signal;
    EXPECT_TRUE(holds(x.err, "is damaged (LMDB: ")) << words.front();
    EXPECT_TRUE(holds(x.err, "restore a backup")) << words.front();
  }
  const auto checked = call({"store", "check", "--store", room / "s"});
  EXPECT_TRUE(ended_with(checked, 4));
  EXPECT_TRUE(holds(checked.err, "restore a backup"));
}

TEST(store_command, a_file_that_was_cut_off_ends_with_4_and_advice) {
  const auto room = folder{};
  fill(room, 5);
  std::filesystem::resize_file(room / "s/data.mdb", 3 * 4'096);
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"store", "check"}, {"jobs"}, {"show", "hello-1"}}) {
    auto with = words;
    with.insert(with.end(), {"--store", room / "s"});
    const auto x = call(with);
    EXPECT_TRUE(ended_with(x, 4)) << words.front();
    EXPECT_TRUE(holds(x.err, "restore a backup")) << words.front();
  }
}

TEST(store_command, a_backup_is_a_store) {
  const auto room = folder{};
  fill(room);
  const auto x = call({"store", "backup", room / "copy", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  EXPECT_EQ(call({"jobs", "--json", "--store", room / "copy"}).out,
            call({"jobs", "--json", "--store", room / "s"}).out);
  const auto again = call({"store", "backup", room / "copy", "--store", room / "s"});
  EXPECT_TRUE(ended_with(again, 2));
  EXPECT_TRUE(holds(again.err, "something with this name"));
  const auto nowhere = call({"store", "backup", "--store", room / "s"});
  EXPECT_TRUE(ended_with(nowhere, 2));
  EXPECT_TRUE(holds(nowhere.err, "backup needs the directory to write to"));
}

TEST(store_command, compact_keeps_everything) {
  const auto room = folder{};
  fill(room, 3);
  const auto before = call({"jobs", "--json", "--store", room / "s"}).out;
  const auto x = call({"store", "compact", "--json", "--store", room / "s"});
  EXPECT_TRUE(ended_with(x, 0));
  const auto shape = valid(x.out, "store");
  EXPECT_LE(shape["bytes_after"].get<int>(), shape["bytes_before"].get<int>());
  EXPECT_EQ(call({"jobs", "--json", "--store", room / "s"}).out, before);
  EXPECT_TRUE(ended_with(call({"store", "check", "--store", room / "s"}), 0));
}

} // namespace
