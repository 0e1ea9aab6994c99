// Pictures as text: DOT, Mermaid, JSON. Whatever stands in a label, the text is well-formed.
#pragma once

#include <dagger/graph/picture.hpp>
#include <dagger/value/json.hpp>

#include <string>

namespace dagger::graph {

/// For Graphviz.
std::string to_dot(const picture& x);

/// For Mermaid (`flowchart`), as in Markdown.
std::string to_mermaid(const picture& x);

/// As `schemas/graph.schema.json` says.
json to_json(const picture& x);

} // namespace dagger::graph
