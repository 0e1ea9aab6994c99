// Evaluates Lua programs in a sandbox: no clock, no randomness, no file, bounded instructions and
// memory. The same program and the same values give the same result.
#pragma once

#include <dagger/script/program.hpp>
#include <dagger/script/scope.hpp>

#include <memory>
#include <optional>
#include <string_view>

namespace dagger::script {

/// One Lua state, for one thread at a time. Keeps what it has compiled; nothing else survives an
/// evaluation.
class evaluator {
public:
  evaluator();
  ~evaluator();
  evaluator(const evaluator&) = delete;
  evaluator& operator=(const evaluator&) = delete;

  /// The one of the calling thread, made at its first use.
  static evaluator& of_this_thread();

  /// The value of an expression, what a chunk returns; null for nothing. An empty table is `{}`
  /// unless `array()` made it. Fails with `file:line` in `where`: `limit` (instructions, memory),
  /// `exception` (an error of the program, or the code of an error table `{code, message}`),
  /// `invalid_output` (what JSON cannot hold).
  result<json> evaluate(const program& x, const scope& names);

  /// Whether the value is true in Lua: neither nil nor false. `null` counts as nil.
  result<bool> test(const program& x, const scope& names);

  struct impl;

private:
  friend class program;
  /// What is wrong with a text, if anything.
  std::optional<error> check(std::string_view text, form what, const place& at);

  std::unique_ptr<impl> impl_;
};

/// Where a list is required, an empty object is one: an empty table of Lua has no kind.
void make_list_if_empty(json& x);

} // namespace dagger::script
