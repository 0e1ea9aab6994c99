// The list of problems of one file while it grows. Internal to the loader.
#pragma once

#include <dagger/codec/document.hpp>
#include <dagger/error.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::graph {

/// Collects problems and warnings, and puts them in the order of the file.
class findings {
public:
  findings(std::string file, const dagger::places& places)
    : file_(std::move(file)),
      places_(places) {}

  /// At the value at `pointer`, or at a place in it.
  void add(std::string_view pointer, std::string message, std::string hint = {},
           std::optional<position> at = {});

  /// At the member name at `pointer`.
  void add_at_key(std::string_view pointer, std::string message, std::string hint = {});

  void warn(std::string_view pointer, std::string message, std::string hint = {});

  /// "did you mean 'x'?", or nothing. Looking costs, so it ends after many words.
  std::string suggestion(std::string_view word, std::span<const std::string> words);

  /// Takes a fault of the document as it is.
  void add(const fault& x);

  std::vector<error> take_problems();
  std::vector<error> take_warnings();

private:
  struct finding {
    position at;
    error what;
  };

  finding make(position at, std::string_view pointer, std::string message, std::string hint) const;
  static std::vector<error> sorted(std::vector<finding> xs);

  std::string file_;
  const dagger::places& places_;
  std::vector<finding> problems_;
  std::vector<finding> warnings_;
  std::size_t compared_ = 0;
};

} // namespace dagger::graph
