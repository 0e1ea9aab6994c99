// What went wrong, in a form that a person and a program can use. The closed list
// of codes stands here and, with explanations, in docs/errors.md.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

namespace dagger {

/// A refusal or a failure: a stable `code` for programs; `message`, `where` and
/// `hint` for people. The public `engine` throws it from calls that cannot
/// return a `result`.
class error : public std::exception {
public:
  error() = default;

  error(std::string_view code_, std::string message_, std::string where_ = {},
        std::string hint_ = {})
    : code(code_),
      message(std::move(message_)),
      where(std::move(where_)),
      hint(std::move(hint_)) {}

  const char* what() const noexcept override {
    return message.c_str();
  }

  friend bool operator==(const error& a, const error& b) {
    return a.code == b.code && a.message == b.message && a.where == b.where && a.hint == b.hint;
  }

  /// One of `dagger::code`, or a user's own, which contains a dot.
  std::string code;
  /// What happened and why, one or more lines, no full stop needed.
  std::string message;
  /// The place: `file:line:col`, a JSON pointer, a store path; may be empty.
  std::string where;
  /// What to do about it; may be empty.
  std::string hint;
};

/// "where: message\n  hint", as people read it.
std::string to_string(const error& x);

/// Every code that Dagger itself gives.
namespace code {

inline constexpr std::string_view timeout = "timeout";
inline constexpr std::string_view interrupted = "interrupted";
inline constexpr std::string_view cancelled = "cancelled";
inline constexpr std::string_view exception = "exception";
inline constexpr std::string_view invalid_input = "invalid_input";
inline constexpr std::string_view invalid_output = "invalid_output";
inline constexpr std::string_view unavailable = "unavailable";
inline constexpr std::string_view exit_status = "exit_status";
inline constexpr std::string_view http_status = "http_status";
inline constexpr std::string_view too_large = "too_large";
inline constexpr std::string_view limit = "limit";
inline constexpr std::string_view wait_cycle = "wait_cycle";
inline constexpr std::string_view wait_unmet = "wait_unmet";
inline constexpr std::string_view rejected = "rejected";
inline constexpr std::string_view compensation_failed = "compensation_failed";
inline constexpr std::string_view no_responders = "no_responders";
inline constexpr std::string_view not_found = "not_found";
inline constexpr std::string_view conflict = "conflict";
inline constexpr std::string_view id_conflict = "id_conflict";
inline constexpr std::string_view store_full = "store_full";
inline constexpr std::string_view channel_full = "channel_full";
inline constexpr std::string_view attempt_lost = "attempt_lost";
inline constexpr std::string_view late_report = "late_report";
/// No error: why a completed task did not run.
inline constexpr std::string_view cached = "cached";
inline constexpr std::string_view misuse = "misuse";
inline constexpr std::string_view store_in_use = "store_in_use";
inline constexpr std::string_view store_corrupt = "store_corrupt";
inline constexpr std::string_view store_newer = "store_newer";
inline constexpr std::string_view store_readonly = "store_readonly";

} // namespace code

} // namespace dagger
