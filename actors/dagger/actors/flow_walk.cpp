// How threads walk a flow: each goes on with the first node that its last one made ready and
// leaves the others on its list, from which idle ones take half. A graph with priorities,
// resources or a bound of its own has one queue for all instead.
#include <dagger/actors/flow_worker.hpp>

#include <algorithm>
#include <utility>

namespace dagger::actors {

namespace {

/// Looks at the lists of others before a worker gives its thread back: about as long as it takes
/// to wake one.
constexpr auto looks_before_leaving = 100;

} // namespace

void flow_execution::walk(worker& me) {
  me.thread = std::this_thread::get_id();
  me.now = stamp();
  auto x = flow_item{};
  while (next(me, x))
    do {
      auto end = step(me, x);
      if (end == step_end::lost)
        return;
      if (end == step_end::pending)
        break;
    } while (go_on(me, x));
}

/// What to do next; false if there is nothing, and the thread is not this worker's any more.
bool flow_execution::next(worker& me, flow_item& x) {
  if (!program_->ordered) {
    if (take(me, x))
      return true;
    for (auto i = 0; i < looks_before_leaving && !over_; ++i)
      if (steal(me, x))
        return true;
  }
  auto guard = std::unique_lock{mutex_};
  while (!over_) {
    if (program_->ordered) {
      if (take_in_order(x)) {
        me.now = stamp();
        return true;
      }
      break;
    }
    if (!has_work())
      break;
    guard.unlock();
    if (steal(me, x))
      return true;
    guard.lock();
  }
  active_.store(active_ - 1, std::memory_order_relaxed);
  free_.push_back(me.shared_from_this());
  end_if_drained(guard);
  return false;
}

bool flow_execution::take(worker& me, flow_item& x) {
  auto& mine = *shards_[me.place];
  auto guard = std::lock_guard{mine.mutex};
  if (mine.stack.empty())
    return false;
  x = mine.stack.back();
  mine.stack.pop_back();
  if (!mine.stack.empty())
    __builtin_prefetch(&program_->tables->nodes[mine.stack.back().node]);
  return true;
}

/// Takes the older half of somebody's list, or of what was left on the own one.
bool flow_execution::steal(worker& me, flow_item& x) {
  for (auto i = std::size_t{0}; i < shards_.size(); ++i) {
    auto& other = *shards_[(me.place + i) % shards_.size()];
    auto taken = std::vector<flow_item>{};
    {
      auto guard = std::unique_lock{other.mutex, std::try_to_lock};
      if (!guard || other.stack.empty())
        continue;
      auto half = other.stack.begin() + static_cast<std::ptrdiff_t>((other.stack.size() + 1) / 2);
      taken.assign(other.stack.begin(), half);
      other.stack.erase(other.stack.begin(), half);
    }
    x = taken.back();
    taken.pop_back();
    if (!taken.empty()) {
      auto& mine = *shards_[me.place];
      auto guard = std::lock_guard{mine.mutex};
      mine.stack.insert(mine.stack.begin(), taken.begin(), taken.end());
    }
    me.now = stamp();
    return true;
  }
  return false;
}

/// With the lock held.
bool flow_execution::take_in_order(flow_item& x) {
  if (running_ >= limit_)
    return false;
  auto found = queue_.pop();
  if (!found)
    return false;
  ++running_;
  x = {found->node, found->element};
  invite(1);
  return true;
}

/// With the lock held: whether some list is not empty.
bool flow_execution::has_work() {
  return std::ranges::any_of(shards_, [](auto& x) {
    auto guard = std::lock_guard{x->mutex};
    return !x->stack.empty();
  });
}

/// One node, or one element. What became ready is in `me.ready` then.
flow_execution::step_end flow_execution::step(worker& me, flow_item x) {
  if (auto verdict = core_.may_start(x.node); verdict != graph::run::verdict::start) {
    if (verdict == graph::run::verdict::skip)
      refuse(x, me.ready);
    return step_end::went_on;
  }
  core_.approach(x.node);
  auto& row = program_->tables->nodes[x.node];
  auto& f = me.frame;
  f.node = x.node;
  f.before = program_->edges.before(x.node).data();
  f.claimed = f.kept = false;
  f.end = flow_parts::call_end::completed;
  if (row.kind != flow_parts::node_kind::plain && x.element == flow_item::whole) {
    if (row.kind == flow_parts::node_kind::each)
      spread(me, x.node);
    else if (start_pending(me, x))
      return step_end::pending;
    return step_end::went_on;
  }
  if (x.element != flow_item::whole && elements_.at(x.node)->failed) {
    settle_element(x, task_state::skipped, me.ready);
    return step_end::went_on;
  }
  f.running = worker::running(++me.serial);
  me.item.store(x.key(), std::memory_order_relaxed);
  me.started.store(me.now, std::memory_order_relaxed);
  me.phase.store(f.running, std::memory_order_release);
  call(me, x);
  if (!f.claimed && !f.claim())
    return step_end::lost;
  auto ended = stamp();
  if (f.end == flow_parts::call_end::completed && row.settings == 0
      && x.element == flow_item::whole) {
    auto& at = core_.at(x.node);
    at.started = me.now;
    at.ended = me.now = ended;
    ++at.attempts;
    core_.completed(x.node, me.ready);
  } else {
    me.now = ended;
    conclude(me, x);
  }
  return step_end::went_on;
}

/// Deals out what has become ready; true if this worker goes on with `x`.
bool flow_execution::go_on(worker& me, flow_item& x) {
  if (program_->ordered) {
    done_in_order(x, me.ready);
    me.ready.clear();
    return false;
  }
  if (me.ready.empty())
    return false;
  x = {me.ready.front()};
  if (me.ready.size() > 1) {
    auto& mine = *shards_[me.place];
    {
      auto guard = std::lock_guard{mine.mutex};
      for (auto i = me.ready.size() - 1; i > 0; --i)
        mine.stack.push_back({me.ready[i]});
    }
    if (active_.load(std::memory_order_relaxed) < limit_) {
      auto guard = std::lock_guard{mutex_};
      invite(1);
    }
  }
  me.ready.clear();
  return true;
}

/// The run was stopped before it has started, or has been tried again.
void flow_execution::refuse(flow_item x, nodes& ready) {
  auto has_begun = [&] {
    auto guard = std::lock_guard{mutex_};
    auto past = remarks_.find(x.key());
    return past != remarks_.end() && past->second.failures > 0;
  }();
  if (has_begun)
    fail_for_good(x, ready);
  else if (x.element == flow_item::whole)
    core_.stopped(x.node, ready);
  else
    settle_element(x, task_state::skipped, ready);
}

void flow_execution::add_ready(const nodes& ready) {
  auto items = std::vector<flow_item>{};
  items.reserve(ready.size());
  for (auto node : ready)
    items.push_back({node});
  add_items(items);
}

/// From outside of the walk, or more than one worker should do.
void flow_execution::add_items(const std::vector<flow_item>& xs) {
  if (!program_->ordered && !xs.empty()) {
    auto guard = std::lock_guard{shards_[0]->mutex};
    auto& stack = shards_[0]->stack;
    stack.insert(stack.end(), xs.rbegin(), xs.rend());
  }
  auto guard = std::unique_lock{mutex_};
  if (program_->ordered)
    for (auto& x : xs)
      enqueue(x);
  invite(xs.size());
  end_if_drained(guard);
}

/// With the lock held.
void flow_execution::enqueue(flow_item x) {
  queue_.push({program_->tables->settings_of(x.node).priority, x.node, x.element},
              program_->uses_of(x.node));
}

/// With the lock held: gives threads to up to `most` workers, if there is work for them.
void flow_execution::invite(std::size_t most) {
  while (most-- > 0 && active_ < limit_ && !over_) {
    if (program_->ordered && (running_ >= limit_ || !queue_.has_next()))
      return;
    if (free_.empty()) {
      auto made = std::make_shared<worker>();
      made->place = static_cast<std::uint32_t>(workers_.size());
      workers_.push_back(made);
      free_.push_back(std::move(made));
    }
    auto who = std::move(free_.back());
    free_.pop_back();
    active_.store(active_ + 1, std::memory_order_relaxed);
    launch(std::move(who));
  }
}

/// With the lock held.
void flow_execution::launch(std::shared_ptr<worker> who) {
  who->owner = this;
  auto& f = who->frame;
  f.values = values_.get();
  f.places = program_->places.data();
  f.progress = &core_.at(0);
  f.phase = &who->phase;
  f.worker = who.get();
  if (services_->launch([self = shared_from_this(), who] { self->walk(*who); }))
    return;
  active_.store(active_ - 1, std::memory_order_relaxed);
  free_.push_back(std::move(who));
  if (active_ > 0)
    return; // they do it
  core_.cancel();
  if (!why_cancelled_)
    why_cancelled_ = error{code::unavailable, "no thread can be started"};
}

/// In order: a node has ended, or needs its place no longer.
void flow_execution::done_in_order(flow_item x, const nodes& ready) {
  auto guard = std::unique_lock{mutex_};
  queue_.give_back(program_->uses_of(x.node));
  --running_;
  for (auto node : ready)
    enqueue({node});
  invite(ready.size() + 1);
  end_if_drained(guard);
}

/// With the lock held, which may be given back. The caller keeps this alive.
void flow_execution::end_if_drained(std::unique_lock<std::mutex>& guard) {
  if (over_ || active_ > 0 || running_ > 0 || holds_ > 0 || !pending_.empty())
    return;
  auto mode = core_.mode_now();
  if (mode == graph::run::mode::held || mode == graph::run::mode::cancelled) {
    queue_.clear();
    for (auto& x : shards_) {
      auto inner = std::lock_guard{x->mutex};
      x->stack.clear();
    }
  } else if (backing_off_ > 0 || !queue_.empty() || has_work()) {
    return;
  }
  over_ = true;
  backing_off_ = 0;
  timers_.clear();
  state_ = core_.finish();
  if (why_cancelled_ && why_cancelled_->code != code::cancelled)
    state_ = job_state::failed;
  ended_ = time_of(stamp());
  auto tell = std::exchange(on_end_, nullptr);
  guard.unlock();
  services_->ended(*this);
  if (tell)
    tell(*this);
}

} // namespace dagger::actors
