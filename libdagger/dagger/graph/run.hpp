// Which node of a graph can start, what a failure skips, and when nothing is left. Runs nothing,
// waits for nothing, and knows neither attempts nor time.
#pragma once

#include <dagger/graph/graph.hpp>
#include <dagger/plan/states.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace dagger::graph {

/// Why a node was skipped.
enum class skip_cause : std::uint8_t {
  none,       // it was not
  itself,     // its own condition, or its own function
  upstream,   // of those before it; `node_progress::because` is the first that went wrong, or else
              // the first that has not completed
  no_failure, // it waits for one, and there was none
  stopped,    // a failure has stopped the run
};

/// How far one node is. Times are the caller's, in a unit of its own.
struct node_progress {
  std::int64_t started = 0;
  std::int64_t ended = 0;
  std::uint32_t because = 0;
  std::uint16_t attempts = 0;
  /// waiting, completed, failed, skipped or cancelled.
  task_state state = task_state::waiting;
  skip_cause cause : 4 = skip_cause::none;
  /// It was skipped because something has failed.
  bool failed_upstream : 1 = false;
  /// It failed and nobody behind it has been told: the run was paused.
  bool kept_back : 1 = false;
};

/// One passage through a graph. The functions about one node are called by whoever runs it, for
/// several nodes at once from any threads; `begin`, `finish` and `resume` by one, while no node
/// runs. What can start now is appended to `ready`.
class run {
public:
  enum class mode : std::uint8_t { going, stopped, held, cancelled };
  enum class verdict : std::uint8_t { start, skip, hold };
  using nodes = std::vector<std::uint32_t>;

  /// `graph` outlives this. `policy` is for nodes that do not say.
  run(const dagger::graph::graph& graph, on_failure policy);

  /// The nodes that nothing comes before, in order.
  void begin(nodes& ready) const;

  /// Whether a node that was ready starts. `skip`: hand it to `stopped`; `hold`: drop it, it is
  /// ready again after `resume`.
  verdict may_start(std::uint32_t node) const {
    auto now = mode_now();
    return now == mode::going ? verdict::start : verdict_in(now, node);
  }

  /// The node is about to run: asks for the memory that its end will write, which another core may
  /// hold.
  void approach(std::uint32_t node) const;

  void completed(std::uint32_t node, nodes& ready);
  /// By itself.
  void skipped(std::uint32_t node, nodes& ready);
  /// Because `may_start` has said so.
  void stopped(std::uint32_t node, nodes& ready);
  /// For good: there will be no other attempt.
  void failed(std::uint32_t node, nodes& ready);
  /// It was cut off by `cancel`. Nothing follows.
  void cancelled(std::uint32_t node);

  /// Nothing new starts until `resume`. Without effect on a run that was stopped or cancelled.
  void hold();
  /// Nothing new starts any more.
  void cancel();

  mode mode_now() const {
    return mode_.load(std::memory_order_acquire);
  }

  /// Nothing runs any more and nothing can start: how the run has ended. Nodes that a cancelled run
  /// has not reached are cancelled.
  job_state finish();

  /// Goes on with a run that was held: all that can start, what failed and paused it included.
  void resume(nodes& ready);

  const node_progress& at(std::uint32_t node) const {
    return progress_[node];
  }

  /// For times and attempts, which are the caller's.
  node_progress& at(std::uint32_t node) {
    return progress_[node];
  }

  const dagger::graph::graph& graph() const {
    return graph_;
  }

private:
  /// Zeroed memory that nobody has written yet.
  template <class T>
  class pages {
  public:
    explicit pages(std::size_t n) : size_(n * sizeof(T)), at_(map(size_)) {}
    ~pages() {
      unmap(at_, size_);
    }
    pages(const pages&) = delete;
    pages& operator=(const pages&) = delete;

    T& operator[](std::size_t i) const {
      return static_cast<T*>(at_)[i];
    }

  private:
    std::size_t size_;
    void* at_;
  };

  static void* map(std::size_t size);
  static void unmap(void* at, std::size_t size);

  enum class decision : std::uint8_t { wait, start, skip };

  verdict verdict_in(mode now, std::uint32_t node) const;
  void tell(std::uint32_t node, nodes& ready);
  void tell_one(std::uint32_t node, bool completed, nodes& ready, nodes& skipped);
  decision decide(std::uint32_t node);
  void skip(std::uint32_t node, skip_cause cause);

  const dagger::graph::graph& graph_;
  pages<node_progress> progress_;
  /// By node: how many of the nodes before it have settled, and a bit if one has not completed.
  /// Apart from the rest, because these are what threads share.
  pages<std::uint32_t> arrived_;
  on_failure policy_;
  std::atomic<mode> mode_ = mode::going;
  std::atomic<bool> failed_ = false;
};

} // namespace dagger::graph
