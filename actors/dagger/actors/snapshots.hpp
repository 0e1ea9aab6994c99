// Views of the store for agents, results and queries, which may outlive the engine:
// after `close` there are none, and the store ends with the last view.
#pragma once

#include <dagger/store/store.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>

namespace dagger::actors {

/// Hands out views of a store. Safe to use from any thread.
class snapshots {
public:
  explicit snapshots(std::shared_ptr<store::store> from) : store_(std::move(from)) {}

  /// A snapshot of now. Throws `error`: attempt_lost when the engine has ended, limit when there
  /// are `limits::views` already. The engine's own reads always have room.
  std::unique_ptr<store::view> read() const;

  void close();

private:
  mutable std::mutex mutex_;
  std::shared_ptr<store::store> store_;
  std::shared_ptr<std::atomic<std::size_t>> open_ = std::make_shared<std::atomic<std::size_t>>(0);
};

/// A snapshot that is made when somebody looks: most events and visits need none. `Source` is a
/// store or `snapshots`.
template <class Source>
class lazy_view : public store::view {
public:
  explicit lazy_view(const Source& from) : source_(from) {}

  result<std::optional<store::record>> get(store::table t, std::string_view key) override {
    return opened().get(t, key);
  }

  result<void> scan(store::table t, std::string_view from, store::direction d,
                    const visitor& visit) override {
    return opened().scan(t, from, d, visit);
  }

private:
  store::view& opened() {
    if (!view_)
      view_ = source_.read();
    return *view_;
  }

  const Source& source_;
  std::unique_ptr<store::view> view_;
};

} // namespace dagger::actors
