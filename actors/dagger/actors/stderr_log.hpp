// The engine's log on stderr. Hides spdlog, which is slow to compile.
#pragma once

#include <dagger/engine.hpp>

#include <memory>
#include <string_view>

namespace dagger::actors {

/// Writes lines that pass the level. Safe to use from any thread.
class stderr_log {
public:
  explicit stderr_log(log_level level);
  ~stderr_log();

  void write(log_level level, std::string_view text) const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace dagger::actors
