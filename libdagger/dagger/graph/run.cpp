// The arithmetic of readiness. A node settles once, then tells all behind it; the one that tells a
// node last decides about it. Skips spread by a list, not by recursion.
#include <dagger/graph/run.hpp>

#include <dagger/check.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <sys/mman.h>

namespace dagger::graph {

namespace {

constexpr auto not_completed = std::uint32_t{1} << 31;

/// From here on pages are worth asking for in large pieces.
constexpr auto large = std::size_t{4} << 20;

bool goes_on_when_stopped(run_if x) {
  return x == run_if::all_done || x == run_if::one_failed;
}

/// What the nodes before a node have come to.
struct tally {
  std::uint32_t completed = 0;
  std::uint32_t failed = 0;
  std::uint32_t others = 0;
};

bool holds(run_if rule, const tally& x) {
  switch (rule) {
  case run_if::all_success:
    return x.failed == 0 && x.others == 0;
  case run_if::all_done:
    return true;
  case run_if::one_success:
    return x.completed > 0;
  case run_if::one_failed:
    return x.failed > 0;
  case run_if::none_failed:
    return x.failed == 0;
  }
  return false;
}

} // namespace

// Zeroed memory is a `node_progress` of a node that nothing has happened to. It is left to whoever
// touches a page first: writing it here would take as long as running the nodes.
run::run(const dagger::graph::graph& graph, on_failure policy)
  : graph_(graph),
    progress_(graph.size()),
    arrived_(graph.size()),
    policy_(policy) {
  static_assert(std::is_trivially_copyable_v<node_progress> && task_state::waiting == task_state{}
                && skip_cause::none == skip_cause{});
}

void* run::map(std::size_t size) {
  if (size < large) {
    if (auto* at = std::calloc(std::max(size, std::size_t{1}), 1))
      return at;
    throw std::bad_alloc{};
  }
  auto* at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    throw std::bad_alloc{};
  ::madvise(at, size, MADV_HUGEPAGE); // a wish
  return at;
}

void run::unmap(void* at, std::size_t size) {
  if (size < large)
    std::free(at);
  else
    ::munmap(at, size);
}

void run::begin(nodes& ready) const {
  auto sources = graph_.sources();
  ready.insert(ready.end(), sources.begin(), sources.end());
}

run::verdict run::verdict_in(mode now, std::uint32_t node) const {
  if (now != mode::stopped)
    return verdict::hold;
  return goes_on_when_stopped(graph_.rule(node).run_if) ? verdict::start : verdict::skip;
}

void run::approach(std::uint32_t node) const {
  constexpr auto to_write = 1;
  __builtin_prefetch(&progress_[node], to_write);
  for (auto next : graph_.after(node))
    __builtin_prefetch(&arrived_[next], to_write);
}

void run::completed(std::uint32_t node, nodes& ready) {
  progress_[node].state = task_state::completed;
  tell(node, ready);
}

void run::skipped(std::uint32_t node, nodes& ready) {
  skip(node, skip_cause::itself);
  tell(node, ready);
}

void run::stopped(std::uint32_t node, nodes& ready) {
  skip(node, skip_cause::stopped);
  tell(node, ready);
}

void run::failed(std::uint32_t node, nodes& ready) {
  auto rule = graph_.rule(node);
  auto what = rule.on_failure.value_or(rule.optional ? on_failure::carry_on : policy_);
  progress_[node].state = task_state::failed;
  auto before = mode::going;
  if (what == on_failure::stop)
    mode_.compare_exchange_strong(before, mode::stopped);
  else if (what == on_failure::pause
           && (mode_.compare_exchange_strong(before, mode::held) || before == mode::held)) {
    progress_[node].kept_back = true;
    return;
  }
  if (!rule.optional || what == on_failure::stop) // it may have met a hold, which stays
    failed_ = true;
  tell(node, ready);
}

void run::cancelled(std::uint32_t node) {
  progress_[node].state = task_state::cancelled;
}

void run::hold() {
  auto before = mode::going;
  mode_.compare_exchange_strong(before, mode::held);
}

void run::cancel() {
  mode_ = mode::cancelled;
}

/// Tells all nodes behind it, and behind those that are skipped because of that.
void run::tell(std::uint32_t node, nodes& ready) {
  auto skipped = nodes{};
  tell_one(node, progress_[node].state == task_state::completed, ready, skipped);
  for (auto next = std::size_t{0}; next < skipped.size(); ++next)
    tell_one(skipped[next], false, ready, skipped);
}

void run::tell_one(std::uint32_t node, bool completed, nodes& ready, nodes& skipped) {
  auto all_start = !graph_.waits_for_failures() && mode_now() == mode::going;
  for (auto next : graph_.after(node)) {
    auto arrived = std::atomic_ref{arrived_[next]};
    if (!completed)
      arrived.fetch_or(not_completed, std::memory_order_relaxed);
    // Whoever comes last sees what the others have written about their nodes.
    auto sum = arrived.fetch_add(1, std::memory_order_acq_rel) + 1;
    if ((sum & ~not_completed) != graph_.in_degree(next))
      continue;
    if (all_start && (sum & not_completed) == 0)
      ready.push_back(next);
    else if (auto what = decide(next); what == decision::start)
      ready.push_back(next);
    else if (what == decision::skip)
      skipped.push_back(next);
  }
}

/// All nodes before it have settled.
run::decision run::decide(std::uint32_t node) {
  auto now = mode_now();
  if (now == mode::held || now == mode::cancelled)
    return decision::wait;
  auto sum = tally{};
  auto wrong = std::optional<std::uint32_t>{};
  auto other = std::optional<std::uint32_t>{}; // neither completed nor went it wrong
  for (auto before : graph_.before(node)) {
    auto& x = progress_[before];
    auto completed = x.state == task_state::completed;
    auto failed = x.state == task_state::failed || x.failed_upstream;
    ++(completed ? sum.completed : failed ? sum.failed : sum.others);
    if (auto& first = failed ? wrong : other; !completed && !first)
      first = before;
  }
  auto rule = graph_.rule(node).run_if;
  if (now == mode::stopped && !goes_on_when_stopped(rule)) {
    skip(node, skip_cause::stopped);
    return decision::skip;
  }
  if (graph_.in_degree(node) == 0 || holds(rule, sum))
    return decision::start;
  auto& x = progress_[node];
  x.failed_upstream = sum.failed > 0;
  x.because = (wrong ? wrong : other).value_or(0);
  skip(node, rule == run_if::one_failed ? skip_cause::no_failure : skip_cause::upstream);
  return decision::skip;
}

void run::skip(std::uint32_t node, skip_cause cause) {
  progress_[node].state = task_state::skipped;
  progress_[node].cause = cause;
  progress_[node].failed_upstream |= cause == skip_cause::stopped;
}

job_state run::finish() {
  auto now = mode_now();
  if (now == mode::held)
    return job_state::paused;
  if (now == mode::cancelled) {
    for (auto node = std::uint32_t{0}; node < graph_.size(); ++node)
      if (progress_[node].state == task_state::waiting)
        progress_[node].state = task_state::cancelled;
    return job_state::cancelled;
  }
  return failed_ || now == mode::stopped ? job_state::failed : job_state::completed;
}

void run::resume(nodes& ready) {
  check(mode_now() == mode::held, "only a run that was held is resumed");
  mode_ = mode::going;
  auto skipped = nodes{};
  for (auto node = std::uint32_t{0}; node < graph_.size(); ++node) {
    auto& x = progress_[node];
    if (x.kept_back) {
      x.kept_back = false;
      x.state = task_state::waiting;
      ready.push_back(node);
    } else if (x.state == task_state::waiting
               && (arrived_[node] & ~not_completed) == graph_.in_degree(node)) {
      if (auto what = decide(node); what == decision::start)
        ready.push_back(node);
      else if (what == decision::skip)
        skipped.push_back(node);
    }
  }
  for (auto next = std::size_t{0}; next < skipped.size(); ++next)
    tell_one(skipped[next], false, ready, skipped);
}

} // namespace dagger::graph
