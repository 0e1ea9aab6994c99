// A store over another one that can be told to fail, and counts. Knows no engine.
#pragma once

#include <dagger/store/store.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace dagger::test {

class faulty_store : public store::store {
public:
  /// Asked before each commit with its number (1, 2, ...) and its batches: an error is given
  /// instead of a commit. May commit a part of it by itself.
  using judge = std::function<std::optional<error>(std::size_t number,
                                                   std::span<const dagger::store::batch* const>)>;

  explicit faulty_store(std::shared_ptr<store> inner, judge decide = {})
    : inner_(std::move(inner)),
      decide_(std::move(decide)) {}

  result<dagger::store::committed>
  commit(std::span<const dagger::store::batch* const> batches) override {
    auto decide = judge{};
    auto number = std::size_t{0};
    {
      auto guard = std::lock_guard{mutex_};
      decide = decide_;
      number = ++commits_;
    }
    if (decide)
      if (auto why = decide(number, batches))
        return fail(std::move(*why));
    return inner_->commit(batches);
  }

  std::unique_ptr<dagger::store::view> read() const override {
    return inner_->read();
  }

  result<dagger::store::statistics> measure() const override {
    return inner_->measure();
  }

  void decide(judge by) {
    auto guard = std::lock_guard{mutex_};
    decide_ = std::move(by);
  }

  std::size_t commits() const {
    auto guard = std::lock_guard{mutex_};
    return commits_;
  }

private:
  std::shared_ptr<store> inner_;
  mutable std::mutex mutex_;
  judge decide_;
  std::size_t commits_ = 0;
};

} // namespace dagger::test
