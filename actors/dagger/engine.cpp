// The public door. Decides nothing, opens stores.
#include <dagger/engine.hpp>

#include <dagger/actor_agent.hpp>
#include <dagger/actors/engine_impl.hpp>

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
  return std::move(*made);
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

std::vector<agent_description> engine::agents() const {
  return impl_->agents();
}

std::unique_ptr<store::view> engine::read() const {
  return impl_->read();
}

std::optional<error> engine::broken() const {
  return impl_->broken();
}

void actors::add_hosted(engine& to, agent description, agent_factory make) {
  to.internals().add(std::move(description), std::move(make));
}

} // namespace dagger
