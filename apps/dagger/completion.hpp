// What the shells ask for while a command line is typed. Never out of date: it reads the options
// as the commands declare them, and the store.
#pragma once

#include "command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// The hidden subcommand that the scripts of `completion` call.
inline constexpr std::string_view completion_word = "__complete";

/// `words`: what stands behind the program up to the cursor; the last one is being typed. Prints
/// "files", "directories" or "words" on the first line: what the shell may add by itself; then a
/// candidate on each line, with a tab and a text behind it if there is one to say.
exit_code complete(program& self, std::vector<std::string> words);

/// The script for a shell: "bash", "zsh" or "fish".
std::string completion_script(const std::string& shell, const std::string& program);

} // namespace dagger::apps
