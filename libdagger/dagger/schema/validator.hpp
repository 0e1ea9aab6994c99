// Compiled JSON Schemas (draft-07): immutable, shared by threads, linear in the
// value. Knows nothing of stores, jobs or actors.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/json.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::schema {

/// One way in which a value breaks its schema.
struct violation {
  /// Where in the value: a JSON pointer (RFC 6901), "" for the whole. A missing property is
  /// reported at its object, an unknown one at itself.
  std::string pointer;
  /// What is wrong and what would be right: "must be integer, is string", "unknown property
  /// 'foo'; did you mean 'food'?".
  std::string message;

  friend bool operator==(const violation&, const violation&) = default;
};

/// "/a/b: must be ...", one per line; without the pointer where that is "".
std::string to_text(const std::vector<violation>& xs);

/// A compiled schema. Copies share the compiled form; any thread may use it.
class validator {
public:
  /// Accepts everything, as the schema `true` does.
  validator() = default;

  /// Compiles `schema`. Refuses (invalid_input, `where` = JSON pointer into the
  /// schema) what is not draft-07, patterns that RE2 cannot compile (named),
  /// references that cannot be resolved inside `schema` or to the draft-07
  /// meta-schema (nothing is ever fetched), schemas that apply themselves to the
  /// same value without end, and what is nested deeper than `limits::nesting`.
  /// `format` is asserted for date-time, date, time, email, hostname, ipv4, ipv6,
  /// uri, uuid, regex and json-pointer; other formats say nothing.
  static result<validator> compile(const json& schema);

  /// Every violation of `value`, in document order; none if it is valid. After
  /// `limits::violations` of them comes one line with the number of the others.
  /// A value that is nested deeper than `limits::nesting` has that one violation.
  /// Where `anyOf` or `oneOf` fails, the violations are those of the alternative
  /// that is nearest to the value.
  std::vector<violation> check(const json& value) const;

  bool accepts_everything() const {
    return !compiled_;
  }

private:
  struct compiled;
  std::shared_ptr<const compiled> compiled_;
};

} // namespace dagger::schema
