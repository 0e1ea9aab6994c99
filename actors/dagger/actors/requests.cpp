// What users ask an engine for: looked at in their own threads, then an event for the planner.
//
//   user ──signal, pause, ...──► clients: a number, a future
//                         └──event with that number──► planner ─► keeper ──done, refuse──► clients
#include <dagger/actors/agent.hpp>
#include <dagger/actors/changes.hpp>
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/schema/validator.hpp>

#include <algorithm>
#include <utility>

#include <sys/statvfs.h>

namespace dagger {

using namespace actors;

namespace {

std::size_t bytes_of(const plan::job_spec& spec) {
  auto sum = spec.id.size() + spec.inputs.bytes().size() + spec.outputs.bytes().size();
  for (auto& x : spec.tasks)
    sum += sizeof x + x.name.size() + x.input.bytes().size();
  return sum;
}

std::size_t bytes_of(const plan::tasks_added& x) {
  auto sum = x.id.size();
  for (auto& task : x.tasks)
    sum += sizeof task + task.name.size() + task.input.bytes().size();
  return sum;
}

std::size_t bytes_of(const plan::task_removed& x) {
  return x.id.size() + x.task.size();
}

std::size_t bytes_of(const plan::task_enabled& x) {
  return x.id.size() + x.task.size() + x.input.bytes().size();
}

std::size_t bytes_of(const plan::input_set& x) {
  return x.id.size() + x.task.size() + x.input.bytes().size();
}

error closing_now() {
  return {code::cancelled, "the engine is closing"};
}

} // namespace

std::optional<error> engine::impl::refusal(const plan::job_spec& spec) const {
  if (keeping_->ending)
    return closing_now();
  if (auto why = directory_->refusal(spec))
    return why;
  return out_of_space();
}

/// New work is refused while there is still room to end the old.
std::optional<error> engine::impl::out_of_space() const {
  if (options_.store.empty())
    return std::nullopt;
  struct statvfs disk {};
  if (::statvfs(options_.store.c_str(), &disk) != 0)
    return std::nullopt;
  auto left = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (left >= limits::min_free_bytes)
    return std::nullopt;
  return error{code::store_full,
               "only " + std::to_string(left >> 20) + " MiB are free on the store's disk",
               options_.store.string(),
               "free at least " + std::to_string(limits::min_free_bytes >> 20) + " MiB"};
}

void engine::impl::tell_planner(plan::event x, std::optional<dagger::log::event> then) {
  if (then)
    post(planner_, std::make_shared<joint_events>(joint_events{std::move(x), std::move(*then)}));
  else
    post(planner_, to_event(std::move(x)));
}

submission engine::impl::submit(plan::job_spec spec, std::optional<dagger::log::event> then) {
  if (auto why = refusal(spec))
    return clients::refused(std::move(spec.id), *why);
  auto hash = plan::hash_of(spec);
  auto client = clients_.open(spec.id, bytes_of(spec));
  if (!client)
    return clients::refused(std::move(spec.id), client.error());
  auto event = plan::job_submitted{std::make_shared<const plan::job_spec>(std::move(spec)),
                                   std::move(hash), client->id};
  tell_planner(std::move(event), std::move(then));
  return std::move(client->handle);
}

submission engine::impl::resume(std::string id) {
  if (keeping_->ending)
    return clients::refused(std::move(id), closing_now());
  auto client = clients_.open(id, id.size());
  if (!client)
    return clients::refused(std::move(id), client.error());
  post(planner_, to_event(plan::job_resumed{std::move(id), client->id}));
  return std::move(client->handle);
}

/// Hands an event with a client to the planner.
template <class Event>
future<void> engine::impl::request(Event x, std::size_t bytes,
                                   std::optional<dagger::log::event> then) {
  auto client = clients_.open(bytes);
  if (!client)
    return clients::refused(client.error());
  x.client = client->id;
  tell_planner(std::move(x), std::move(then));
  return std::move(client->done);
}

template future<void> engine::impl::request(plan::step_done, std::size_t,
                                            std::optional<dagger::log::event>);
template future<void> engine::impl::request(plan::signal_received, std::size_t,
                                            std::optional<dagger::log::event>);

future<void> engine::impl::await(message_wait which) {
  return keeping_->ending ? clients::refused(closing_now()) : waits_->add(which);
}

/// Why the task that would get the value cannot take it. Where nobody waits, nobody can say; that
/// there is no such job the planner says, who hears of it first.
std::optional<error> engine::impl::unfit_for_its_wait(const std::string& job_id,
                                                      const std::string& name,
                                                      const json& value) const {
  auto view = views_->read();
  auto waits = plan::signal_waits(*view, job_id);
  if (!waits)
    return waits.error().code == code::not_found ? std::nullopt : std::optional{waits.error()};
  // The planner gives it to the first one.
  auto taker = std::ranges::find(*waits, name, &plan::signal_wait::signal);
  if (taker == waits->end() || taker->schema.empty())
    return std::nullopt;
  auto text = parse_json(taker->schema);
  if (!text)
    return std::move(text.error());
  auto schema = schema::validator::compile(*text);
  if (!schema)
    return std::move(schema.error());
  auto wrong = schema->check(value);
  if (wrong.empty())
    return std::nullopt;
  return error{code::invalid_input, "task '" + taker->task_name + "' does not take this as '" + name
                                      + "': " + schema::to_text(wrong)};
}

future<void> engine::impl::signal(std::string job_id, std::string name, const json& value,
                                  signal_options options) {
  if (keeping_->ending)
    return clients::refused(closing_now());
  if (name.starts_with(reserved_signals))
    return clients::refused({code::invalid_input, "signals with names that begin with '"
                                                    + std::string{reserved_signals}
                                                    + "' are the engine's own"});
  auto text = to_payload(value, "the signal", limits::signal_bytes);
  if (!text) {
    auto why = std::move(text.error());
    if (why.code == code::invalid_output)
      why.code = code::invalid_input;
    return clients::refused(why);
  }
  try {
    if (auto why = unfit_for_its_wait(job_id, name, value))
      return clients::refused(*why);
  } catch (const error& why) {
    return clients::refused(why);
  }
  auto bytes = job_id.size() + name.size() + text->bytes().size();
  return request(
    plan::signal_received{std::move(job_id), std::move(name), std::move(*text), options.queue},
    bytes);
}

future<void> engine::impl::decide(plan::review_decided x) {
  if (keeping_->ending)
    return clients::refused(closing_now());
  if (x.reason.size() > limits::error_bytes)
    return clients::refused(
      {code::too_large, "a reason has at most " + std::to_string(limits::error_bytes) + " bytes"});
  auto bytes = x.job.size() + x.task.size() + x.reason.size();
  return request(std::move(x), bytes);
}

future<void> engine::impl::pause(std::string job_id) {
  auto bytes = job_id.size();
  return keeping_->ending ? clients::refused(closing_now())
                          : request(plan::job_paused{std::move(job_id)}, bytes);
}

future<void> engine::impl::cancel(std::string job_id) {
  auto bytes = job_id.size();
  return keeping_->ending ? clients::refused(closing_now())
                          : request(plan::job_cancelled{std::move(job_id)}, bytes);
}

future<void> engine::impl::purge(std::string job_id) {
  auto bytes = job_id.size();
  return keeping_->ending ? clients::refused(closing_now())
                          : request(plan::job_purged{std::move(job_id)}, bytes);
}

future<void> engine::impl::retry(std::string job_id, std::string from,
                                 std::shared_ptr<const plan::job_spec> with) {
  if (keeping_->ending)
    return clients::refused(closing_now());
  auto bytes = job_id.size() + from.size();
  auto event = plan::job_retried{};
  event.id = std::move(job_id);
  event.from = std::move(from);
  if (with) {
    if (with->id != event.id)
      return clients::refused({code::invalid_input, "the new definition is that of job '" + with->id
                                                      + "', not of '" + event.id + "'"});
    if (auto why = refusal(*with))
      return clients::refused(*why);
    bytes += bytes_of(*with);
    event.hash = plan::hash_of(*with);
    event.with = std::move(with);
  }
  return request(std::move(event), bytes);
}

// -- changes of a run that goes on ---------------------------------------------

std::vector<error> engine::impl::check_node(std::string_view job_id, const json& node,
                                            const node_options& from) const {
  try {
    auto view = views_->read();
    auto found = actors::changes{*view, *directory_, job_id}.add_nodes(node, from);
    return found ? std::vector<error>{} : std::move(found.error());
  } catch (error& why) {
    return {std::move(why)};
  }
}

/// `ask` gives an event, or nothing if that is so already; what it throws is the refusal.
template <class Ask>
future<void> engine::impl::change(std::string job_id, Ask ask) {
  return changes_.add([this, id = std::move(job_id), ask = std::move(ask)]() -> future<void> {
    if (keeping_->ending)
      return clients::refused(closing_now());
    try {
      auto view = views_->read();
      auto event = ask(actors::changes{*view, *directory_, id});
      view.reset();
      if (event) {
        auto bytes = bytes_of(*event);
        return request(std::move(*event), bytes);
      }
      auto done = future<void>::promise{};
      done.set({});
      return done.future();
    } catch (const error& why) {
      return clients::refused(why);
    }
  });
}

future<void> engine::impl::add_node(std::string job_id, json node, node_options from) {
  auto ask = [node = std::move(node), from = std::move(from)](actors::changes&& in) {
    auto found = in.add_nodes(node, from);
    if (found)
      return std::move(*found);
    auto why = std::move(found.error().front());
    if (auto more = found.error().size() - 1; more > 0)
      why.message +=
        " (and " + std::to_string(more) + (more == 1 ? " more problem)" : " more problems)");
    throw why;
  };
  return change(std::move(job_id), std::move(ask));
}

future<void> engine::impl::add_task(std::string job_id, plan::task_spec x) {
  return change(std::move(job_id),
                [x = std::move(x)](actors::changes&& in) { return in.add_task(x); });
}

future<void> engine::impl::remove_node(std::string job_id, std::string node) {
  return change(std::move(job_id), [node = std::move(node)](actors::changes&& in) {
    return std::optional{in.remove(node)};
  });
}

future<void> engine::impl::enable(std::string job_id, std::string node, bool enabled) {
  return change(std::move(job_id), [node = std::move(node), enabled](actors::changes&& in) {
    return std::optional{in.enable(node, enabled)};
  });
}

future<void> engine::impl::set_input(std::string job_id, std::string node, json values) {
  return change(std::move(job_id), [node = std::move(node), values = std::move(values)](
                                     actors::changes&& in) { return in.set_input(node, values); });
}

} // namespace dagger
