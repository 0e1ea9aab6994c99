// What those who publish need to know of channels: schemas, compiled once and shared by all
// threads.
#pragma once

#include <dagger/result.hpp>
#include <dagger/schema/validator.hpp>
#include <dagger/store/store.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace dagger::actors {

/// Safe to use from any thread.
class channel_book {
public:
  struct entry {
    schema::validator schema;
    /// 0: there is none.
    std::uint32_t version = 0;
    /// Of the channel; {}: it is not there.
    store::log_id log{};
    duration dedup_window{0};
  };

  /// What stands in the store.
  result<std::shared_ptr<const entry>> find(const std::string& channel, store::view& from);

  /// It has changed.
  void forget(const std::string& channel);

private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const entry>> known_;
  std::uint64_t changes_ = 0;
};

} // namespace dagger::actors
