// What one thread that walks a flow has for itself.
#pragma once

#include <dagger/actors/flow_execution.hpp>

namespace dagger::actors {

/// Nodes that are ready. The worker takes from the end, others from the beginning.
struct alignas(64) flow_execution::shard {
  std::mutex mutex;
  std::vector<flow_item> stack;
};

/// Belongs to one thread at a time, which may never come back: then another worker takes the place.
struct alignas(64) flow_execution::worker : std::enable_shared_from_this<worker> {
  static constexpr std::uint64_t lost = 2;

  /// 0: between two attempts; an odd number: in the attempt `serial`; `lost`: the attempt was given
  /// up, and with it this worker.
  std::atomic<std::uint64_t> phase = 0;
  std::atomic<std::uint64_t> item = 0; // key of the current one
  std::atomic<std::int64_t> started = 0;
  std::uint64_t serial = 0;
  std::int64_t now = 0; // the last stamp
  flow_parts::frame frame;
  nodes ready; // by what it has just settled
  flow_execution* owner = nullptr;
  std::uint32_t place = 0; // in `workers_` and `shards_`
  std::thread::id thread;

  std::mutex mutex;
  std::optional<std::stop_source> stop; // of attempt `stop_serial`
  std::uint64_t stop_serial = 0;
  std::uint64_t stopped_serial = 0; // has been asked to stop
  std::uint64_t timed_out_serial = 0;

  static std::uint64_t running(std::uint64_t serial) {
    return serial << 1 | 1;
  }
};

struct flow_execution::elements {
  const flow_parts::element_calls* calls = nullptr;
  void* results = nullptr;
  std::vector<graph::node_progress> progress;
  /// That have not settled.
  std::atomic<std::size_t> left = 0;
  /// No further ones start.
  std::atomic<bool> failed = false;
  std::uint32_t first_failed = 0; // if one of them has

  ~elements() {
    if (results)
      calls->destroy(results);
  }
};

} // namespace dagger::actors
