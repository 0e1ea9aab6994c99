// `dagger completion`: scripts for shells.
#include "completion.hpp"

#include <memory>

namespace dagger::apps {

action declare_completion(options& to) {
  auto shell = std::make_shared<std::string>();
  to.argument_of(*shell, "SHELL", {"bash", "zsh", "fish"},
                 "bash, zsh or fish. They read the script from their folder of completions, or: "
                 "eval \"$(dagger completion bash)\"");
  return [shell](program& self) {
    self.out.print(completion_script(*shell, self.name));
    return exit_code::done;
  };
}

} // namespace dagger::apps
