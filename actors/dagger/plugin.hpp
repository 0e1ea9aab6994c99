// Agents in a shared library of their own: `DAGGER_PLUGIN` makes one, `load_plugin` adds what is in
// it. No CAF in it.
#pragma once

#include <dagger/compiler_abi.hpp>
#include <dagger/engine.hpp>
#include <dagger/version.hpp>

#include <cstddef>
#include <filesystem>
#include <vector>

namespace dagger {

/// Where a plugin adds its agents. They reach the engine when it has added the last one: all of
/// them, or none.
class plugin_agents {
public:
  /// As `engine::add`, but what is wrong with the agent is told by `load_plugin`.
  void add(agent x);

  /// What has been added so far; nothing is left here.
  std::vector<agent> take();

private:
  std::vector<agent> added_;
};

/// What a plugin says of itself. Members, their order and their types are the same in every
/// version: this is read before anybody knows which version it is.
struct plugin_descriptor {
  /// `headers_version` of the headers that it was compiled with.
  const char* version = nullptr;
  /// `compiler_abi` of its compiler.
  const char* abi = nullptr;
  /// `sizeof(agent)` in it.
  std::size_t agent_size = 0;
  /// Adds its agents.
  void (*entry)(plugin_agents&) = nullptr;
};

/// The one symbol of a plugin: a function in C that gives its descriptor.
inline constexpr auto plugin_symbol = "dagger_plugin";

/// Adds the agents of the plugin in this file; it is never looked for elsewhere. Throws `error`
/// with the file as its place, and nothing is added then: `invalid_input` (there is no such file,
/// it is no library or lacks one that it needs, it is no plugin, it was built for another version
/// of Dagger or by another compiler, it threw, one of its agents is not well-formed), `conflict`
/// (the name of one is taken; also if the plugin is there already). The library stays loaded until
/// the process ends, whatever happens: nobody knows which of its functions still run.
void load_plugin(engine& to, const std::filesystem::path& library);

} // namespace dagger

/// Makes a shared library a plugin; stands once in it, at the top level of a source, and is
/// followed by the body of a function that adds the agents:
///
///     DAGGER_PLUGIN(engine) {
///       engine.add({.name = "greeter", .run = greet});
///     }
///
/// `engine` is the name of the function's `plugin_agents&`. The body is called once for each engine
/// that loads the plugin. A macro, because it must be compiled in the plugin: version, compiler and
/// sizes are those that were seen there, and a symbol in C has a name that all compilers agree on.
#define DAGGER_PLUGIN(engine)                                                                      \
  static void dagger_plugin_entry(::dagger::plugin_agents& engine);                                \
  extern "C" __attribute__((visibility("default"))) const ::dagger::plugin_descriptor*             \
  dagger_plugin() {                                                                                \
    static constexpr auto self =                                                                   \
      ::dagger::plugin_descriptor{::dagger::headers_version, ::dagger::compiler_abi.text,          \
                                  sizeof(::dagger::agent), dagger_plugin_entry};                   \
    return &self;                                                                                  \
  }                                                                                                \
  static void dagger_plugin_entry(::dagger::plugin_agents& engine)
