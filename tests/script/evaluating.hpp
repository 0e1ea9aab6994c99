// What the tests of the sandbox share: compile, evaluate, and say what came out.
#pragma once

#include <dagger/codec/json.hpp>
#include <dagger/script/evaluator.hpp>

#include <string>
#include <utility>

namespace evaluating {

using dagger::json;
using dagger::script::bounds;
using dagger::script::evaluator;
using dagger::script::form;
using dagger::script::place;
using dagger::script::program;
using dagger::script::scope;

/// Every member of `inputs` is a name.
inline scope scope_of(const json& inputs) {
  auto made = scope{};
  for (const auto& [name, value] : inputs.items())
    made.add(name, value);
  return made;
}

/// The value; throws what is wrong.
inline json value_of(const std::string& text, const json& names = json::object(),
                     form what = form::expression, bounds most = {}) {
  auto x = program::compile(text, {"flow.yaml", {7, 11}}, what, most);
  if (!x)
    throw dagger::error{x.error()};
  auto value = evaluator::of_this_thread().evaluate(*x, scope_of(names));
  if (!value)
    throw dagger::error{value.error()};
  return *value;
}

inline json run_chunk(const std::string& text, const json& names = json::object(),
                      bounds most = {}) {
  return value_of(text, names, form::chunk, most);
}

/// "code: message [where]" of what goes wrong; the value as text if nothing does.
inline std::string failure_of(const std::string& text, const json& names = json::object(),
                              form what = form::chunk, bounds most = {}) {
  try {
    return dagger::to_text(value_of(text, names, what, most));
  } catch (const dagger::error& x) {
    return x.code + ": " + x.message + " [" + x.where + "]";
  }
}

} // namespace evaluating
