// Patterns as Lua 5.4 has them, matched in counted steps. Knows no Lua state.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string_view>

namespace dagger::script {

/// Thrown when an evaluation has no steps left. Caught where Lua is called.
struct out_of_steps : std::exception {
  const char* what() const noexcept override {
    return "out of steps";
  }
};

/// How much work is left; a step is about as long as an instruction of Lua.
class steps {
public:
  explicit steps(std::int64_t& left) : left_(left) {}

  /// Throws `out_of_steps`.
  void spend(std::int64_t n) {
    left_ -= n;
    if (left_ < 0)
      throw out_of_steps{};
  }

private:
  std::int64_t& left_;
};

/// What a pair of parentheses has matched.
struct capture {
  std::size_t begin = 0;
  std::size_t length = 0;
  /// `()`: not a text but `begin` itself.
  bool is_position = false;
};

/// One subject and one pattern (without the anchor `^`). Both must outlive this.
class matcher {
public:
  matcher(std::string_view subject, std::string_view pattern, steps& cost)
    : subject_(subject),
      pattern_(pattern),
      cost_(cost) {}

  /// The end of the match that begins exactly at `from`. Throws `std::runtime_error` if the
  /// pattern is malformed or nested too deep, `out_of_steps` if it backtracks too much.
  std::optional<std::size_t> match_at(std::size_t from);

  /// The captures of the last match.
  std::size_t captures() const {
    return level_;
  }

  /// The capture with this index, counted from 0. Throws `std::runtime_error` if it was never
  /// closed.
  capture captured(std::size_t i) const;

private:
  static constexpr std::size_t max_captures = 32;
  static constexpr int max_depth = 200;

  struct open_capture {
    std::size_t begin = 0;
    std::size_t length = 0;
    enum : std::uint8_t { unfinished, position, closed } state = unfinished;
  };

  std::optional<std::size_t> match(std::size_t s, std::size_t p);
  std::optional<std::size_t> repeat_most(std::size_t s, std::size_t p, std::size_t end);
  std::optional<std::size_t> repeat_least(std::size_t s, std::size_t p, std::size_t end);
  std::optional<std::size_t> start_capture(std::size_t s, std::size_t p);
  std::optional<std::size_t> end_capture(std::size_t s, std::size_t p);
  std::optional<std::size_t> balance(std::size_t s, std::size_t p);
  std::optional<std::size_t> back_reference(std::size_t s, char digit);
  bool frontier(std::size_t s, std::size_t set, std::size_t end);
  std::size_t item_end(std::size_t p);
  bool is_single(std::size_t s, std::size_t p, std::size_t end);
  bool in_set(unsigned char c, std::size_t p, std::size_t last);

  char at(std::size_t p) const {
    return p < pattern_.size() ? pattern_[p] : '\0';
  }

  std::string_view subject_;
  std::string_view pattern_;
  steps& cost_;
  std::array<open_capture, max_captures> captures_{};
  std::size_t level_ = 0;
  int depth_ = 0;
};

/// Whether `pattern` is plain text.
bool has_no_magic(std::string_view pattern);

} // namespace dagger::script
