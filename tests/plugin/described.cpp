// A library that says of itself what it is told to say. Whoever calls its entry ends here.
#include <dagger/dagger.hpp>

#include <cstdlib>

namespace {

void entry(dagger::plugin_agents&) {
  std::abort();
}

} // namespace

extern "C" __attribute__((visibility("default"))) const dagger::plugin_descriptor* dagger_plugin() {
  static constexpr auto self = dagger::plugin_descriptor{SAID_VERSION, SAID_ABI, SAID_SIZE, entry};
  return &self;
}
