// Typed members of a document. What has the wrong type is passed over: the schema check has
// reported it. Internal to the loader.
#pragma once

#include <dagger/graph/findings.hpp>
#include <dagger/graph/spec.hpp>
#include <dagger/value/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// The member, if it is there and of the right type.
json* member(json& object, std::string_view name, bool (json::*is)() const noexcept);

/// The value if it is a text, which is moved out.
std::string text_in(json& value);
std::int32_t number_in(const json& value);
/// A whole number from 1.
std::optional<std::uint32_t> count_in(const json& value);
bool flag_in(const json& value, bool otherwise);
/// The texts of a list. Nothing if something else stands in it too: then indexes would lie.
std::vector<std::string> texts_in(json& value);
resources resources_in(const json& value);
/// A number of seconds or a text; one that is none is a problem at `pointer`.
std::optional<duration> duration_in(const json& value, const std::string& pointer, findings& found);
retry_rule retry_in(json& value, const std::string& pointer, findings& found);

std::optional<dagger::on_failure> on_failure_in(const json& value);

/// A member of an object, as `text_in` and so on.
std::string text_of(json& object, std::string_view name);
std::vector<std::string> texts_of(json& object, std::string_view name);

} // namespace dagger::graph
