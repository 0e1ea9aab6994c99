// Views that keep their store open.
#include <dagger/actors/snapshots.hpp>

#include <dagger/limits.hpp>

#include <string>
#include <utility>

namespace dagger::actors {

namespace {

using counter = std::shared_ptr<std::atomic<std::size_t>>;

/// A place among those that are counted.
class place {
public:
  explicit place(counter open) : open_(std::move(open)) {
    if (++*open_ <= limits::views)
      return;
    --*open_;
    throw error{code::limit,
                std::to_string(limits::views) + " views of the store are open",
                {},
                "let go of views when they have been read"};
  }
  ~place() {
    --*open_;
  }
  place(const place&) = delete;
  place& operator=(const place&) = delete;

private:
  counter open_;
};

class held_view : public store::view {
public:
  held_view(std::shared_ptr<store::store> from, counter open)
    : place_(std::move(open)),
      store_(std::move(from)),
      inner_(store_->read()) {}

  result<std::optional<store::record>> get(store::table t, std::string_view key) override {
    return inner_->get(t, key);
  }

  result<void> scan(store::table t, std::string_view from, store::direction d,
                    const visitor& visit) override {
    return inner_->scan(t, from, d, visit);
  }

private:
  place place_;                         // given back when the view has ended
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
  return std::make_unique<held_view>(std::move(from), open_);
}

void snapshots::close() {
  auto guard = std::lock_guard{mutex_};
  store_.reset();
}

} // namespace dagger::actors
