// The matcher goes through pattern and subject at once and comes back where a repetition can be
// shorter or longer (section 6.4.1 of the Lua 5.4 manual). Classes are those of the C locale.
#include <dagger/script/pattern.hpp>

#include <stdexcept>
#include <string>

namespace dagger::script {

namespace {

bool is_between(unsigned char c, char low, char high) {
  return c >= static_cast<unsigned char>(low) && c <= static_cast<unsigned char>(high);
}

bool is_letter(unsigned char c) {
  return is_between(c, 'a', 'z') || is_between(c, 'A', 'Z');
}

/// Whether `c` is in the class that the letter names; other characters stand for themselves.
bool in_class(unsigned char c, char letter) {
  auto small = static_cast<char>(letter | 0x20);
  auto is = false;
  switch (is_letter(static_cast<unsigned char>(letter)) ? small : '\0') {
  case 'a':
    is = is_letter(c);
    break;
  case 'c':
    is = c < 0x20 || c == 0x7f;
    break;
  case 'd':
    is = is_between(c, '0', '9');
    break;
  case 'g':
    is = c > 0x20 && c < 0x7f;
    break;
  case 'l':
    is = is_between(c, 'a', 'z');
    break;
  case 'p':
    is = c > 0x20 && c < 0x7f && !is_letter(c) && !is_between(c, '0', '9');
    break;
  case 's':
    is = c == ' ' || (c >= 0x09 && c <= 0x0d);
    break;
  case 'u':
    is = is_between(c, 'A', 'Z');
    break;
  case 'w':
    is = is_letter(c) || is_between(c, '0', '9');
    break;
  case 'x':
    is = is_between(c, '0', '9') || is_between(c | 0x20, 'a', 'f');
    break;
  default:
    return static_cast<unsigned char>(letter) == c;
  }
  return is_between(static_cast<unsigned char>(letter), 'A', 'Z') ? !is : is;
}

} // namespace

bool has_no_magic(std::string_view pattern) {
  return pattern.find_first_of("^$*+?.([%-") == std::string_view::npos;
}

std::optional<std::size_t> matcher::match_at(std::size_t from) {
  level_ = 0;
  depth_ = 0;
  return match(from, 0);
}

capture matcher::captured(std::size_t i) const {
  const auto& x = captures_[i];
  if (x.state == open_capture::unfinished)
    throw std::runtime_error("unfinished capture");
  return {x.begin, x.length, x.state == open_capture::position};
}

/// The end of the single item (a character, a class, a set) that begins at `p`.
std::size_t matcher::item_end(std::size_t p) {
  auto first = pattern_[p++];
  if (first == '%') {
    if (p == pattern_.size())
      throw std::runtime_error("malformed pattern (ends with '%')");
    return p + 1;
  }
  if (first != '[')
    return p;
  if (at(p) == '^')
    ++p;
  auto begin = p;
  do {
    if (p == pattern_.size())
      throw std::runtime_error("malformed pattern (missing ']')");
    if (pattern_[p++] == '%') {
      if (p == pattern_.size())
        throw std::runtime_error("malformed pattern (missing ']')");
      ++p;
    }
  } while (at(p) != ']');
  cost_.spend(static_cast<std::int64_t>((p - begin) / 8));
  return p + 1;
}

/// `p` is the opening bracket, `last` the closing one.
bool matcher::in_set(unsigned char c, std::size_t p, std::size_t last) {
  auto found = true;
  if (at(p + 1) == '^') {
    found = false;
    ++p;
  }
  cost_.spend(static_cast<std::int64_t>((last - p) / 8));
  while (++p < last) {
    if (pattern_[p] == '%') {
      if (in_class(c, pattern_[++p]))
        return found;
    } else if (pattern_[p + 1] == '-' && p + 2 < last) {
      p += 2;
      if (is_between(c, pattern_[p - 2], pattern_[p]))
        return found;
    } else if (static_cast<unsigned char>(pattern_[p]) == c) {
      return found;
    }
  }
  return !found;
}

bool matcher::is_single(std::size_t s, std::size_t p, std::size_t end) {
  cost_.spend(1);
  if (s >= subject_.size())
    return false;
  auto c = static_cast<unsigned char>(subject_[s]);
  switch (pattern_[p]) {
  case '.':
    return true;
  case '%':
    return in_class(c, pattern_[p + 1]);
  case '[':
    return in_set(c, p, end - 1);
  default:
    return static_cast<unsigned char>(pattern_[p]) == c;
  }
}

std::optional<std::size_t> matcher::repeat_most(std::size_t s, std::size_t p, std::size_t end) {
  auto n = std::size_t{0};
  while (is_single(s + n, p, end))
    ++n;
  for (;; --n) {
    if (auto found = match(s + n, end + 1))
      return found;
    if (n == 0)
      return {};
  }
}

std::optional<std::size_t> matcher::repeat_least(std::size_t s, std::size_t p, std::size_t end) {
  for (;; ++s) {
    if (auto found = match(s, end + 1))
      return found;
    if (!is_single(s, p, end))
      return {};
  }
}

std::optional<std::size_t> matcher::start_capture(std::size_t s, std::size_t p) {
  if (level_ == max_captures)
    throw std::runtime_error("too many captures");
  auto is_position = at(p + 1) == ')';
  captures_[level_++] = {s, 0, is_position ? open_capture::position : open_capture::unfinished};
  auto found = match(s, p + (is_position ? 2 : 1));
  if (!found)
    --level_;
  return found;
}

std::optional<std::size_t> matcher::end_capture(std::size_t s, std::size_t p) {
  auto i = level_;
  while (i > 0 && captures_[i - 1].state != open_capture::unfinished)
    --i;
  if (i == 0)
    throw std::runtime_error("invalid pattern capture");
  auto& open = captures_[i - 1];
  open = {open.begin, s - open.begin, open_capture::closed};
  auto found = match(s, p + 1);
  if (!found)
    open.state = open_capture::unfinished;
  return found;
}

/// `p` is the first of the two characters behind `%b`.
std::optional<std::size_t> matcher::balance(std::size_t s, std::size_t p) {
  if (p + 1 >= pattern_.size())
    throw std::runtime_error("malformed pattern (missing arguments to '%b')");
  if (s >= subject_.size() || subject_[s] != pattern_[p])
    return {};
  for (auto open = 1; ++s < subject_.size();) {
    cost_.spend(1);
    if (subject_[s] == pattern_[p + 1]) {
      if (--open == 0)
        return s + 1;
    } else if (subject_[s] == pattern_[p]) {
      ++open;
    }
  }
  return {};
}

std::optional<std::size_t> matcher::back_reference(std::size_t s, char digit) {
  auto i = static_cast<std::size_t>(digit - '1');
  if (digit == '0' || i >= level_ || captures_[i].state == open_capture::unfinished)
    throw std::runtime_error("invalid capture index %" + std::string(1, digit));
  if (captures_[i].state == open_capture::position)
    return {};
  auto wanted = subject_.substr(captures_[i].begin, captures_[i].length);
  cost_.spend(static_cast<std::int64_t>(wanted.size() / 16));
  if (subject_.substr(s, wanted.size()) != wanted)
    return {};
  return s + wanted.size();
}

bool matcher::frontier(std::size_t s, std::size_t set, std::size_t end) {
  auto before = s == 0 ? '\0' : subject_[s - 1];
  auto here = s == subject_.size() ? '\0' : subject_[s];
  return !in_set(static_cast<unsigned char>(before), set, end - 1)
      && in_set(static_cast<unsigned char>(here), set, end - 1);
}

std::optional<std::size_t> matcher::match(std::size_t s, std::size_t p) {
  struct level {
    int& depth;
    ~level() {
      --depth;
    }
  } leave{++depth_};
  if (depth_ > max_depth)
    throw std::runtime_error("pattern too complex");
  while (p < pattern_.size()) {
    cost_.spend(1);
    auto c = pattern_[p];
    auto next = at(p + 1);
    if (c == '(')
      return start_capture(s, p);
    if (c == ')')
      return end_capture(s, p);
    if (c == '$' && p + 1 == pattern_.size())
      return s == subject_.size() ? std::optional{s} : std::nullopt;
    if (c == '%' && (next == 'b' || next == 'f' || is_between(next, '0', '9'))) {
      auto found = std::optional{s};
      if (next == 'b') {
        found = balance(s, p + 2);
        p += 4;
      } else if (next == 'f') {
        if (at(p + 2) != '[')
          throw std::runtime_error("missing '[' after '%f' in pattern");
        auto end = item_end(p + 2);
        if (!frontier(s, p + 2, end))
          return {};
        p = end;
      } else {
        found = back_reference(s, next);
        p += 2;
      }
      if (!found)
        return {};
      s = *found;
      continue;
    }
    auto end = item_end(p);
    switch (at(end)) {
    case '*':
      return repeat_most(s, p, end);
    case '+':
      return is_single(s, p, end) ? repeat_most(s + 1, p, end) : std::nullopt;
    case '-':
      return repeat_least(s, p, end);
    case '?':
      if (is_single(s, p, end))
        if (auto found = match(s + 1, end + 1))
          return found;
      p = end + 1;
      continue;
    default:
      break;
    }
    if (!is_single(s, p, end))
      return {};
    ++s;
    p = end;
  }
  return s;
}

} // namespace dagger::script
