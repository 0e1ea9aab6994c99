// What a subcommand takes, declared once: read, checked and shown by `--help`. The only door to
// the library that reads command lines.
#pragma once

#include <dagger/result.hpp>
#include <dagger/value/time.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// One option or argument, for completion and the manual.
struct option_shape {
  /// "--json", or "-v" and "--verbose"; empty for an argument.
  std::vector<std::string> names;
  /// "DIR", "ID", "a|b"; empty for a flag.
  std::string placeholder;
  std::string text;
  /// It is one of these.
  std::vector<std::string> words;
  bool required = false;
  bool repeated = false;

  bool is_argument() const {
    return names.empty();
  }
};

/// The arguments of one subcommand. What is given by reference must live until `parse` is done.
class options {
public:
  /// `program`: "dagger"; `command`: "run".
  options(std::string_view program, std::string_view command, std::string_view summary,
          std::string_view example);
  ~options();

  /// `names`: "--json" or "-v,--verbose".
  void flag(bool& to, const char* names, const char* text);
  void value(std::string& to, const char* names, const char* placeholder, const char* text);
  /// May be given several times.
  void values(std::vector<std::string>& to, const char* names, const char* placeholder,
              const char* text);
  void number(std::optional<std::uint64_t>& to, const char* names, const char* text);
  /// `250ms`, `5s`, `10m`, `1h`, `2d`.
  void time_span(std::optional<duration>& to, const char* names, const char* text);
  /// One of these words.
  void one_of(std::string& to, const char* names, std::vector<std::string> words, const char* text);

  /// A word without a dash in front, in the order of declaration.
  void argument(std::string& to, const char* name, const char* text, bool required = true);
  void arguments(std::vector<std::string>& to, const char* name, const char* text,
                 bool required = true);
  /// An argument that is one of these words.
  void argument_of(std::string& to, const char* name, std::vector<std::string> words,
                   const char* text);

  /// Reads the words behind the subcommand; true to go on, false if help was asked for.
  result<bool> parse(std::vector<std::string> words);

  std::string help() const;

  /// "run FILE [OPTIONS]".
  std::string usage() const;

  /// In the order of declaration, `--help` first.
  const std::vector<option_shape>& shapes() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// "did you mean 'x'?" if one of the candidates is near, else empty.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

} // namespace dagger::apps
