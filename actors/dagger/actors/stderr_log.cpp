// spdlog behind one function.
#include <dagger/actors/stderr_log.hpp>

#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>

namespace dagger::actors {

namespace {

spdlog::level::level_enum native(log_level x) {
  switch (x) {
  case log_level::off:
    return spdlog::level::off;
  case log_level::error:
    return spdlog::level::err;
  case log_level::warning:
    return spdlog::level::warn;
  case log_level::info:
    return spdlog::level::info;
  case log_level::debug:
    return spdlog::level::debug;
  }
  return spdlog::level::warn;
}

} // namespace

struct stderr_log::impl {
  spdlog::logger logger{"dagger", std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>()};
};

stderr_log::stderr_log(log_level level) : impl_(std::make_unique<impl>()) {
  impl_->logger.set_level(native(level));
}

stderr_log::~stderr_log() = default;

void stderr_log::write(log_level level, std::string_view text) const {
  impl_->logger.log(native(level), "{}", text);
}

} // namespace dagger::actors
