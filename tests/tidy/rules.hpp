// The rules of docs/style.md that a program can check, each a function from a tree to
// what breaks it. Knows nothing of GoogleTest, so that each can be tried on a bad tree.
#pragma once

#include "source.hpp"

#include <string>
#include <vector>

namespace tidy {

/// A place that breaks a rule; `line` counts from 1, 0 is the whole file.
struct finding {
  std::string path;
  std::size_t line = 0;
  std::string text;
};

using findings = std::vector<finding>;

/// A function that may be longer than the others, and why. It is named by the file and any part
/// of the line on which its body opens.
struct long_function {
  std::string path;
  std::string opening;
  std::string reason;
};

// What includes what.

/// CAF is known in `actors/` only (and to what the tests of actors share).
findings caf_stays_in_actors(const tree&);
/// Every other wrapped library has its one place.
findings libraries_stay_in_their_wrappers(const tree&);
/// apps may include actors, actors libdagger; never back. What is included exists.
findings includes_follow_the_direction(const tree&);
/// Whoever includes `<dagger/dagger.hpp>` or `<dagger/cli.hpp>` compiles no CAF.
findings public_headers_know_no_caf(const tree&);
/// Examples include what a user would: the public doors and nothing behind them.
findings examples_use_the_public_doors(const tree&);
/// A header that nobody includes is dead, unless it is a public door.
findings every_header_is_included(const tree&);

// What stands in a file.

/// No clock, sleep, thread or randomness in `libdagger/`.
findings libdagger_is_pure(const tree&);
findings files_are_short(const tree&);
/// No function is longer than 70 lines but for `exceptions`; an exception that is not needed
/// breaks the rule too.
findings functions_are_short(const tree&, const std::vector<long_function>& exceptions);
findings lines_are_short(const tree&);
findings no_work_is_left_for_later(const tree&);
findings no_code_is_commented_out(const tree&);
findings files_open_with_a_comment(const tree&);
findings headers_guard_themselves(const tree&);
findings file_names_mean_something(const tree&);

// What belongs together.

/// Every C++ source is named in the nearest CMakeLists.txt above it.
findings every_source_is_built(const tree&);
/// Every line of docs/guarantees.md names tests, as `suite.name`, and these exist.
findings every_guarantee_has_its_test(const tree&);
/// Each of `rooms` has a README of at most 30 lines.
findings rooms_are_described(const tree&, const std::vector<std::string>& rooms);
/// A relative link in a Markdown file leads to a file or a folder below `root`.
findings links_lead_somewhere(const tree&, const std::string& root);
/// Every job and flow file in `examples/`, and every one shown in README.md and `docs/`, passes
/// `COMMAND check`. `root` is the folder that the tree was read from.
findings files_for_users_are_valid(const tree&, const std::string& root,
                                   const std::string& command);

} // namespace tidy
