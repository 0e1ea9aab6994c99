// Views that keep their store open.
#include <dagger/actors/snapshots.hpp>

namespace dagger::actors {

namespace {

class held_view : public store::view {
public:
  held_view(std::shared_ptr<store::store> from, std::unique_ptr<store::view> inner)
    : store_(std::move(from)),
      inner_(std::move(inner)) {}

  result<std::optional<store::record>> get(store::table t, std::string_view key) override {
    return inner_->get(t, key);
  }

  result<void> scan(store::table t, std::string_view from, store::direction d,
                    const visitor& visit) override {
    return inner_->scan(t, from, d, visit);
  }

private:
  std::shared_ptr<store::store> store_; // ends after the view
  std::unique_ptr<store::view> inner_;
};

} // namespace

std::unique_ptr<store::view> snapshots::read() const {
  auto from = std::shared_ptr<store::store>{};
  {
    auto guard = std::lock_guard{mutex_};
    from = store_;
  }
  if (!from)
    throw error{code::attempt_lost, "the engine has ended, its store is closed"};
  auto inner = from->read();
  return std::make_unique<held_view>(std::move(from), std::move(inner));
}

void snapshots::close() {
  auto guard = std::lock_guard{mutex_};
  store_.reset();
}

} // namespace dagger::actors
