// YAML text to value and places; the YAML 1.2 core schema. Knows no file and no job.
#pragma once

#include <dagger/codec/document.hpp>

#include <string_view>

namespace dagger {

/// Reads one YAML document. Scalars follow the YAML 1.2 core schema: `0777` is 777, `0o17` is
/// 15, `0x1F` is 31, `yes` is a string; quoted scalars are strings. Anchors, aliases and merge
/// keys (`<<`) are expanded within limits. Faults: duplicate keys, keys that are no text, unknown
/// tags, what JSON cannot hold (`.inf`, `.nan`, endless numbers). Refuses (invalid_input,
/// "line:col" in `where`) what is not YAML or not UTF-8, several documents, and whatever exceeds
/// `limits::file_bytes`, `nesting`, `file_nodes` or `yaml_lookahead_bytes`.
result<document> parse_yaml(std::string_view text);

/// What a plain scalar is in the core schema; a string if nothing else. `discarded` for what
/// JSON cannot hold.
json resolve_plain_scalar(std::string_view text);

} // namespace dagger
