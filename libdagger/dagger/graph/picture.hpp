// A graph as it is to be drawn: of a definition or of a job at work. Knows no format.
#pragma once

#include <dagger/graph/spec.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/plan/states.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// A box.
struct picture_node {
  std::string id;
  /// The lines in it; state, visits, attempts and duration are added when it is drawn.
  std::vector<std::string> label;
  std::optional<task_state> state;
  std::uint32_t visits = 1;
  /// Over all visits.
  std::uint32_t attempts = 0;
  std::optional<timestamp> started;
  std::optional<timestamp> ended;
  /// Boxes with the same group, if not empty, stand in a frame of that name.
  std::string group;
};

enum class edge_kind : std::uint8_t {
  after, // a dependency
  waits, // a suspended task waits for it
  added, // from a task to one that it added
};

std::string_view to_text(edge_kind x);

/// An arrow between `picture::nodes`, from what happens first.
struct picture_edge {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  edge_kind kind = edge_kind::after;

  friend bool operator==(const picture_edge&, const picture_edge&) = default;
};

struct picture {
  enum class direction : std::uint8_t { down, right };

  std::string title;
  picture::direction direction = picture::direction::down;
  std::vector<picture_node> nodes;
  std::vector<picture_edge> edges;
};

/// The tasks of a definition and what they come after; references that lead nowhere are left out.
picture picture_of(const plan::job_spec& job);

/// The same of a file.
picture picture_of(const spec& file);

} // namespace dagger::graph
