// Text for drawing programs. Every name is written so that no character of it can end the
// string that it stands in or be taken for markup.
#include <dagger/graph/render.hpp>

#include <dagger/codec/utf8.hpp>

#include <array>
#include <cstdio>
#include <map>

namespace dagger::graph {

namespace {

struct colour {
  const char* fill;
  const char* line;
};

/// Of Open Color: light fill, dark line, so that black text can be read on it.
colour colour_of(task_state x) {
  switch (x) {
  case task_state::waiting:
    return {"#f1f3f5", "#868e96"};
  case task_state::ready:
    return {"#e7f5ff", "#1c7ed6"};
  case task_state::running:
    return {"#a5d8ff", "#1864ab"};
  case task_state::backoff:
    return {"#ffe8cc", "#e8590c"};
  case task_state::suspended:
    return {"#e5dbff", "#6741d9"};
  case task_state::completed:
    return {"#d3f9d8", "#2b8a3e"};
  case task_state::failed:
    return {"#ffc9c9", "#c92a2a"};
  case task_state::skipped:
    return {"#f8f9fa", "#adb5bd"};
  case task_state::cancelled:
    return {"#dee2e6", "#495057"};
  case task_state::compensated:
    return {"#fff3bf", "#e67700"};
  }
  return {"#ffffff", "#000000"};
}

constexpr auto all_states = std::array{
  task_state::waiting,   task_state::ready,      task_state::running, task_state::backoff,
  task_state::suspended, task_state::completed,  task_state::failed,  task_state::skipped,
  task_state::cancelled, task_state::compensated};

/// "250 ms", "3.2 s", "4 min 5 s", "2 h 30 min".
std::string duration_text(std::chrono::microseconds x) {
  auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(x).count();
  if (ms < 1'000)
    return std::to_string(ms) + " ms";
  if (ms < 60'000) {
    auto tenths = ms / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  auto s = ms / 1'000;
  if (s < 3'600)
    return std::to_string(s / 60) + " min " + std::to_string(s % 60) + " s";
  return std::to_string(s / 3'600) + " h " + std::to_string(s % 3'600 / 60) + " min";
}

/// "completed, 2 visits, 3 attempts, 1.2 s", without counts that say nothing; empty for what has
/// no state.
std::string state_line(const picture_node& node) {
  if (!node.state)
    return {};
  auto text = std::string{dagger::to_text(*node.state)};
  if (node.visits > 1)
    text += ", " + std::to_string(node.visits) + " visits";
  if (node.attempts > node.visits)
    text += ", " + std::to_string(node.attempts) + " attempts";
  if (node.started && node.ended && *node.ended >= *node.started)
    text += ", " + duration_text(*node.ended - *node.started);
  return text;
}

/// UTF-8 without control characters; line breaks stay.
std::string printable(std::string_view text) {
  auto made = to_valid_utf8(text);
  auto clean = std::string{};
  clean.reserve(made.size());
  for (auto c : made)
    if (c == '\n' || c == '\t')
      clean += c == '\t' ? ' ' : c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      clean += "\xef\xbf\xbd";
    else
      clean += c;
  return clean;
}

/// The content of a quoted DOT string that is shown: Graphviz reads backslashes and HTML
/// entities in it.
std::string dot_text(std::string_view text) {
  auto made = std::string{};
  for (auto c : printable(text))
    switch (c) {
    case '"':
      made += "\\\"";
      break;
    case '\\':
      made += "\\\\";
      break;
    case '&':
      made += "&amp;";
      break;
    case '<':
      made += "&lt;";
      break;
    case '>':
      made += "&gt;";
      break;
    case '\n':
      made += "\\n";
      break;
    default:
      made += c;
    }
  return made;
}

/// The content of a quoted Mermaid string: everything that it could read as markup becomes
/// an entity, which it writes with `#`.
std::string mermaid_text(std::string_view text) {
  auto made = std::string{};
  auto clean = printable(text);
  for (auto i = std::size_t{0}; i < clean.size(); ++i) {
    auto c = clean[i];
    // "- x" and "1. x" would be lists.
    auto list = (c == '-' || c == '+' || c == '.') && i + 1 < clean.size() && clean[i + 1] == ' ';
    if (c == '\n')
      made += "<br/>";
    else if (list || std::string_view{"\"#&<>`\\%;:{}[]()|*~$@"}.find(c) != std::string_view::npos)
      made += "#" + std::to_string(static_cast<int>(c)) + ";";
    else
      made += c;
  }
  return made;
}

/// All lines of a box in one quoted string.
template <class Escape>
std::string label_of(const picture_node& node, const char* line_break, Escape escape) {
  auto made = std::string{};
  auto add = [&](std::string_view line) {
    made += (made.empty() ? "" : line_break) + escape(line);
  };
  for (auto& line : node.label)
    add(line);
  if (auto line = state_line(node); !line.empty())
    add(line);
  return made.empty() ? escape(node.id) : made;
}

/// Calls `open` and `close` around the nodes of each group, in the order of names; those
/// without a group first.
template <class Open, class Node, class Close>
void by_group(const picture& x, Open open, Node node, Close close) {
  auto groups = std::map<std::string_view, std::vector<std::size_t>>{};
  for (auto i = std::size_t{0}; i < x.nodes.size(); ++i)
    groups[x.nodes[i].group].push_back(i);
  auto number = std::size_t{0};
  for (auto& [name, members] : groups) {
    if (!name.empty())
      open(number, name);
    for (auto i : members)
      node(i);
    if (!name.empty())
      close();
    ++number;
  }
}

std::string number_id(std::size_t i) {
  return "n" + std::to_string(i);
}

} // namespace

std::string to_dot(const picture& x) {
  auto out = std::string{"digraph {\n"};
  out += "  label=\"" + dot_text(x.title) + "\"; labelloc=t; fontname=\"sans-serif\";\n";
  out += x.direction == picture::direction::right ? "  rankdir=LR;\n" : "  rankdir=TB;\n";
  out += "  node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", "
         "fontname=\"sans-serif\"];\n";
  by_group(
    x,
    [&](std::size_t number, std::string_view name) {
      out += "  subgraph cluster_" + std::to_string(number) + " {\n  label=\"" + dot_text(name)
           + "\";\n";
    },
    [&](std::size_t i) {
      auto& node = x.nodes[i];
      out += "  " + number_id(i) + " [label=\"" + label_of(node, "\\n", dot_text) + "\"";
      if (node.state) {
        auto [fill, line] = colour_of(*node.state);
        out += std::string{", fillcolor=\""} + fill + "\", color=\"" + line + "\"";
      }
      out += "];\n";
    },
    [&] { out += "  }\n"; });
  for (auto& edge : x.edges) {
    out += "  " + number_id(edge.from) + " -> " + number_id(edge.to);
    if (edge.kind == edge_kind::waits)
      out += " [style=dashed]";
    else if (edge.kind == edge_kind::added)
      out += " [style=dotted, arrowhead=open]";
    out += ";\n";
  }
  return out + "}\n";
}

std::string to_mermaid(const picture& x) {
  auto out = std::string{};
  if (!x.title.empty())
    out += "---\ntitle: " + dagger::json(printable(x.title)).dump() + "\n---\n";
  out += x.direction == picture::direction::right ? "flowchart LR\n" : "flowchart TB\n";
  by_group(
    x,
    [&](std::size_t number, std::string_view name) {
      out += "  subgraph g" + std::to_string(number) + "[\"" + mermaid_text(name) + "\"]\n";
    },
    [&](std::size_t i) {
      auto& node = x.nodes[i];
      out += "  " + number_id(i) + "[\"" + label_of(node, "<br/>", mermaid_text) + "\"]";
      if (node.state)
        out += ":::" + std::string{dagger::to_text(*node.state)};
      out += "\n";
    },
    [&] { out += "  end\n"; });
  for (auto& edge : x.edges) {
    auto arrow = edge.kind == edge_kind::after ? " --> "
               : edge.kind == edge_kind::waits ? " -. waits .-> "
                                               : " -. added .-> ";
    out += "  " + number_id(edge.from) + arrow + number_id(edge.to) + "\n";
  }
  auto used = std::array<bool, all_states.size()>{};
  for (auto& node : x.nodes)
    if (node.state)
      used[static_cast<std::size_t>(*node.state)] = true;
  for (auto state : all_states)
    if (used[static_cast<std::size_t>(state)]) {
      auto [fill, line] = colour_of(state);
      out += "  classDef " + std::string{dagger::to_text(state)} + " fill:" + fill
           + ",stroke:" + line + ",color:#000\n";
    }
  return out;
}

json to_json(const picture& x) {
  auto nodes = json::array();
  for (auto& node : x.nodes) {
    auto made = json{{"id", printable(node.id)}, {"label", json::array()}};
    for (auto& line : node.label)
      made["label"].push_back(printable(line));
    if (node.state) {
      made["state"] = dagger::to_text(*node.state);
      made["visits"] = node.visits;
      made["attempts"] = node.attempts;
    }
    if (node.started)
      made["started"] = to_rfc3339(*node.started);
    if (node.ended)
      made["ended"] = to_rfc3339(*node.ended);
    if (!node.group.empty())
      made["group"] = printable(node.group);
    nodes.push_back(std::move(made));
  }
  auto edges = json::array();
  for (auto& edge : x.edges)
    edges.push_back({{"from", printable(x.nodes[edge.from].id)},
                     {"to", printable(x.nodes[edge.to].id)},
                     {"kind", to_text(edge.kind)}});
  return {{"title", printable(x.title)},
          {"direction", x.direction == picture::direction::right ? "LR" : "TB"},
          {"nodes", std::move(nodes)},
          {"edges", std::move(edges)}};
}

} // namespace dagger::graph
