// Loads plugins. Nothing of a library is called before all that it says of itself is compared.
#include <dagger/plugin.hpp>

#include <dagger/actors/engine_impl.hpp>

#include <array>
#include <cerrno>
#include <dlfcn.h>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace dagger {

void plugin_agents::add(agent x) {
  added_.push_back(std::move(x));
}

std::vector<agent> plugin_agents::take() {
  return std::exchange(added_, {});
}

namespace {

namespace fs = std::filesystem;

constexpr auto how_to_make_one = "a plugin is a shared library with DAGGER_PLUGIN in one of its "
                                 "sources; examples/plugin is a template";
constexpr auto how_to_mend = "build it again, with this version of Dagger and its compiler";

/// Everything that is said about one file.
class plugin_file {
public:
  explicit plugin_file(const fs::path& file) : file_(file) {}

  [[noreturn]] void refuse(std::string why, std::string_view hint) const {
    throw error{code::invalid_input, std::move(why), file_.string(), std::string{hint}};
  }

  /// The dynamic linker would tell of some of this as well, in words of its own; a pipe it would
  /// wait for.
  void must_be_a_library() const {
    auto failed = std::error_code{};
    const auto found = fs::status(file_, failed);
    if (found.type() == fs::file_type::not_found)
      refuse("there is no such file", "plugins are named by their path, as ./libNAME.so");
    if (failed)
      refuse("cannot be looked at: " + failed.message(), {});
    if (!fs::is_regular_file(found))
      refuse("is no file", how_to_make_one);
    auto in = std::ifstream{file_, std::ios::binary};
    if (!in)
      refuse("cannot be read: " + std::generic_category().message(errno), {});
    constexpr std::string_view elf = "\x7f"
                                     "ELF";
    auto first = std::array<char, elf.size()>{};
    in.read(first.data(), first.size());
    if (!in || std::string_view{first.data(), first.size()} != elf)
      refuse("is no shared library", how_to_make_one);
  }

  /// Never given back. `RTLD_LOCAL`: plugins do not see each other.
  void* opened() const {
    const auto path = fs::absolute(file_).string();
    if (void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL))
      return library;
    auto why = std::string{::dlerror()};
    // It may begin with the path, which is said anyway.
    if (why.starts_with(path + ": "))
      why.erase(0, path.size() + 2);
    refuse("cannot be loaded: " + why, how_to_mend);
  }

  const plugin_descriptor& descriptor(void* library) const {
    void* symbol = ::dlsym(library, plugin_symbol);
    if (!symbol)
      refuse("is no plugin: it has no symbol '" + std::string{plugin_symbol} + "'",
             how_to_make_one);
    const auto describe = reinterpret_cast<const plugin_descriptor* (*)()>(symbol);
    const auto* found = describe();
    if (!found || !found->version || !found->abi || !found->entry)
      refuse("is no plugin: it says nothing of itself", how_to_make_one);
    return *found;
  }

  void must_match(const plugin_descriptor& x) const {
    if (std::string_view{x.version} != headers_version)
      refuse("is for Dagger " + std::string{x.version} + ", this is " + headers_version,
             how_to_mend);
    if (std::string_view{x.abi} != compiler_abi.text)
      refuse("was compiled with " + std::string{x.abi} + "; this Dagger with " + compiler_abi.text,
             how_to_mend);
    if (x.agent_size != sizeof(agent))
      refuse("its agents have " + std::to_string(x.agent_size) + " bytes, here they have "
               + std::to_string(sizeof(agent)),
             how_to_mend);
  }

  std::vector<agent> agents(const plugin_descriptor& x) const {
    auto staged = plugin_agents{};
    auto why = std::string{};
    try {
      x.entry(staged);
      return staged.take();
    } catch (const std::exception& thrown) {
      why = thrown.what();
    } catch (...) {
      why = "something that is no std::exception";
    }
    refuse("has thrown while it added its agents, and none of them is here: " + why, {});
  }

private:
  const fs::path& file_;
};

} // namespace

void load_plugin(engine& to, const fs::path& library) {
  const auto file = plugin_file{library};
  file.must_be_a_library();
  const auto& self = file.descriptor(file.opened());
  file.must_match(self);
  auto all = file.agents(self);
  try {
    to.internals().add_all(std::move(all));
  } catch (error& why) {
    why.where = library.string();
    if (why.code == code::conflict)
      why.hint = "load each plugin once; of this one nothing was added";
    throw;
  }
}

} // namespace dagger
