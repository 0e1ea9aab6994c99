// Group commit.
//
//   planner ──parcel──► keeper ──flush──► keeper    (flush queues behind what already waits)
//                         │ one transaction for all that gathered
//                         ▼
//              release: commands go out, the planner hears `written`, the hub of new messages
//
//   store full ──► keeps everything, tries again every second
//   any other error ──► drops everything, the engine ends: memory is ahead of the disk
#include <dagger/actors/keeper.hpp>

#include <algorithm>
#include <map>

namespace dagger::actors {

keeper::keeper(self_ptr<handle> self, std::shared_ptr<keeper_setup> setup)
  : self_(self),
    setup_(std::move(setup)),
    alarm_(setup_->clock->add([to = handle{self}] { post(to, flush{}); })) {}

keeper::handle::behavior_type keeper::make_behavior() {
  stop_on_exceptions(self_);
  return {
    [this](parcel_ptr& x) { gather(std::move(x)); },
    [this](flush) {
      flushing_ = false;
      commit();
    },
  };
}

void keeper::gather(parcel_ptr x) {
  gathered_.push_back(std::move(x));
  if (setup_->broken)
    drop_all();
  else if (!full_)
    flush_soon();
}

void keeper::flush_soon() {
  if (!flushing_) {
    flushing_ = true;
    tell(self_, handle{self_}, flush{});
  }
}

/// How many of the gathered parcels go into one transaction.
std::size_t keeper::next_commit() {
  batches_.clear();
  auto bytes = std::size_t{0};
  auto n = std::size_t{0};
  for (; n < gathered_.size(); ++n) {
    auto& writes = gathered_[n]->writes;
    if (!batches_.empty() && bytes + writes.bytes() > limits::commit_bytes)
      break;
    bytes += writes.bytes();
    if (!writes.empty())
      batches_.push_back(&writes);
  }
  return n;
}

void keeper::commit() {
  if (setup_->broken)
    drop_all();
  if (gathered_.empty())
    return;
  auto n = next_commit();
  auto wrote = !batches_.empty();
  auto done = wrote ? setup_->store->commit(batches_) : store::committed{};
  if (!done) {
    failed(done.error());
    return;
  }
  if (full_) {
    full_ = false;
    setup_->on_full(std::nullopt);
  }
  tell_of_messages(*done);
  pass(n, *done);
  if (wrote)
    setup_->on_write();
  if (!gathered_.empty())
    flush_soon();
}

void keeper::pass(std::size_t n, const store::committed& done) {
  auto passed = std::span{gathered_}.first(n);
  setup_->release(passed);
  auto positions = std::span{done.positions};
  for (auto& x : passed) {
    if (x->on_disk)
      x->on_disk(positions.first(x->writes.appends()));
    positions = positions.subspan(x->writes.appends());
    for (auto& then : x->passed)
      then();
  }
  gathered_.erase(gathered_.begin(), gathered_.begin() + static_cast<std::ptrdiff_t>(n));
}

/// Channels hear of every message that was added, in the order of positions.
void keeper::tell_of_messages(const store::committed& done) {
  auto added = std::map<store::log_id, dagger::log::messages_appended>{};
  auto i = std::size_t{0};
  auto repeated = done.repeated.begin();
  for (auto* batch : batches_) {
    if (!batch->has_messages()) {
      i += batch->appends();
      continue;
    }
    for (auto k = std::size_t{0}; k < batch->size(); ++k) {
      auto change = (*batch)[k];
      if (change.verb != store::batch::verb::append)
        continue;
      auto position = done.positions[i++];
      repeated = std::find_if(repeated, done.repeated.end(), [&](auto x) { return x + 1 >= i; });
      if (change.log < store::log_id::first_channel
          || (repeated != done.repeated.end() && *repeated + 1 == i))
        continue;
      auto& x = added[change.log];
      if (x.rows.empty())
        x = {change.log, position, {}};
      x.rows.push_back(std::make_shared<const std::string>(change.body));
    }
  }
  for (auto& [log, x] : added)
    setup_->on_appended(std::move(x));
}

void keeper::failed(const error& why) {
  if (why.code == code::store_full && setup_->waits_for_room && !setup_->ending) {
    full_ = true;
    setup_->on_full(why);
    setup_->clock->set(alarm_, setup_->clock->now() + full_store_pause);
    return;
  }
  setup_->broken = true;
  setup_->on_broken(why);
  drop_all();
}

void keeper::drop_all() {
  for (auto& x : gathered_)
    for (auto& then : x->passed)
      then();
  gathered_.clear();
}

} // namespace dagger::actors
