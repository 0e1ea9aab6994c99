// What a visit collects: tasks, dependencies and jobs that become real with the outcome.
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/order.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace dagger {

namespace {

using actors::value_of;

std::string shown(const task_ref& x) {
  return x.added == task_ref::by_name ? "'" + x.name + "'"
                                      : "the added task " + std::to_string(x.added);
}

} // namespace

void task::impl::check_task(const task_ref& x, const char* role) const {
  if (x.added == task_ref::by_name ? x.name.empty() : x.added >= added_.size())
    throw error{code::not_found, std::string{role} + " names no task"};
}

void task::impl::check_not_in_step(std::string_view what) const {
  if (in_step_)
    throw error{code::misuse, std::string{what}
                                + " inside of a step: it would be missing when the step is not run"
                                  " again"};
}

void task::impl::expect(std::size_t n) {
  auto wanted = added_.size() + n;
  if (wanted > added_.capacity())
    added_.reserve(std::max(wanted, 2 * added_.capacity()));
}

task_ref task::impl::add(task_options options) {
  check_not_in_step("a task is added");
  if (auto ok = actors::check_shape(options.input, "the input"); !ok)
    throw error{code::invalid_input, ok.error().message};
  if (auto why = where->agents->refusal(options.agent, options.input, false))
    throw std::move(*why);
  for (auto& x : options.after)
    check_task(x, "`after`");
  auto alone = plan::job_spec{.id = "x"};
  // The bytes only: nobody looks into it again, and its parts are freed where they were made.
  auto bytes = payload::from_bytes(to_text(options.input));
  alone.tasks.push_back(plan::to_spec(std::move(options), std::move(bytes)));
  auto& spec = alone.tasks.front();
  auto after = std::exchange(spec.after, {});
  if (auto wrong = plan::problems(alone); !wrong.empty())
    throw std::move(wrong.front());
  spec.after = std::move(after);
  return add(std::move(spec));
}

task_ref task::impl::add(plan::task_spec spec) {
  if (added_.size() >= limits::tasks_per_job)
    throw error{code::limit,
                "a job has at most " + std::to_string(limits::tasks_per_job) + " tasks"};
  if (!spec.name.empty() && !names_.insert(spec.name).second)
    throw error{code::conflict, "a task '" + spec.name + "' has been added already"};
  added_.push_back(std::move(spec));
  return task_ref::nth(static_cast<std::uint32_t>(added_.size() - 1));
}

void task::impl::make_order(bool with_stored) {
  auto stored = std::optional<std::vector<plan::task_status>>{};
  if (with_stored) {
    auto view = where->views->read();
    auto rows = plan::tasks_of(*view, given.attempt.job);
    if (!rows)
      throw std::move(rows.error());
    stored = std::move(*rows);
  }
  order_ = std::make_unique<actors::order>(std::move(stored));
  for (auto& x : added_)
    order_->add(x);
  for (auto& x : new_dependencies_) {
    auto later = order_->number_of(x.task);
    auto earlier = order_->number_of(x.on);
    if (later && earlier)
      order_->put(*later, *earlier);
  }
}

/// The job is read when somebody names one of its tasks, and again only for a name that it did
/// not have then.
std::pair<std::uint32_t, std::uint32_t> task::impl::numbers_of(const task_ref& later,
                                                               const task_ref& earlier) {
  auto named = later.added == task_ref::by_name || earlier.added == task_ref::by_name;
  auto fresh = !order_ || (named && !order_->has_stored());
  if (fresh)
    make_order(named);
  for (auto n = order_->added(); n < added_.size(); ++n)
    order_->add(added_[n]);
  if (!fresh && (!order_->number_of(later) || !order_->number_of(earlier)))
    make_order(true);
  auto from = order_->number_of(later);
  auto to = order_->number_of(earlier);
  if (!from || !to)
    throw error{code::not_found, "there is no task " + shown(from ? earlier : later)};
  return {*from, *to};
}

void task::impl::set_summary(std::string text) {
  check_not_in_step("a summary is set");
  if (text.size() > limits::summary_bytes)
    text.resize(limits::summary_bytes);
  summary_ = to_valid_utf8(text);
}

std::string task::impl::submit(const plan::job_spec& spec, on_parent_end when_done) {
  check_not_in_step("a job is submitted");
  if (auto why = where->agents->refusal(spec))
    throw std::move(*why);
  auto hash = plan::hash_of(spec);
  auto same = [&](auto& x) { return x.spec->id == spec.id; };
  if (auto i = std::ranges::find_if(jobs_, same); i == jobs_.end())
    jobs_.push_back({std::make_shared<const plan::job_spec>(spec), std::move(hash), when_done});
  else if (i->hash != hash)
    throw error{code::id_conflict, "this visit has submitted another job '" + spec.id
                                     + "' already; " + plan::difference(*i->spec, spec)
                                     + " is different"};
  return spec.id;
}

/// The channel is there before the outcome that writes to it.
void task::impl::publish(const std::string& channel, message x, const publish_options& how) {
  check_not_in_step("a message is published");
  actors::check_not_delayed(how);
  auto now = where->to_engine->now();
  if (!now)
    throw error{code::attempt_lost, "the engine has ended"};
  auto& maker = *where->messages;
  auto row = value_of(maker.make(channel, x, how, *now));
  message_bytes_ += row.size();
  if (message_bytes_ > limits::payload_bytes)
    throw error{code::limit, "the messages of one outcome have at most "
                               + std::to_string(limits::payload_bytes) + " bytes"};
  auto known = value_of(maker.find(channel));
  if (known->log == store::log_id{}) {
    if (agent->options.cooperative)
      throw error{code::misuse,
                  "there is no channel '" + channel
                    + "', and a cooperative agent must not wait until it is there",
                  {},
                  "make it first: engine.channel({.name = \"" + channel + "\"})"};
    value_of(
      where->to_engine->request([&](engine::impl& to) { return to.channels().want(channel); }));
    known = value_of(maker.find(channel));
  }
  auto anew = !x.id.empty() && value_of(maker.is_anew(*known, x.id, *now));
  messages_.push_back({known->log, std::move(x.id), std::move(row), anew});
}

void task::impl::add_dependency(const task_ref& later, const task_ref& earlier) {
  check_not_in_step("a dependency is added");
  check_task(later, "the later one");
  check_task(earlier, "the earlier one");
  auto [from, to] = numbers_of(later, earlier);
  if (auto* row = order_->stored(from);
      row && row->state != task_state::waiting && row->state != task_state::ready)
    throw error{code::misuse, "task '" + row->name + "' has started, it cannot come after "
                                + shown(earlier) + " any more"};
  auto cycle = order_->cycle(from, to);
  if (cycle.empty()) {
    new_dependencies_.push_back({later, earlier});
    order_->put(from, to);
    return;
  }
  auto text = std::string{};
  cycle.push_back(cycle.front());
  for (auto x : cycle) {
    auto* row = order_->stored(x);
    auto added = x - static_cast<std::uint32_t>(order_->first_added());
    auto name = row ? row->name : added_[added].name;
    text += (text.empty() ? "" : " -> ") + (name.empty() ? shown(task_ref::nth(added)) : name);
  }
  throw error{code::wait_cycle, "this closes a cycle: " + text};
}

} // namespace dagger
