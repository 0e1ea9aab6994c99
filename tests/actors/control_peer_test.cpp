// The buffers of one who has connected.
#include <dagger/actors/control_peer.hpp>

#include <gtest/gtest.h>

#include <array>
#include <string>

#include <sys/socket.h>

namespace dagger::actors {

namespace {

TEST(control_peer, keeps_little_of_what_was_told_to_one_who_never_catches_up) {
  auto ends = std::array<int, 2>{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  auto ours = control_peer{descriptor{ends[0]}};
  auto theirs = descriptor{ends[1]};
  auto now = timestamp{};
  constexpr auto part = std::size_t{16} << 10;
  constexpr auto behind = std::size_t{1} << 20;
  auto expected = std::string{};
  auto heard = std::string{};
  ours.say(expected = std::string(behind, 'x'), now);
  for (auto i = 0; i < 1'000; ++i) {
    ours.write(now);
    auto bytes = std::string(part, '\0');
    ASSERT_EQ(::recv(theirs.get(), bytes.data(), part, MSG_WAITALL), static_cast<ssize_t>(part));
    heard += bytes;
    auto line = std::string(part - 1, static_cast<char>('a' + i % 26)) + "\n";
    expected += line;
    ours.say(line, now);
    ASSERT_GT(ours.untold(), 0u);
    ASSERT_LE(ours.kept(), 4 * behind) << "after " << heard.size() << " bytes";
  }
  EXPECT_EQ(heard, expected.substr(0, heard.size()));
}

} // namespace

} // namespace dagger::actors
