// The exact bytes of keys and records. What a released version wrote is never changed in
// tests/golden/; a new version gets a file of its own.
#include <dagger/store/store.hpp>

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace dagger::store {

namespace {

std::string to_hex(std::string_view bytes) {
  auto out = std::string{};
  for (auto c : bytes) {
    constexpr auto digits = "0123456789abcdef";
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::string sealed(kind k, std::uint8_t version, std::uint64_t commit, std::string_view key,
                   std::string_view body) {
  auto out = std::string(header_bytes + body.size(), '\0');
  seal(out.data(), k, version, commit, key, body);
  return out;
}

/// Everything whose bytes are fixed, by name.
std::map<std::string, std::string> all_bytes() {
  auto when = timestamp{std::chrono::microseconds{1'732'104'172'000'123}};
  return {
    {"key.format", std::string{key::format}},
    {"key.commit", std::string{key::commit}},
    {"key.log_end", key::log_end(log_id{1'024})},
    {"key.definition", key::definition("research-001")},
    {"key.job", key::job(0x0102030405060708)},
    {"key.active", key::active(12)},
    {"key.spec", key::spec(12, 256)},
    {"key.task", key::task(12, 3)},
    {"key.payload", key::payload(12, job_itself, slot::progress, 70'000)},
    {"key.timer", key::timer(when, 12, 3)},
    {"key.log", key::log(log_id::jobs, 1'000'000)},
    {"key.once", key::once(log_id{1'024}, "order-7")},
    {"key.cached", key::cached({0x0102030405060708, 9})},
    {"record.empty", sealed(kind::active, 1, 1, key::active(12), "")},
    {"record.task", sealed(kind::task, 3, 0x0605'0403'0201, key::task(12, 3), "the body")},
    {"record.long", sealed(kind::payload, 1, 9, "k", std::string(300, 'x')).substr(0, 20)},
  };
}

TEST(record, keys_and_records_have_the_bytes_of_format_1_0) {
  auto golden = std::map<std::string, std::string>{};
  auto in = std::ifstream{DAGGER_GOLDEN_FOLDER "/store_1_0.hex"};
  for (auto [name, hex] = std::pair<std::string, std::string>{}; in >> name >> hex;)
    golden[name] = hex;
  for (const auto& [name, bytes] : all_bytes())
    EXPECT_EQ(golden[name], to_hex(bytes)) << name << " " << to_hex(bytes);
  EXPECT_EQ(golden.size(), all_bytes().size());
}

TEST(record, a_sealed_record_opens_as_it_was) {
  for (auto size : {0, 1, 15, 16, 17, 239, 240, 241, 100'000}) {
    auto body = std::string(static_cast<std::size_t>(size), 'b');
    auto stored = sealed(kind::message, 255, 0xffff'ffff'ffff, "key", body);
    auto x = open("key", stored);
    ASSERT_TRUE(x) << to_string(x.error());
    EXPECT_EQ(x->kind, kind::message);
    EXPECT_EQ(x->version, 255);
    EXPECT_EQ(x->commit, 0xffff'ffff'ffffu);
    EXPECT_EQ(x->body, body);
  }
}

TEST(record, what_does_not_open_says_what_is_wrong) {
  auto stored = sealed(kind::task, 1, 1, "key", "body");
  EXPECT_EQ(open("key", stored.substr(0, 15)).error().message,
            "it has 15 bytes, fewer than a header");
  EXPECT_EQ(open("key", stored + "x").error().message,
            "its header speaks of 4 bytes, but there are 5");
  EXPECT_EQ(open("other", stored).error().message, "its checksum does not match its bytes");
  EXPECT_EQ(open("other", stored).error().code, code::store_corrupt);
}

TEST(keys, numbers_are_ordered_as_bytes) {
  EXPECT_LT(key::task(1, 0xffff'ffff), key::task(2, 0));
  EXPECT_LT(key::log(log_id::jobs, 255), key::log(log_id::jobs, 256));
  EXPECT_LT(key::job(0xff), key::job(0x100));
}

TEST(keys, parts_are_read_back) {
  EXPECT_EQ(key::job_of(key::active(77)), 77u);
  EXPECT_EQ(key::task_of(key::spec(12, 256)).job, 12u);
  EXPECT_EQ(key::task_of(key::spec(12, 256)).task, 256u);
  EXPECT_EQ(key::position_of(key::log(log_id::jobs, 5)), 5u);
  EXPECT_EQ(key::place_of(key::cached({3, 4})), (digest{3, 4}));
  auto when = timestamp{std::chrono::microseconds{1'732'104'172'000'123}};
  EXPECT_EQ(key::timer_of(key::timer(when, 12, 3)), (key::timer_parts{when, 12, 3}));
}

TEST(keys, keys_are_shown_in_words) {
  auto when = timestamp{std::chrono::seconds{1'732'104'172}};
  EXPECT_EQ(readable(table::definitions, key::definition("r-1")), "definitions: job \"r-1\"");
  EXPECT_EQ(readable(table::jobs, key::job(12)), "jobs: job 12");
  EXPECT_EQ(readable(table::active, key::active(12)), "active: job 12");
  EXPECT_EQ(readable(table::specs, key::spec(12, 256)), "specs: job 12 tasks from 256");
  EXPECT_EQ(readable(table::tasks, key::task(12, 3)), "tasks: job 12 task 3");
  EXPECT_EQ(readable(table::payloads, key::payload(12, 3, slot::output, 1)),
            "payloads: job 12 task 3 output chunk 1");
  EXPECT_EQ(readable(table::payloads, key::payload(12, job_itself, slot::input, 0)),
            "payloads: job 12 input chunk 0");
  EXPECT_EQ(readable(table::timers, key::timer(when, 12, 3)),
            "timers: 2024-11-20T12:02:52.000Z job 12 task 3");
  EXPECT_EQ(readable(table::log, key::log(log_id::jobs, 7)), "log: log 1 position 7");
  EXPECT_EQ(readable(table::once, key::once(log_id::jobs, "k")), "once: log 1 key \"k\"");
  EXPECT_EQ(readable(table::cache, key::cached({1, 2})),
            "cache: result 0x00000000000000010000000000000002");
  EXPECT_EQ(readable(table::meta, key::commit), "meta: commit");
  EXPECT_EQ(readable(table::meta, key::log_end(log_id::jobs)), "meta: end of log 1");
}

TEST(keys, keys_that_mean_nothing_are_shown_as_bytes) {
  EXPECT_EQ(readable(table::tasks, std::string_view{"\1x", 2}), "tasks: 0x0178");
  EXPECT_FALSE(well_formed(table::tasks, key::job(12)));
  EXPECT_FALSE(well_formed(table::jobs, key::task(12, 3)));
  EXPECT_FALSE(well_formed(table::payloads, key::payload(1, 2, slot{6}, 0)));
  EXPECT_FALSE(well_formed(table::definitions, key::of()));
  EXPECT_FALSE(well_formed(table::meta, ""));
  EXPECT_FALSE(well_formed(table::definitions, key::definition(std::string(511, 'x'))));
  EXPECT_TRUE(well_formed(table::definitions, key::definition(std::string(510, 'x'))));
}

} // namespace

} // namespace dagger::store
