// Recording commits on their way to the store.
#include "support/recording.hpp"

namespace dagger::bench {

namespace {

/// The store writes its commit number beside what it is asked to write.
constexpr auto meta_rows_per_commit = std::size_t{1};

class recording_store final : public store::store {
public:
  recording_store(std::unique_ptr<store> inner, recording& into)
    : inner_(std::move(inner)),
      into_(into) {}

  result<dagger::store::committed>
  commit(std::span<const dagger::store::batch* const> batches) override {
    auto& all = into_.commits.emplace_back();
    for (auto b : batches)
      all.merge(*b);
    return inner_->commit(batches);
  }

  std::unique_ptr<dagger::store::view> read() const override {
    return inner_->read();
  }

  result<dagger::store::statistics> measure() const override {
    return inner_->measure();
  }

private:
  std::unique_ptr<store> inner_;
  recording& into_;
};

} // namespace

std::size_t recording::rows() const {
  auto n = std::size_t{0};
  for (auto& c : commits)
    n += c.size() + meta_rows_per_commit;
  return n;
}

std::size_t recording::bytes() const {
  auto n = std::size_t{0};
  for (auto& c : commits)
    n += c.bytes() + (c.size() + meta_rows_per_commit) * store::header_bytes;
  return n;
}

std::unique_ptr<store::store> record(std::unique_ptr<store::store> inner, recording& into) {
  return std::make_unique<recording_store>(std::move(inner), into);
}

} // namespace dagger::bench
