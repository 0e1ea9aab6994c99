// What each format takes and refuses, beyond the official suite.
#include <dagger/schema/format.hpp>
#include <dagger/schema/uri.hpp>
#include <dagger/schema/validator.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using dagger::schema::format;
using dagger::schema::matches;
using texts = std::vector<std::string>;

void takes(format x, const texts& good) {
  for (const auto& text : good)
    EXPECT_TRUE(matches(x, text)) << "\"" << text << "\" should be " << describe(x);
}

void refuses(format x, const texts& bad) {
  for (const auto& text : bad)
    EXPECT_FALSE(matches(x, text)) << "\"" << text << "\" should not be " << describe(x);
}

TEST(schema_format, leap_years_follow_the_gregorian_calendar) {
  takes(format::date, {"2024-02-29", "2000-02-29", "2023-02-28", "0000-02-29", "2026-12-31"});
  refuses(format::date, {"2023-02-29", "1900-02-29", "2100-02-29", "2024-02-30", "2026-04-31"});
}

TEST(schema_format, a_date_has_all_its_digits_and_nothing_else) {
  refuses(format::date, {"", "2026-1-01", "2026-01-1", "26-01-01", "2026-00-10", "2026-13-10",
                         "2026-01-00", "2026-01-32", "2026-01-01Z", " 2026-01-01", "2026/01/01",
                         "2026-01-01\n", "20260101", "+2026-01-01"});
}

TEST(schema_format, a_leap_second_is_the_last_second_of_a_day_in_utc) {
  takes(format::date_time, {"1998-12-31T23:59:60Z", "1998-12-31T15:59:60.123-08:00",
                            "1999-01-01T00:59:60+01:00", "1999-01-01T05:29:60+05:30"});
  refuses(format::date_time, {"1998-12-31T23:58:60Z", "1998-12-31T22:59:60Z",
                              "1998-12-31T23:59:60-08:00", "1998-12-31T23:59:61Z"});
  takes(format::time, {"23:59:60Z", "00:29:60+00:30", "16:00:60-07:59"});
  refuses(format::time, {"22:59:60Z", "23:59:60+01:00"});
}

TEST(schema_format, a_time_has_an_offset_and_only_times_of_day) {
  takes(format::time, {"00:00:00Z", "23:59:59.999999999z", "12:00:00+23:59", "12:00:00-00:00"});
  refuses(format::time, {"", "12:00:00", "24:00:00Z", "12:60:00Z", "12:00Z", "12:00:00.Z",
                         "12:00:00+24:00", "12:00:00+12:60", "12:00:00+1200", "12:00:00+12",
                         "1:00:00Z", "12:00:00ZZ", "12:00:00,5Z"});
}

TEST(schema_format, a_date_time_is_a_date_a_t_and_a_time) {
  takes(format::date_time, {"2026-11-20T11:02:52Z", "2026-11-20t11:02:52.5z"});
  refuses(format::date_time, {"2026-11-20", "2026-11-20 11:02:52Z", "2026-11-20T11:02:52",
                              "2026-11-20T", "2026-02-29T11:02:52Z", "2026-11-20T11:02:52Zx"});
}

TEST(schema_format, an_email_address_has_a_local_part_and_a_domain) {
  takes(format::email, {"a@b", "joe.bloggs+tag@example.com", "\"joe bloggs\"@example.com",
                        "\"a\\\"b\"@example.com", "\"a@b\"@example.com", "a@[127.0.0.1]",
                        "a@[IPv6:::1]", "!#$%&'*+-/=?^_`{|}~@example.org"});
  refuses(format::email, {"", "@", "a@", "@b", "a", ".a@b", "a.@b", "a..b@c", "a b@c", "a@b c",
                          "a@-b", "a@[1.2.3]", "\"a@b", "\"a\"b\"@c", "\"a\\\"@c", "\"a\\\\\"b\"@c",
                          "a@b@c", "a@b.", std::string(65, 'a') + "@b"});
}

TEST(schema_format, a_host_name_keeps_the_lengths_of_rfc_1123) {
  takes(format::hostname, {"a", "a.b-c.d", "1.2", std::string(63, 'a'), "xn--nxasmq6b"});
  refuses(format::hostname, {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "\xc3\xa4.de",
                             std::string(64, 'a')});
  auto label = std::string(49, 'a') + ".";
  auto longest = label + label + label + label + label;
  takes(format::hostname, {longest + "abc"});
  refuses(format::hostname, {longest + "abcd"});
}

TEST(schema_format, an_ipv4_address_is_four_decimal_bytes) {
  takes(format::ipv4, {"0.0.0.0", "255.255.255.255", "192.0.2.1"});
  refuses(format::ipv4, {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", ".1.2.3",
                         "1.2.3.4 ", "1.2.3.-4", "a.b.c.d", "1.2.3.4\n", "1..2.3", "1.2.3.4000"});
}

