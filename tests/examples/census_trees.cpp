// Trees, grown by the standard library where it can.
#include "census_trees.hpp"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <poll.h>
#include <string_view>
#include <unistd.h>

#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

namespace examples {

namespace fs = std::filesystem;

void put(const fs::path& file, const std::string& content) {
  fs::create_directories(file.parent_path());
  std::ofstream{file, std::ios::binary} << content;
}

namespace {

void put_names(const fs::path& root) {
  for (const std::string name : {"plain.txt",
                                 ".hidden",
                                 ".hidden.conf",
                                 "no_extension",
                                 "ends.",
                                 "two.dots.tar.gz",
                                 "...",
                                 "..x",
                                 "a b.c d",
                                 "new\nline.txt",
                                 "tab\t.txt",
                                 "quote\".txt",
                                 "it's.txt",
                                 "back\\slash.txt",
                                 "100%.txt",
                                 "%41.txt",
                                 "%",
                                 "%zz",
                                 "a|b.md",
                                 "*.md",
                                 "<b>.html",
                                 "-rf",
                                 "caf\xc3\xa9.txt",
                                 "caf\xe9.txt",
                                 "\xff\xfe",
                                 "\xe2\x82",
                                 "\xe2\x82(.x\xf0\x9f",
                                 "\xed\xa0\x80.surrogate",
                                 "\xf0\x9f\x98\x80.emoji",
                                 "ext.\xff",
                                 "ext.\xfe",
                                 "\x01\x7f.ctl",
                                 "C.CPP",
                                 "c.cpp"})
    put(root / name, "in " + name + "\n");
  put(root / std::string(255, 'n'), "long\n");
  put(root / "empty", "");
  put(root / "empty.too", "");
  put(root / "folder \xff of\nodd %25 name" / "in.it" / "x.txt", "x\ny\nz");
}

/// Around the sizes at which a reader could stumble: vectors, pages, buffers.
void put_sizes(const fs::path& root) {
  for (const auto size : {1, 31, 32, 33, 63, 64, 65, 8159, 8160, 8161, 65535, 65536, 65537, 262143,
                          262144, 262145, 1'000'000}) {
    auto text = std::string{};
    while (text.size() < static_cast<std::size_t>(size))
      text += static_cast<char>(text.size() % 7 == 0 ? '\n' : 'a' + text.size() % 23);
    put(root / "sizes" / (std::to_string(size) + ".a"), text);
    put(root / "again" / "deeper" / (std::to_string(size) + ".b"), text);
    text.back() = text.back() == '#' ? '+' : '#';
    put(root / "nearly" / (std::to_string(size) + ".c"), text);
  }
  put(root / "newlines", std::string(100'000, '\n'));
}

void put_strange_things(const fs::path& root) {
  fs::create_directories(root / "strange");
  fs::create_directory_symlink("..", root / "strange" / "loop");
  fs::create_symlink("nowhere", root / "strange" / "dangling");
  fs::create_symlink("../plain.txt", root / "strange" / "link.txt");
  fs::create_directory_symlink("/usr", root / "strange" / "elsewhere");
  fs::create_hard_link(root / "plain.txt", root / "strange" / "hard.txt");
  ASSERT_EQ(::mkfifo((root / "strange" / "pipe").c_str(), 0600), 0);
  const int made = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = sockaddr_un{};
  address.sun_family = AF_UNIX;
  (root / "strange" / "socket").native().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(made, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(made);
  put(root / ".git" / "config", "not to be seen\n");
  put(root / "strange" / ".git" / "config", "not to be seen\n");
  put(root / "strange" / ".github" / "x", "to be seen\n");
  put(root / "a_file" / "named" / "in" / ".git", "a file, not a folder\n");
  fs::create_directories(root / "empty_folder" / "in" / "empty_folder");
}

} // namespace

void grow_odd_tree(const fs::path& root) {
  put_names(root);
  put_sizes(root);
  put_strange_things(root);
}

void grow_wide_tree(const fs::path& root, int folders, int files) {
  for (auto i = 0; i < folders; ++i) {
    auto folder = root;
    for (auto n = i; n > 0; n = (n - 1) / 4)
      folder /= "d" + std::to_string(n);
    for (auto j = 0; j < files; ++j)
      put(folder / ("f" + std::to_string(j) + (j % 3 == 0 ? ".c" : ".h")),
          std::string(static_cast<std::size_t>(i * j % 50), '\n') + "text "
            + std::to_string(j % 20));
  }
}

opens::opens(const fs::path& root) : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  EXPECT_GE(inotify_, 0);
  EXPECT_GE(::inotify_add_watch(inotify_, root.c_str(), IN_OPEN), 0);
  for (const auto& entry : fs::recursive_directory_iterator{root})
    if (entry.is_directory()) {
      EXPECT_GE(::inotify_add_watch(inotify_, entry.path().c_str(), IN_OPEN), 0);
    }
}

opens::~opens() {
  ::close(inotify_);
}

template <class Done>
bool opens::read_until(int of, Done done) {
  alignas(inotify_event) auto part = std::array<char, 65536>{};
  while (true) {
    const auto n = ::read(inotify_, part.data(), part.size());
    for (auto at = std::ptrdiff_t{0}; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(part.data() + at);
      if (done(event->len > 0 ? std::string_view{event->name} : std::string_view{}))
        return true;
      at += static_cast<std::ptrdiff_t>(sizeof *event + event->len);
    }
    if (n > 0)
      continue;
    auto end = siginfo_t{};
    if (::waitid(P_PID, static_cast<id_t>(of), &end, WEXITED | WNOHANG | WNOWAIT) != 0
        || end.si_pid == of)
      return false;
    auto watched = pollfd{inotify_, POLLIN, 0};
    ::poll(&watched, 1, 100);
  }
}

bool opens::wait_for(int n, int of) {
  return read_until(of, [&](std::string_view) { return --n <= 0; });
}

bool opens::wait_for(const std::string& name, int of) {
  return read_until(of, [&](std::string_view opened) { return opened == name; });
}

} // namespace examples
