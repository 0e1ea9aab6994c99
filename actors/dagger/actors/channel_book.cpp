// What was read before a change is not kept after it.
#include <dagger/actors/channel_book.hpp>

#include <dagger/log/rows.hpp>

namespace dagger::actors {

namespace {

/// Channels whose schema is remembered; then it begins anew.
constexpr auto most = std::size_t{4'096};

} // namespace

result<std::shared_ptr<const channel_book::entry>> channel_book::find(const std::string& channel,
                                                                      store::view& from) {
  auto guard = std::unique_lock{mutex_};
  if (auto found = known_.find(channel); found != known_.end())
    return found->second;
  auto changes = changes_;
  guard.unlock();
  auto row = dagger::log::find_channel(from, channel);
  if (!row)
    return fail(std::move(row.error()));
  auto made = std::make_shared<entry>();
  if (*row) {
    made->log = (*row)->log;
    made->dedup_window = (*row)->options.dedup_window;
  }
  if (*row && (*row)->schema_version > 0) {
    auto compiled = schema::validator::compile((*row)->options.schema);
    if (!compiled)
      return fail(std::move(compiled.error()));
    made->schema = std::move(*compiled);
    made->version = (*row)->schema_version;
  }
  guard.lock();
  if (changes == changes_) {
    if (known_.size() >= most)
      known_.clear();
    known_.emplace(channel, made);
  }
  return made;
}

void channel_book::forget(const std::string& channel) {
  auto guard = std::lock_guard{mutex_};
  ++changes_;
  known_.erase(channel);
}

} // namespace dagger::actors
