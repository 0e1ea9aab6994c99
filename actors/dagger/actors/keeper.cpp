// Group commit.
//
//   planner ──parcel──► keeper ──flush──► keeper    (flush queues behind what already waits)
//                         │ one transaction for all that gathered
//                         ▼
//              release: commands go out, the planner hears `written`, the hub of new messages
//
//   joint transactions: the planner's part comes first, and waits here for that of the hub
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
  if (x->from == parcel::maker::hub)
    joint_ = std::max(joint_, x->joint);
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

/// What goes into the next transaction. Parcels of one maker keep their order; of a joint
/// transaction both parts are in it or none, even where that makes it larger.
void keeper::choose() {
  auto left = std::vector<parcel_ptr>{};
  auto bytes = std::size_t{0};
  auto planned = std::uint64_t{0}; // joint transactions whose parts are in
  auto routed = std::uint64_t{0};
  auto waits = false;
  auto full = false;
  for (auto& x : gathered_) {
    auto size = x->writes.bytes();
    auto planners = x->from == parcel::maker::planner;
    waits |= planners && x->joint > joint_;
    full |= bytes > 0 && bytes + size > limits::commit_bytes && planned == routed;
    if (full || (planners && waits)) {
      left.push_back(std::move(x));
      continue;
    }
    bytes += size;
    if (x->joint > 0)
      (planners ? planned : routed) = x->joint;
    chosen_.push_back(std::move(x));
  }
  gathered_ = std::move(left);
  for (auto& x : chosen_)
    if (!x->writes.empty())
      batches_.push_back(&x->writes);
}

void keeper::commit() {
  if (setup_->broken)
    drop_all();
  if (chosen_.empty()) // else the store was full, and they come first
    choose();
  if (chosen_.empty())
    return;
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
  batches_.clear();
  pass(*done);
  if (wrote)
    setup_->on_write();
  if (!gathered_.empty())
    flush_soon();
}

void keeper::pass(const store::committed& done) {
  setup_->release(chosen_);
  auto positions = std::span{done.positions};
  for (auto& x : chosen_) {
    if (x->on_disk)
      x->on_disk(positions.first(x->writes.appends()));
    positions = positions.subspan(x->writes.appends());
    for (auto& then : x->passed)
      then();
  }
  chosen_.clear();
}

/// Channels hear of every message that was added, in the order of positions.
void keeper::tell_of_messages(const store::committed& done) {
  auto added = std::map<store::log_id, dagger::log::messages_appended>{};
  auto i = std::size_t{0};
  auto repeated = done.repeated.begin();
  // Who begins to read looks at the store after he has said so: nothing is missed between.
  auto jobs = setup_->jobs_are_read.load();
  for (auto* batch : batches_) {
    if (!batch->has_messages() && !(jobs && batch->appends() > 0)) {
      i += batch->appends();
      continue;
    }
    for (auto k = std::size_t{0}; k < batch->size(); ++k) {
      auto change = (*batch)[k];
      if (change.verb != store::batch::verb::append)
        continue;
      auto position = done.positions[i++];
      repeated = std::find_if(repeated, done.repeated.end(), [&](auto x) { return x + 1 >= i; });
      if ((change.log < store::log_id::first_channel
           && !(jobs && change.log == store::log_id::jobs))
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
  for (auto* xs : {&chosen_, &gathered_})
    for (auto& x : *xs)
      for (auto& then : x->passed)
        then();
  batches_.clear();
  chosen_.clear();
  gathered_.clear();
}

} // namespace dagger::actors
