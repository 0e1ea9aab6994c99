// STORE/control.sock, from both sides. Knows nothing of what is said there.
#pragma once

#include <dagger/actors/descriptor.hpp>
#include <dagger/result.hpp>

#include <filesystem>

namespace dagger::actors {

/// The end that an engine listens at, without blocking. The name goes with the object.
class control_socket {
public:
  /// Only the owner of the store may connect. What a dead engine has left there is replaced: the
  /// caller holds the store's lock. Errors: unavailable, store_readonly.
  static result<control_socket> open(const std::filesystem::path& store);

  control_socket(control_socket&&) noexcept = default;
  control_socket& operator=(control_socket&&) = delete;
  ~control_socket();

  int get() const {
    return listener_.get();
  }

private:
  control_socket(descriptor directory, descriptor listener)
    : directory_(std::move(directory)),
      listener_(std::move(listener)) {}

  descriptor directory_; // the name is short, whatever the store's path is
  descriptor listener_;
};

/// Connects to the engine that holds this store; reads and writes of it block. Errors: not_found
/// (nobody listens there), unavailable.
result<descriptor> connect_to_engine(const std::filesystem::path& store);

} // namespace dagger::actors
