// Nodes that are more than one call: a function for each element of a list, a flow, an agent.
#include <dagger/actors/flow_worker.hpp>

#include <dagger/actors/value_of.hpp>
#include <dagger/graph/reference.hpp>

#include <algorithm>
#include <utility>

namespace dagger::actors {

namespace {

using flow_parts::call_end;

failure to_failure(const error& x) {
  auto f = flow_parts::frame{};
  f.fail(x);
  return std::move(f.why);
}

failure current_failure() {
  try {
    throw;
  } catch (const error& x) {
    return to_failure(x);
  } catch (const std::exception& x) {
    return {.message = x.what()};
  } catch (...) {
    return {.message = "threw something that is no std::exception"};
  }
}

} // namespace

// -- lists --------------------------------------------------------------------

/// Makes all elements ready that have not completed; the node itself ends with the last of them.
void flow_execution::spread(worker& me, std::uint32_t node) {
  auto& f = me.frame;
  auto& at = core_.at(node);
  auto& row = program_->tables->nodes[node];
  at.started = me.now;
  try {
    if (row.settings != 0 && !may_be_called(f)) {
      if (f.end == call_end::skipped)
        return skip({node}, std::exchange(f.why, {}).message, me.ready);
      return conclude_badly({node}, {me.now, me.now, std::exchange(f.why, {})}, me.ready);
    }
  } catch (...) {
    return conclude_badly({node}, {me.now, me.now, current_failure()}, me.ready);
  }
  auto items = std::vector<flow_item>{};
  auto& all = elements_.at(node);
  if (!all) {
    all = std::make_unique<elements>();
    all->calls = row.type->elements;
    all->progress.resize(all->calls->size(f));
    all->results = all->calls->make(all->progress.size());
  }
  for (auto i = std::uint32_t{0}; i < all->progress.size(); ++i)
    if (all->progress[i].state != task_state::completed) {
      all->progress[i].state = task_state::waiting;
      items.push_back({node, i});
    }
  all->failed = false;
  // One more, so that none of them ends the node before all are on the list.
  all->left = items.size() + 1;
  add_items(items);
  settle_element({node}, task_state::completed, me.ready);
}

/// `x` is an element, or the node itself for what keeps it open while it spreads.
void flow_execution::settle_element(flow_item x, task_state how, nodes& ready) {
  auto& all = *elements_.at(x.node);
  if (x.element != flow_item::whole) {
    all.progress[x.element].state = how;
    if (how != task_state::completed && !all.failed.exchange(true))
      all.first_failed = x.element;
  }
  if (all.left.fetch_sub(1, std::memory_order_acq_rel) > 1)
    return;
  auto& at = core_.at(x.node);
  at.ended = stamp();
  ++at.attempts;
  if (!all.failed) {
    auto f = flow_parts::frame{};
    f.node = x.node;
    f.values = values_.get();
    f.places = program_->places.data();
    all.calls->finish(f, all.results);
    return core_.completed(x.node, ready);
  }
  if (core_.mode_now() == graph::run::mode::cancelled)
    return core_.cancelled(x.node);
  {
    auto guard = std::lock_guard{mutex_};
    auto why = failure{.code = std::string{code::cancelled}, .message = "the run was stopped"};
    auto i = flow_item{x.node, all.first_failed};
    if (auto past = remarks_.find(i.key()); past != remarks_.end())
      why = past->second.attempts.back().why;
    why.message = name_of(i) + ": " + why.message;
    remarks_[flow_item{x.node}.key()].attempts.push_back({at.started, at.ended, std::move(why)});
  }
  fail_for_good({x.node}, ready);
}

// -- what runs elsewhere ------------------------------------------------------

/// False if it has ended already.
bool flow_execution::start_pending(worker& me, flow_item x) {
  auto& f = me.frame;
  auto& said = program_->tables->settings_of(x.node);
  try {
    if (!may_be_called(f)) {
      if (f.end == call_end::skipped)
        skip(x, std::exchange(f.why, {}).message, me.ready);
      else
        conclude_badly(x, {me.now, me.now, std::exchange(f.why, {})}, me.ready);
      return false;
    }
  } catch (...) {
    conclude_badly(x, {me.now, me.now, current_failure()}, me.ready);
    return false;
  }
  auto serial = [&] {
    auto guard = std::lock_guard{mutex_};
    auto& one = pending_[x.key()];
    one.serial = ++last_serial_;
    one.started = me.now;
    return one.serial;
  }();
  if (said.timeout > duration{0})
    add_timer(later(time_of(me.now), said.timeout), {timer_kind::time_out, x, nullptr, serial});
  try {
    if (program_->tables->nodes[x.node].kind == flow_parts::node_kind::sub_flow)
      start_sub_flow(x, serial);
    else
      start_action(x, serial);
  } catch (...) {
    end_pending(x, serial, current_failure(), {});
  }
  return true;
}

void flow_execution::start_sub_flow(flow_item x, std::uint64_t serial) {
  auto& body = *static_cast<const flow_parts::sub_flow_body*>(program_->tables->nodes[x.node].body);
  auto inside = paused_sub_flow(x.node);
  auto goes_on = inside != nullptr;
  if (!goes_on)
    inside = new_sub_flow(x.node);
  {
    auto guard = std::lock_guard{mutex_};
    sub_flows_[x.node] = inside;
    pending_.at(x.key()).cancel = [of = std::weak_ptr{inside}] {
      if (auto there = of.lock())
        there->cancel({code::cancelled, "the flow around it was stopped"});
    };
  }
  auto on_end = [self = shared_from_this(), x, serial, output = body.output](flow_execution& end) {
    if (end.state() == job_state::paused)
      return self->pause_with(x, serial);
    if (end.state() != job_state::completed)
      return self->end_pending(
        x, serial,
        to_failure(end.why_failed().value_or(error{code::cancelled, "the sub-flow was cancelled"})),
        {});
    auto* type = end.program().tables->nodes[output].value;
    auto* value = end.value_of(output);
    if (type && !value)
      return self->end_pending(x, serial,
                               failure{.code = std::string{code::invalid_output},
                                       .message = "'" + end.program().tables->shown_name(output)
                                                + "' of the sub-flow has no value"},
                               {});
    self->end_pending(x, serial, {}, [&](void* to) {
      if (type)
        type->copy(value, to);
    });
  };
  if (goes_on)
    inside->resume(std::move(on_end));
  else
    inside->begin(std::move(on_end));
}

/// Null if there is none.
std::shared_ptr<flow_execution> flow_execution::paused_sub_flow(std::uint32_t node) const {
  auto guard = std::lock_guard{mutex_};
  auto found = sub_flows_.find(node);
  if (found == sub_flows_.end() || found->second->state() != job_state::paused)
    return nullptr;
  return found->second;
}

std::shared_ptr<flow_execution> flow_execution::new_sub_flow(std::uint32_t node) const {
  auto& body = *static_cast<const flow_parts::sub_flow_body*>(program_->tables->nodes[node].body);
  auto made = std::make_shared<flow_execution>(program_->sub_flows.at(node), services_);
  auto before = program_->edges.before(node);
  for (auto k = std::size_t{0}; k < body.inputs.size(); ++k)
    made->set_input(body.inputs[k], value_of(before[k]));
  for (auto input : made->program().inputs)
    if (!made->has_input(input))
      made->take_fallback(input);
  return made;
}

/// A sub-flow is paused, and so is this: the node is ready again after `resume`. One that is being
/// ended cannot be paused any more: there the sub-flow has failed.
void flow_execution::pause_with(flow_item x, std::uint64_t serial) {
  core_.hold();
  auto is_held = core_.mode_now() == graph::run::mode::held;
  {
    auto guard = std::lock_guard{mutex_};
    auto found = pending_.find(x.key());
    if (found == pending_.end() || found->second.serial != serial)
      return;
    is_held = is_held && !found->second.timed_out;
    if (is_held)
      pending_.erase(found);
  }
  if (!is_held)
    return end_pending(
      x, serial,
      failure{.code = std::string{code::unavailable}, .message = "the sub-flow is paused"}, {});
  follow_mode();
  done_in_order(x, {});
}

/// What the agent gets: the references replaced by values of nodes.
json flow_execution::action_input(std::uint32_t node) const {
  auto& tables = *program_->tables;
  auto& body = *static_cast<const flow_parts::action_body*>(tables.nodes[node].body);
  auto known = [&](std::string_view name) { return body.nodes.contains(std::string{name}); };
  auto value = [&](std::string_view text) -> result<std::optional<json>> {
    auto ref = graph::parse_reference(text, known);
    if (!ref)
      return fail(std::move(ref.error()));
    if (ref->of_inputs()) {
      ref->node = ref->path.front();
      ref->path.erase(ref->path.begin());
    }
    auto which = body.nodes.at(ref->node);
    auto* from = value_of(which);
    auto* type = tables.nodes[which].value;
    if (!from)
      return std::optional{json(nullptr)};
    if (!type->to_json)
      return fail(error{code::misuse, "the value of '" + ref->node + "' has no JSON form"});
    auto made = type->to_json(from);
    return graph::read_output(*ref, &made).map([](json x) { return std::optional{std::move(x)}; });
  };
  return actors::value_of(graph::resolve(body.inputs, value));
}

void flow_execution::start_action(flow_item x, std::uint64_t serial) {
  auto& body = *static_cast<const flow_parts::action_body*>(program_->tables->nodes[x.node].body);
  static auto last = std::atomic<std::uint64_t>{0};
  auto id =
    "flow_" + std::to_string(started_.time_since_epoch().count()) + "_" + std::to_string(++last);
  auto one = job{id};
  auto options = task_options{};
  options.name = "node";
  options.agent = body.agent;
  options.input = action_input(x.node);
  one.add(std::move(options));
  {
    auto guard = std::lock_guard{mutex_};
    pending_.at(x.key()).cancel = [id, services = services_] { services->cancel_job(id); };
  }
  auto end = services_->submit(one);
  end.then([self = shared_from_this(), x, serial, id](const result<job_result>& done) {
    if (!done)
      return self->end_pending(x, serial, to_failure(done.error()), {});
    try {
      if (auto why = done->failure())
        return self->end_pending(x, serial, to_failure({why->code, why->message}), {});
      auto output = (*done)["node"];
      self->end_pending(x, serial, {}, [&](void* to) { new (to) json(std::move(output)); });
    } catch (const error& why) {
      self->end_pending(x, serial, to_failure(why), {});
    }
    self->services_->purge_job(id);
  });
}

void flow_execution::end_pending(flow_item x, std::uint64_t serial, std::optional<failure> why,
                                 const std::function<void(void*)>& store) {
  auto attempt = past_attempt{0, stamp(), {}};
  {
    auto guard = std::lock_guard{mutex_};
    auto found = pending_.find(x.key());
    if (found == pending_.end() || found->second.serial != serial)
      return;
    attempt.started = found->second.started;
    if (found->second.timed_out)
      why = failure{.code = std::string{code::timeout}, .message = "its time was over"};
  }
  auto ready = nodes{};
  try {
    if (!why && program_->tables->nodes[x.node].value)
      store(place_of(x.node));
  } catch (...) {
    why = current_failure();
  }
  // Before the next attempt can begin.
  {
    auto guard = std::lock_guard{mutex_};
    pending_.erase(x.key());
  }
  if (why) {
    attempt.why = std::move(*why);
    conclude_badly(x, std::move(attempt), ready);
  } else {
    auto& at = core_.at(x.node);
    at.started = attempt.started;
    at.ended = attempt.ended;
    ++at.attempts;
    core_.completed(x.node, ready);
  }
  done_in_order(x, ready);
}

} // namespace dagger::actors