TEST(schema_format, an_ipv6_address_has_eight_groups_or_one_gap) {
  takes(format::ipv6,
        {"::", "::1", "1::", "1:2:3:4:5:6:7:8", "2001:db8::7", "::ffff:192.0.2.1",
         "1:2:3:4:5:6:192.0.2.1", "1::8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "ABCD::abcd"});
  refuses(format::ipv6,
          {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
           "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", ":1:2:3:4:5:6:7:8",
           "1:2:3:4:5:6:7:", "12345::", "g::", "::1%eth0", "::192.0.2", "1:2:3:4:5:6:7:192.0.2.1",
           "::192.0.2.1:1", "1:2:3:4::5:6:7:8:9", "[::1]"});
}

TEST(schema_format, a_uri_has_a_scheme_and_only_characters_of_rfc_3986) {
  takes(format::uri, {"a:", "http://h", "http://h:8080/p?q#f", "http://[::1]:80/", "urn:isbn:1",
                      "http://[v1.a:b]/", "mailto:a@b", "file:///etc/hosts", "x+y-z.1:p",
                      "http://a/%7Eb", "http://h:/", "http://u:p@h/"});
  refuses(format::uri, {"",
                        "a",
                        "/a",
                        "//h/a",
                        "1a:b",
                        ":a",
                        "http://h/a b",
                        "http://h/%zz",
                        "http://h/%a",
                        "http://[::1",
                        "http://[1]/",
                        "http://h:8x/",
                        "http://h/\xc3\xa4",
                        "http://h/a\\b",
                        "http://h/<a>",
                        "http://h/#a#b",
                        "http://h/{a}",
                        "a b:c",
                        "http://a@b@c/",
                        "http://[v.a]/"});
}

TEST(schema_format, a_uuid_has_its_dashes_in_place) {
  takes(format::uuid,
        {"123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000",
         "ABCDEFAB-CDEF-ABCD-EFAB-CDEFABCDEFAB"});
  refuses(format::uuid,
          {"", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400",
           "123e4567-e89b-12d3-a456-42661417400g", "123e456-7e89b-12d3-a456-426614174000",
           "{123e4567-e89b-12d3-a456-426614174000}"});
}

TEST(schema_format, a_regex_is_one_that_runs_in_linear_time) {
  takes(format::regex, {"", "a+b*", "^[a-z]{1,3}$", "\\u00e4\\d\\s", "(?<name>x)"});
  refuses(format::regex, {"(", "[a", "(a)\\1", "(?=a)", "(?<!a)b", "a**", "\\", "\\Z"});
}

TEST(schema_format, a_json_pointer_escapes_tildes) {
  takes(format::json_pointer, {"", "/", "/a/0/~0~1"});
  refuses(format::json_pointer, {"a", "/~", "/~2", "#/a"});
}

TEST(schema_format, a_format_says_nothing_about_values_that_are_no_strings) {
  auto compiled = dagger::schema::validator::compile({{"format", "date"}});
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->check(12).empty());
  EXPECT_TRUE(compiled->check(nullptr).empty());
  EXPECT_EQ(to_text(compiled->check("12")), "must be a date such as 2026-11-20, is \"12\"");
}

TEST(schema_format, an_unknown_format_says_nothing) {
  auto compiled = dagger::schema::validator::compile({{"format", "colour"}});
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->check("nothing of the kind").empty());
  EXPECT_TRUE(dagger::schema::validator::compile({{"format", ""}}).has_value());
}

TEST(schema_format, a_mebibyte_of_text_is_checked_by_every_format) {
  auto dots = std::string(1 << 20, '.');
  auto digits = std::string(1 << 20, '1');
  auto colons = std::string(1 << 20, ':');
  auto quoted = "\"" + std::string(1 << 20, '\\') + "\"@a";
  for (auto x :
       {format::date_time, format::date, format::time, format::email, format::hostname,
        format::ipv4, format::ipv6, format::uri, format::uuid, format::regex, format::json_pointer})
    refuses(x, {dots, digits, colons, quoted});
}

TEST(schema_uri, references_resolve_as_in_rfc_3986) {
  auto base = std::string_view{"http://a/b/c/d;p?q"};
  auto cases = std::vector<std::pair<std::string_view, std::string_view>>{
    {"g:h", "g:h"},
    {"g", "http://a/b/c/g"},
    {"./g", "http://a/b/c/g"},
    {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"},
    {"//g", "http://g"},
    {"?y", "http://a/b/c/d;p?y"},
    {"g?y#s", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q"},
    {"", "http://a/b/c/d;p?q"},
    {".", "http://a/b/c/"},
    {"..", "http://a/b/"},
    {"../g", "http://a/b/g"},
    {"../..", "http://a/"},
    {"../../../g", "http://a/g"},
    {"/./g", "http://a/g"},
    {"g.", "http://a/b/c/g."},
    {"./g/.", "http://a/b/c/g/"},
    {"g/../h", "http://a/b/c/h"},
  };
  for (auto [reference, resolved] : cases)
    EXPECT_EQ(dagger::schema::resolve_uri(base, reference), resolved) << reference;
}

} // namespace
