// The public door. Decides nothing, opens stores.
#include <dagger/engine.hpp>

#include <dagger/actions/children.hpp>
#include <dagger/actor_agent.hpp>
#include <dagger/actors/engine_impl.hpp>
#include <dagger/flow.hpp>

namespace dagger {

namespace {

std::shared_ptr<store::store> opened(const engine_options& options) {
  if (options.store.empty())
    return store::make_memory();
  auto how = store::lmdb_options{};
  how.holder = options.holder;
  auto made = store::open_lmdb(options.store, how);
  if (!made)
    throw std::move(made.error());
  // The store is ours now: what a crash of its last engine has left behind ends before any of its
  // tasks starts again.
  actions::end_left_behind(actions::children_file(options.store));
  return std::move(*made);
}

message with_data(json data) {
  auto x = message{};
  x.data = payload::from(std::move(data));
  return x;
}

} // namespace

engine::engine(engine_options options) {
  auto from = opened(options);
  impl_ = std::make_unique<impl>(std::move(options), impl::parts{.store = std::move(from)});
}

engine::engine(engine_options options, std::unique_ptr<store::store> from)
  : impl_(std::make_unique<impl>(std::move(options), impl::parts{.store = std::move(from)})) {}

engine::~engine() = default;

void engine::add(agent x) {
  impl_->add(std::move(x));
}

submission engine::submit(const job& x) {
  return impl_->submit(x.spec());
}

submission engine::submit(plan::job_spec spec) {
  return impl_->submit(std::move(spec));
}

submission engine::resume(std::string id) {
  return impl_->resume(std::move(id));
}

flow_run engine::run(const flow& x, const flow_inputs& inputs) {
  return impl_->run(x, inputs);
}

flow_run engine::run(const flow& x) {
  return impl_->run(x, {});
}

flow_run engine::resume(const flow_result& paused) {
  return impl_->resume(std::const_pointer_cast<actors::flow_execution>(paused.of_));
}

future<void> engine::signal(std::string job_id, std::string name, json value,
                            signal_options options) {
  return impl_->signal(std::move(job_id), std::move(name), value, options);
}

future<void> engine::accept(std::string job_id, std::string task) {
  return impl_->decide({std::move(job_id), std::move(task), true, {}, false, 0});
}

future<void> engine::reject(std::string job_id, std::string task, std::string reason, bool final) {
  return impl_->decide({std::move(job_id), std::move(task), false, std::move(reason), final, 0});
}

future<void> engine::pause(std::string job_id) {
  return impl_->pause(std::move(job_id));
}

future<void> engine::cancel(std::string job_id) {
  return impl_->cancel(std::move(job_id));
}

future<void> engine::retry(std::string job_id, retry_options options) {
  auto with = std::shared_ptr<const plan::job_spec>{};
  if (options.with)
    with = std::make_shared<const plan::job_spec>(options.with->spec());
  return impl_->retry(std::move(job_id), std::move(options.from), std::move(with));
}

future<void> engine::retry(std::string job_id, plan::job_spec with) {
  return impl_->retry(std::move(job_id), {},
                      std::make_shared<const plan::job_spec>(std::move(with)));
}

future<void> engine::purge(std::string job_id) {
  return impl_->purge(std::move(job_id));
}

future<void> engine::add_node(std::string job_id, json node, node_options options) {
  return impl_->add_node(std::move(job_id), std::move(node), std::move(options));
}

std::vector<error> engine::check_node(std::string_view job_id, const json& node,
                                      const node_options& options) const {
  return impl_->check_node(job_id, node, options);
}

future<void> engine::add_task(std::string job_id, task_options options) {
  return impl_->add_task(std::move(job_id), plan::to_spec(std::move(options)));
}

future<void> engine::remove_node(std::string job_id, std::string node) {
  return impl_->remove_node(std::move(job_id), std::move(node));
}

future<void> engine::disable(std::string job_id, std::string node) {
  return impl_->enable(std::move(job_id), std::move(node), false);
}

future<void> engine::enable(std::string job_id, std::string node) {
  return impl_->enable(std::move(job_id), std::move(node), true);
}

future<void> engine::set_input(std::string job_id, std::string node, json values) {
  return impl_->set_input(std::move(job_id), std::move(node), std::move(values));
}

future<void> engine::channel(channel_options x) {
  return impl_->channels().declare(std::move(x));
}

future<std::uint64_t> engine::publish(std::string channel, json data, publish_options options) {
  return impl_->channels().publish(std::move(channel), with_data(std::move(data)), options, true);
}

future<std::uint64_t> engine::publish_message(std::string channel, message x) {
  return impl_->channels().publish(std::move(channel), std::move(x), {}, true);
}

future<void> engine::cancel_delayed(std::string channel, std::string message_id) {
  return impl_->channels().cancel_delayed(std::move(channel), std::move(message_id));
}

future<std::vector<std::uint64_t>> engine::publish_all(std::string channel,
                                                       std::vector<message> xs) {
  return impl_->channels().publish_all(std::move(channel), std::move(xs));
}

future<std::uint64_t> engine::try_publish(std::string channel, json data, publish_options options) {
  return impl_->channels().publish(std::move(channel), with_data(std::move(data)), options, false);
}

subscription engine::subscribe(std::string pattern, subscribe_options options,
                               std::function<void(delivery&)> handle) {
  return impl_->channels().subscribe(std::move(pattern), options, std::move(handle));
}

subscription engine::subscribe(std::string pattern, std::function<void(delivery&)> handle) {
  return subscribe(std::move(pattern), {}, std::move(handle));
}

future<json> engine::request(std::string channel, json data, duration within,
                             publish_options options) {
  return impl_->channels().request(std::move(channel), with_data(std::move(data)), options, within);
}

subscription engine::on(std::string pattern, trigger_options how) {
  return impl_->on(std::move(pattern), std::move(how));
}

future<std::uint64_t> engine::redrive(std::string channel) {
  return impl_->channels().redrive(std::move(channel));
}

future<void> engine::remove_channel(std::string name, bool force) {
  return impl_->channels().remove(std::move(name), force);
}

future<void> engine::remove_group(std::string name) {
  return impl_->channels().remove_group(std::move(name));
}

void engine::on_events(std::function<void()> call) {
  impl_->appended().set(actors::append_watch::watcher::user, std::move(call));
}

std::vector<agent_description> engine::agents() const {
  return impl_->agents();
}

std::unique_ptr<store::view> engine::read() const {
  return impl_->read();
}

std::optional<error> engine::broken() const {
  return impl_->broken();
}

std::optional<error> engine::full() const {
  return impl_->full();
}

void actors::add_hosted(engine& to, agent description, agent_factory make) {
  to.internals().add(std::move(description), std::move(make));
}

} // namespace dagger
