// Standard output and standard error: results here, everything else there. Knows no job.
#pragma once

#include <dagger/error.hpp>
#include <dagger/value/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// When to colour.
enum class color : std::uint8_t { automatic, always, never };

/// What a word on a terminal looks like.
enum class style : std::uint8_t { plain, bold, dim, good, bad, busy };

/// The two streams of the process. Used by one thread.
class console {
public:
  /// `automatic`: on terminals, unless `NO_COLOR` is set and not empty.
  void use(color when) {
    color_ = when;
  }

  /// Adds to standard output. A closed pipe is quiet: `open()` turns false and the rest is dropped.
  void print(std::string_view text);

  /// The value indented, or compact on one line, with a line end.
  void print_json(const json& value);

  /// False when nobody reads standard output any more.
  bool open() const {
    return !closed_;
  }

  /// Writes what is buffered. What kept it from being written, if it was not a closed pipe.
  std::optional<error> flush();

  /// "error: where: message" and the hint, on standard error.
  void complain(const error& x);
  void complain(const std::vector<error>& xs);

  /// A line on standard error.
  void note(std::string_view line);

  /// `text` as it is to be written to this stream (1 or 2).
  std::string styled(int stream, style how, std::string_view text) const;

  /// Whether this stream is a terminal that can redraw a line.
  bool is_terminal(int stream) const;

  /// Columns of the terminal behind standard error; 80 if it does not say.
  std::size_t columns() const;

private:
  color color_ = color::automatic;
  std::string buffer_;
  bool closed_ = false;
  std::optional<error> broken_;
};

/// Writes all of `text`; the number of the error, or 0.
int write_all(int stream, std::string_view text);

} // namespace dagger::apps
