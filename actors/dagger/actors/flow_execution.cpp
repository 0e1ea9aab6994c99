// The beginning and the end of a run.
#include <dagger/actors/flow_execution.hpp>

#include <dagger/actors/flow_worker.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace dagger::actors {

namespace {

constexpr auto alignment = std::align_val_t{64};

std::byte* raw_memory(std::size_t size) {
  return size == 0 ? nullptr : static_cast<std::byte*>(::operator new(size, alignment));
}

void free_memory(std::byte* x) {
  ::operator delete(x, alignment);
}

} // namespace

flow_execution::flow_execution(shared_program what, std::shared_ptr<const flow_services> services)
  : program_(std::move(what)),
    services_(std::move(services)),
    core_(program_->edges, program_->tables->settings.on_failure),
    values_(raw_memory(program_->values_size), &free_memory),
    has_input_(program_->edges.size()),
    limit_(program_->tables->settings.max_parallel > 0 ? program_->tables->settings.max_parallel
                                                       : services_->workers),
    queue_(program_->pool) {
  for (auto i = std::uint32_t{0}; i < limit_; ++i)
    shards_.push_back(std::make_unique<shard>());
  for (auto node : program_->lists)
    elements_.emplace(node, nullptr);
}

flow_execution::~flow_execution() {
  if (!program_->has_destructors)
    return;
  auto& all = program_->tables->nodes;
  for (auto node = std::uint32_t{0}; node < all.size(); ++node)
    if (all[node].value && all[node].value->destroy && (value_of(node) || has_input_[node]))
      all[node].value->destroy(place_of(node));
}

void* flow_execution::place_of(std::uint32_t node) const {
  return values_.get() + std::size_t{program_->places[node]} * flow_parts::frame::place_bytes;
}

const void* flow_execution::value_of(std::uint32_t node) const {
  if (core_.at(node).state != task_state::completed || !program_->tables->nodes[node].value)
    return nullptr;
  return place_of(node);
}

void flow_execution::make_input(std::uint32_t node, const std::function<void(void*)>& make) {
  make(place_of(node));
  has_input_[node] = true;
}

void flow_execution::set_input(std::uint32_t node, const void* from) {
  make_input(node, [&](void* to) { program_->tables->nodes[node].value->copy(from, to); });
}

bool flow_execution::take_fallback(std::uint32_t node) {
  auto& fallback = program_->tables->settings_of(node).fallback;
  if (!fallback)
    return false;
  set_input(node, fallback.get());
  return true;
}

std::int64_t flow_execution::stamp() const {
  if (services_->virtual_time)
    return std::chrono::nanoseconds{services_->clock->now().time_since_epoch()}.count();
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

timestamp flow_execution::time_of(std::int64_t stamp) const {
  return started_
       + std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::nanoseconds{stamp - base_});
}

void flow_execution::begin(end_callback on_end) {
  started_ = services_->clock->now();
  base_ = stamp();
  on_end_ = std::move(on_end);
  over_ = false;
  auto first = nodes{};
  core_.begin(first);
  auto ready = nodes{};
  for (auto node : first)
    if (program_->tables->nodes[node].kind == flow_parts::node_kind::input) {
      core_.at(node).started = core_.at(node).ended = base_;
      core_.completed(node, ready);
    } else {
      ready.push_back(node);
    }
  if (auto time = program_->tables->settings.timeout; time > duration{0})
    add_timer(later(started_, time), {.kind = timer_kind::whole});
  add_ready(ready);
}

bool flow_execution::resume(end_callback on_end) {
  auto ready = nodes{};
  {
    auto guard = std::lock_guard{mutex_};
    if (!over_ || state_ != job_state::paused)
      return false;
    on_end_ = std::move(on_end);
    over_ = false;
    state_ = job_state::running;
    ++passage_;
    followed_ = graph::run::mode::going;
    first_failed_.reset();
    for (auto& [key, x] : remarks_)
      x.failures = 0;
    core_.resume(ready);
  }
  if (auto time = program_->tables->settings.timeout; time > duration{0})
    add_timer(later(services_->clock->now(), time), {.kind = timer_kind::whole});
  add_ready(ready);
  return true;
}

void flow_execution::hold() {
  if (over_)
    return;
  core_.hold();
  follow_mode();
}

void flow_execution::cancel(error why) {
  {
    auto guard = std::lock_guard{mutex_};
    if (over_)
      return;
    ++holds_;
    if (!why_cancelled_)
      why_cancelled_ = std::move(why);
  }
  core_.cancel();
  follow_mode();
  // Whatever began just then, and saw nothing of this.
  add_timer(later(time_of(stamp()), services_->grace), {.kind = timer_kind::sweep});
  release();
}

void flow_execution::give_up() {
  auto inside = std::vector<std::shared_ptr<flow_execution>>{};
  {
    auto guard = std::lock_guard{mutex_};
    core_.cancel();
    over_ = true;
    on_end_ = nullptr;
    for (auto& who : workers_) {
      auto phase = who->phase.load(std::memory_order_acquire);
      if ((phase & 1) != 0 && who->phase.compare_exchange_strong(phase, worker::lost))
        services_->leave_behind(who->thread);
    }
    for (auto& [node, x] : sub_flows_)
      inside.push_back(x);
  }
  for (auto& x : inside)
    x->give_up();
}

} // namespace dagger::actors
