// A Lua program: checked once, immutable, shared by threads. Knows no state of Lua.
#pragma once

#include <dagger/codec/document.hpp>
#include <dagger/limits.hpp>
#include <dagger/result.hpp>
#include <dagger/script/names.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dagger::script {

/// Where a text begins.
struct place {
  std::string file = {};
  position at = {};
};

/// What one evaluation may use.
struct bounds {
  std::int64_t instructions = limits::script_instructions;
  std::size_t memory_bytes = limits::script_memory_bytes;
};

/// An expression is one value (`inputs.limit or 100`), a chunk is statements with a `return`.
enum class form : std::uint8_t { expression, chunk };

/// What `program::compile` has made; cheap to copy.
class program {
public:
  /// Checks a text. Refuses (invalid_input, `file:line:col` in `where`) what is not Lua, what is
  /// longer than `limits::script_text_bytes`, and `_ENV`.
  static result<program> compile(std::string text, place at = {}, form what = form::expression,
                                 bounds most = {});

  /// The global names that it reads, with their places in the file, in the order of the text; those
  /// of the sandbox included.
  std::span<const reference> names() const;

  const std::string& text() const;

  /// For the evaluator.
  struct impl;
  const std::shared_ptr<const impl>& shared() const {
    return impl_;
  }

private:
  explicit program(std::shared_ptr<const impl> x) : impl_(std::move(x)) {}

  std::shared_ptr<const impl> impl_;
};

/// Whether the sandbox itself offers this global name: `math`, `type`, `null`, ...
bool is_offered(std::string_view name);

} // namespace dagger::script
