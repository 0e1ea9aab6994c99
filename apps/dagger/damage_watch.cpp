// What becomes of SIGBUS, SIGSEGV and LMDB's assertions while a store is open. Everything in
// the handler is safe in a signal handler: system calls and plain loops.
#include "exit_code.hpp"
#include "store_access.hpp"

#include <dagger/store/damage.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace dagger::apps {

namespace {

// A signal handler reaches globals only.
std::array<char, 1024> watched_store{};
struct sigaction old_bus {};
struct sigaction old_segv {};

void say(std::string_view text) {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

void say(std::uint64_t number) {
  auto digits = std::array<char, 20>{};
  auto at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0);
  say(std::string_view{digits.data() + at, digits.size() - at});
}

/// Reads "7f00-7fff r--s 0000 ..." lines one after the other.
class mappings {
public:
  struct mapping {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t offset = 0;
    bool of_a_store = false;
  };

  mappings() : file_(::open("/proc/self/maps", O_RDONLY | O_CLOEXEC)) {}
  ~mappings() {
    ::close(file_);
  }
  mappings(const mappings&) = delete;
  mappings& operator=(const mappings&) = delete;

  bool next(mapping& to) {
    auto size = std::size_t{0};
    auto c = char{};
    while ((c = get()) != '\n' && c != '\0')
      if (size < line_.size())
        line_[size++] = c;
    if (c == '\0')
      return false;
    const auto line = std::string_view{line_.data(), size};
    auto at = std::size_t{0};
    to.first = hexadecimal(line, at);
    to.last = hexadecimal(line, ++at);
    at += 6; // " r--s "
    to.offset = hexadecimal(line, at);
    to.of_a_store = line.ends_with("/data.mdb");
    return true;
  }

private:
  char get() {
    if (next_ == end_) {
      const auto n = ::read(file_, buffer_.data(), buffer_.size());
      next_ = 0;
      end_ = n > 0 ? static_cast<std::size_t>(n) : 0;
      if (end_ == 0)
        return '\0';
    }
    return buffer_[next_++];
  }

  static std::uint64_t hexadecimal(std::string_view line, std::size_t& at) {
    auto value = std::uint64_t{0};
    for (; at < line.size(); ++at) {
      const char c = line[at];
      if (c >= '0' && c <= '9')
        value = value * 16 + static_cast<std::uint64_t>(c - '0');
      else if (c >= 'a' && c <= 'f')
        value = value * 16 + static_cast<std::uint64_t>(c - 'a' + 10);
      else
        break;
    }
    return value;
  }

  int file_;
  std::array<char, 2048> buffer_{};
  std::array<char, 1024> line_{};
  std::size_t next_ = 0;
  std::size_t end_ = 0;
};

extern "C" void on_damage(int number, siginfo_t* what, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(what->si_addr);
  auto maps = mappings{};
  for (auto m = mappings::mapping{}; maps.next(m);)
    if (m.of_a_store && address >= m.first && address < m.last) {
      say("error: store ");
      say(std::string_view{watched_store.data()});
      say(": damaged page near offset ");
      say(address - m.first + m.offset);
      say("\n  restore a backup (dagger store backup makes them)\n");
      ::_exit(static_cast<int>(exit_code::store));
    }
  // Not the store's pages: whoever was there before deals with it, when the instruction that we
  // return to does the same again.
  say("error: crashed by signal ");
  say(static_cast<std::uint64_t>(number));
  say(" with the store ");
  say(std::string_view{watched_store.data()});
  say(" open; what was acknowledged is safe\n  dagger store check tells if the store is damaged\n");
  ::sigaction(SIGBUS, &old_bus, nullptr);
  ::sigaction(SIGSEGV, &old_segv, nullptr);
  if (what->si_code <= 0) // sent by somebody: no instruction does it again
    ::raise(number);
}

} // namespace

damage_watch::damage_watch(const std::filesystem::path& directory) {
  const auto& text = directory.native();
  watched_store = {};
  std::copy_n(text.begin(), std::min(text.size(), watched_store.size() - 1), watched_store.begin());
  struct sigaction action {};
  action.sa_sigaction = on_damage;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &old_bus);
  ::sigaction(SIGSEGV, &action, &old_segv);
  store::on_damaged_pages([] { ::_exit(static_cast<int>(exit_code::store)); });
}

damage_watch::~damage_watch() {
  store::on_damaged_pages(nullptr);
  ::sigaction(SIGBUS, &old_bus, nullptr);
  ::sigaction(SIGSEGV, &old_segv, nullptr);
}

} // namespace dagger::apps
