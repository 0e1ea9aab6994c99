// The agent `shell`: runs a script.
#pragma once

#include <dagger/actions/children.hpp>
#include <dagger/agent.hpp>

#include <memory>

namespace dagger::actions {

/// Runs `script` with `sh -eu` (and `-o pipefail` where the shell has it), in a process group of
/// its own. `{name}` stands for the input of that name, quoted (`codec/shell_text.hpp`). Also
/// `cwd`, `env`, `stdin`. Returns `stdout`, `stderr`, `exit_code`; another exit status than 0 is
/// the failure exit_status with the last lines of stderr. Running groups are noted in `notes`.
agent shell(std::shared_ptr<children> notes);

} // namespace dagger::actions
