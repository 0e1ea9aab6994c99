// A page whose examples are run as they stand there.
#pragma once

#include <filesystem>
#include <string>

namespace docs {

/// Runs the `console` blocks of a page, in order, in one empty folder: a line with `$ ` in front is
/// a command, the lines below it what it prints, with "…" for anything; `$ cat FILE` writes the
/// file. `programs` is where its commands are. The number of examples; each that prints something
/// else is a failure of the test.
std::size_t run_examples_of(const std::filesystem::path& page,
                            const std::filesystem::path& programs);

} // namespace docs
