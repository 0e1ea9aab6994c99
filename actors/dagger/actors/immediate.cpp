// What a visit does at once, whatever its outcome will be: looks at others, says that it lives,
// adds to its stream, makes a step.
#include <dagger/actors/changes.hpp>
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/outbox.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/codec/json.hpp>

#include <utility>

namespace dagger {

namespace {

using actors::to_payload;
using actors::value_of;

/// The flag stands while this lives.
class raised {
public:
  explicit raised(bool& flag) : flag_(flag) {
    flag_ = true;
  }
  ~raised() {
    flag_ = false;
  }
  raised(const raised&) = delete;
  raised& operator=(const raised&) = delete;

private:
  bool& flag_;
};

} // namespace

other_job task::impl::look_at(std::string_view job_id) const {
  auto view = where->views->read();
  auto found = value_of(plan::find_job(*view, job_id));
  if (!found)
    throw error{code::not_found, "there is no job '" + std::string{job_id} + "'"};
  auto made = other_job{found->id, found->state, nullptr};
  if (finished(made.state))
    made.outputs = value_of(plan::outputs_of(*view, *found));
  return made;
}

actors::outbox& task::impl::said() {
  if (!said_)
    said_ =
      std::make_shared<actors::outbox>(given.attempt, where->to_engine, control_->lost.get_token());
  return *said_;
}

void task::impl::heartbeat(const json& latest) {
  said().beat(latest.is_null() ? payload{} : value_of(to_payload(latest, "the progress")));
}

void task::impl::emit(const json& chunk) {
  using actors::outbox;
  auto text = value_of(to_payload(chunk, "the chunk", limits::chunk_bytes));
  value_of(said().put(std::move(text), agent->options.cooperative ? outbox::when_full::refuse
                                                                  : outbox::when_full::wait));
}

result<std::optional<json>> task::impl::stored_step(const std::string& name) const {
  auto view = where->views->read();
  auto& at = given.attempt;
  auto row = view->get(store::table::steps, store::key::step(at.job, at.task, given.round, name));
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return std::nullopt;
  return parse_json((*row)->body).map([](json x) { return std::optional{std::move(x)}; });
}

void task::impl::check_may_change() const {
  check_not_in_step("a change of the job");
  if (agent->options.cooperative)
    throw error{code::misuse, "a cooperative agent must not block, so it changes no job"};
}

void task::impl::change(
  const std::function<future<void>(engine::impl&, const std::string& job)>& what) const {
  check_may_change();
  value_of(
    where->to_engine->request([&](engine::impl& asked) { return what(asked, given.job_id); }));
}

/// An earlier attempt may have done it.
void task::impl::remove_node(const std::string& name) const {
  try {
    change([&](engine::impl& asked, auto& job) { return asked.remove_node(job, name); });
  } catch (const error& why) {
    auto view = where->views->read();
    if (why.code != code::not_found || !actors::has_been_removed(*view, given.job_id, name))
      throw;
  }
}

json task::impl::step(const std::string& name, const std::function<json()>& run) {
  check_not_in_step("a step");
  if (agent->options.cooperative)
    throw error{code::misuse, "a cooperative agent must not block, so it makes no steps"};
  if (name.empty() || name.size() > limits::name_bytes)
    throw error{code::invalid_input,
                "a step needs a name of 1 to " + std::to_string(limits::name_bytes) + " bytes"};
  if (steps_.contains(name))
    throw error{code::misuse, "this visit has made the step '" + name + "' already"};
  if (auto earlier = value_of(stored_step(name))) {
    steps_.insert(name);
    return std::move(*earlier);
  }
  auto made = [&] {
    auto inside = raised{in_step_};
    return run();
  }();
  steps_.insert(name);
  check_not_lost();
  auto text = value_of(to_payload(made, "what step '" + name + "' returned", limits::step_bytes));
  value_of(where->to_engine->step({given.attempt, name, text}));
  // What all later calls return: bytes that are not UTF-8 are replaced.
  return text.value();
}

} // namespace dagger
