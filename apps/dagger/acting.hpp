// One change of one job: by the engine that holds the store, else by one of our own that applies
// it, commits, runs no task and ends.
#pragma once

#include "command.hpp"
#include "control_client.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dagger::apps {

/// The store that an acting command works on, which must be there.
result<std::filesystem::path> acted_on(const std::string& option);

/// Of an engine that holds the store, works on none of its jobs, and does not listen. `command` is
/// that of the person, for the error that others get meanwhile.
engine_options without_work(const program& self, const std::filesystem::path& store,
                            std::string_view command);

/// Calls `there` with a line to the engine that holds the store, else `here`. While a holder does
/// not listen yet or any more, or somebody takes the store before `here` does, it tries again, for
/// some seconds. Errors: store_in_use after that, and those of the two.
result<void> by_whoever_holds(const std::filesystem::path& store,
                              const std::function<result<void>(control_client&)>& there,
                              const std::function<result<void>()>& here);

/// Applies them, by one engine if nobody holds the store. `command` is that of the person, for the
/// error that others get meanwhile. Errors: not_found with the nearest id, and what the engine
/// refuses; the first one.
result<void> act(program& self, const std::filesystem::path& store, std::string_view command,
                 std::span<const actors::control_request> all);

/// The same of one, and everything that is wrong with it; empty: it is done.
std::vector<error> act_on(program& self, const std::filesystem::path& store,
                          std::string_view command, const actors::control_request& what);

/// What a person at a terminal is told after a change that nobody works on.
enum class next_step : std::uint8_t { nothing, resume };

/// `act`, with its end told: the exit code.
exit_code act_and_tell(program& self, const std::string& store_option, std::string_view command,
                       const actors::control_request& what, next_step next = next_step::resume);

} // namespace dagger::apps
