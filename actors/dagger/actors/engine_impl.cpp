// Building and ending the engine.
//
//   close: planner takes all slots away ─► what was handed out before is through
//          agents stop; after `grace` what runs is given back and left behind
//          what has been reported is committed ─► actors end ─► store is closed
#include <dagger/actors/engine_impl.hpp>

#include <dagger/actors/flow_desk.hpp>
#include <dagger/actors/gateway.hpp>
#include <dagger/actors/jobs_channel.hpp>
#include <dagger/actors/programs.hpp>
#include <dagger/log/name.hpp>
#include <dagger/plan/rows.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace dagger {

namespace {

using namespace actors;

/// The time of the last event, or the beginning of time.
result<timestamp> last_time(store::view& view) {
  auto end = store::end_of(view, store::log_id::jobs);
  if (!end)
    return fail(std::move(end.error()));
  if (*end == 0)
    return timestamp{};
  auto row = view.get(store::table::log, store::key::log(store::log_id::jobs, *end - 1));
  if (!row)
    return fail(std::move(row.error()));
  if (!*row)
    return timestamp{};
  return plan::decode_event((*row)->body).map([](plan::event_row x) { return x.event.time; });
}

std::unique_ptr<actors::clock> clock_for(const store::store& from) {
  auto view = from.read();
  auto last = last_time(*view);
  if (!last)
    throw std::move(last.error());
  return make_clock(*last);
}

/// Whether agents will report on some of it.
bool starts_something(std::span<const parcel_ptr> xs) {
  return std::ranges::any_of(xs, [](auto& x) {
    return std::ranges::any_of(
      x->commands, [](auto& command) { return std::holds_alternative<plan::assign>(command); });
  });
}

} // namespace

engine::impl::impl(engine_options options, parts from)
  : options_(std::move(options)),
    store_(std::move(from.store)),
    pump_(std::move(from.pump)),
    views_(std::make_shared<snapshots>(store_)),
    directory_(std::make_shared<directory>()),
    line_(std::make_shared<line>()),
    workplace_(std::make_shared<workplace>(
      workplace{views_, directory_, std::make_shared<stderr_log>(options_.log), line_,
                std::make_shared<program_cache>(), std::make_shared<calls_in_progress>(),
                std::make_shared<const message_maker>(views_), options_.reuse_outputs,
                options_.before_attempt})),
    clock_(from.clock ? std::move(from.clock) : clock_for(*store_)),
    clients_(views_, workplace_->logger),
    dispatch_(clients_, {.give_up = [this](const error& why) { break_down(why); },
                         .stalled = [this](plan::stalled&& x) { tell_of_stall(std::move(x)); },
                         .sweep = [this] { post(planner_, to_event(plan::sweep_due{})); }}),
    channels_({.maker = workplace_->messages,
               .clock = clock_.get(),
               .logger = workplace_->logger,
               .refusal = [this] { return out_of_space(); },
               .call = [this](std::function<void()> what) { clients_.call(std::move(what)); },
               .jobs_are_read = [this] { keeping_->jobs_are_read = true; }}),
    changes_([this](std::function<void()> what) { clients_.call(std::move(what)); }),
    keeping_(std::make_shared<keeper_setup>()),
    system_(std::make_unique<actors::system>(from.staging, options_.threads)) {
  build(options_.adopt == adopt::every_job
          ? plan::planner_options{plan::scope::every_job, options_.retention, options_.resources}
          : plan::planner_options{plan::scope::named, duration{0}, options_.resources});
  open_gateway();
}

engine::impl::~impl() {
  close();
}

void engine::impl::build(const plan::planner_options& options) {
  auto view = store_->read();
  auto first = plan::effects{};
  auto core = plan::planner::restore(*view, options, clock_->now(), first);
  if (!core)
    throw std::move(core.error());
  view.reset();
  auto planning = std::make_shared<planner_setup>();
  start_keeper(planning);
  start_planner(planning, std::move(*core));
  start_hub();
  open_line();
  open_flows();
  open_waits();
  auto initial = std::make_shared<parcel>();
  initial->batches = first.writes.empty() ? 0 : 1;
  initial->writes = std::move(first.writes);
  initial->commands = std::move(first.commands);
  post(keeper_, std::move(initial));
  // Timers that passed in the meantime fire only now: nothing may reach the keeper before
  // `initial`.
  post(planner_, alarm_rang{});
  waits_->restore();
}

/// Channels: beside the planner, before the same keeper.
void engine::impl::start_hub() {
  auto view = store_->read();
  auto first = dagger::log::effects{};
  auto jobs = dagger::log::engine_log{std::string{dagger::log::jobs_channel}, store::log_id::jobs,
                                      job_event_as_message};
  auto core = dagger::log::hub::restore(*view, clock_->now(), first, std::move(jobs));
  if (!core)
    throw std::move(core.error());
  routing_ = std::make_shared<hub_setup>();
  routing_->store = store_;
  routing_->clock = clock_.get();
  routing_->perform = [this](std::vector<dagger::log::command>&& commands,
                             std::span<const std::uint64_t> positions) {
    channels_.perform(std::move(commands), positions);
  };
  routing_->refuse = [this](auto client, const error& why) { channels_.refuse(client, why); };
  routing_->give_up = [this](const error& why) { break_down(why); };
  hub_ =
    system_->start_hub(routing_, std::make_shared<dagger::log::hub>(std::move(*core)), keeper_);
  channels_.open(hub_);
  auto initial = std::make_shared<parcel>();
  initial->on_disk = [routing = routing_, batches = first.writes.empty() ? 0u : 1u,
                      commands = std::move(first.commands)](auto positions) mutable {
    routing->on_disk += batches;
    routing->perform(std::move(commands), positions);
  };
  initial->writes = std::move(first.writes);
  post(keeper_, std::move(initial));
}

void engine::impl::start_keeper(const std::shared_ptr<planner_setup>& planning) {
  keeping_->store = store_;
  keeping_->clock = clock_.get();
  keeping_->release = [this, planning](std::span<const parcel_ptr> passed) {
    auto batches = std::size_t{0};
    for (auto& x : passed)
      batches += x->batches;
    planning->on_disk += batches;
    // Before the agents get anything: their reports wake the planner, which looks then.
    auto wakes = batches > 0 && !starts_something(passed);
    for (auto& x : passed)
      dispatch_.perform(std::move(x->commands));
    if (wakes)
      post(planner_, written{false});
  };
  keeping_->on_appended = [this](dagger::log::messages_appended&& x) {
    post(hub_, std::make_shared<dagger::log::event>(std::move(x)));
  };
  keeping_->on_write = [this] { appended_.tell(); };
  keeping_->waits_for_room = options_.run_tasks;
  keeping_->on_full = [this](const std::optional<error>& why) {
    set_full(why);
    clients_.set_full(why);
    post(planner_, written{why.has_value()});
    post(hub_, written{why.has_value()});
  };
  keeping_->on_broken = [this](const error& why) { break_down(why); };
  keeper_ = system_->start_keeper(keeping_);
}

void engine::impl::start_planner(const std::shared_ptr<planner_setup>& planning,
                                 plan::planner&& core) {
  planning->store = store_;
  planning->clock = clock_.get();
  planning->refuse = [this](plan::client_id x, const error& why) { clients_.refuse(x, why); };
  planning->give_up = [this](const error& why) { break_down(why); };
  planning->route = [this](joint_half x) { post(hub_, std::move(x)); };
  planner_ =
    system_->start_planner(planning, std::make_shared<plan::planner>(std::move(core)), keeper_);
}

/// What attempts say while they run. They can outlive all of this.
void engine::impl::open_line() {
  line_->open({
    .send = [this](outbox_ptr x) { post(planner_, std::move(x)); },
    .step =
      [this](plan::step_done x) {
        auto bytes = x.value.bytes().size();
        return request(std::move(x), bytes);
      },
    .request = [this](const line::question& what) { return what(*this); },
    .pump = pump_,
    .now = [this] { return clock_->now(); },
  });
}

void engine::impl::open_waits() {
  waits_ = std::make_shared<message_waits>(message_waits::setup{
    .desk = &channels_,
    .views = views_,
    .logger = workplace_->logger,
    .signal = [this](plan::signal_received x, dagger::log::event then) -> future<void> {
      if (keeping_->ending)
        return clients::refused({code::cancelled, "the engine is closing"});
      auto bytes = x.value.bytes().size();
      return request(std::move(x), bytes, std::move(then));
    },
    .call = [this](std::function<void()> what) { clients_.call(std::move(what)); },
  });
}

/// Runs of flows: memory only, beside the planner.
void engine::impl::open_flows() {
  auto cores = std::max(1u, std::thread::hardware_concurrency());
  flows_ = std::make_unique<flow_desk>(flow_desk::setup{
    .clock = clock_.get(),
    .grace = options_.grace,
    .workers = options_.threads > 0 ? options_.threads : cores,
    .deterministic = system_->is_deterministic(),
    .start_runner = [this] { return system_->start_flow_runner(clock_.get()); },
    .call = [this](std::function<void()> what) { clients_.call(std::move(what)); },
    .submit = [this](const job& x) -> future<job_result> { return submit(x.spec()); },
    .cancel_job = [this](std::string id) { cancel(std::move(id)); },
    .purge_job = [this](std::string id) { purge(std::move(id)); },
  });
}

flow_run engine::impl::run(const flow& what, const flow_inputs& inputs) {
  auto made = flow_parts::program::make_of(what);
  if (!made)
    return flow_desk::refused(made.error());
  return flows_->run(std::move(*made), inputs);
}

flow_run engine::impl::resume(std::shared_ptr<flow_execution> paused) {
  return flows_->resume(std::move(paused));
}

/// A store on a disk can be reached by others; without a socket it works all the same.
void engine::impl::open_gateway() {
  if (!options_.control || options_.store.empty())
    return;
  auto made = gateway::open(options_.store, *this);
  if (made)
    gateway_ = std::move(*made);
  else
    workplace_->logger->write(log_level::warning, "other processes cannot reach this engine: "
                                                    + to_string(made.error()));
}

void engine::impl::tell_of_stall(plan::stalled&& x) {
  if (options_.on_stall)
    clients_.call(
      [call = options_.on_stall, x = std::move(x)] { call(x.job_id, x.situation.value()); });
  else
    workplace_->logger->write(log_level::warning,
                              "job " + x.job_id + " cannot go on by itself, and nobody is told: "
                                + std::string{x.situation.bytes()});
}

void engine::impl::add(agent x, agent_factory make) {
  if (make)
    x.cooperative = true;
  auto known = prepared(std::move(x), make ? needs_function::no : needs_function::yes);
  enlist({&known, 1});
  start(known, std::move(make));
}

void engine::impl::add_all(std::vector<agent> xs) {
  auto known = std::vector<agent_ptr>{};
  for (auto& x : xs)
    known.push_back(prepared(std::move(x), needs_function::yes));
  enlist(known);
  for (auto& x : known)
    start(x);
}

agent_ptr engine::impl::prepared(agent x, needs_function function) const {
  if (options_.max_slots > 0 && !x.cooperative)
    x.concurrency = std::min(std::max(x.concurrency, limits::blocking_slots), options_.max_slots);
  if (options_.before_attempt) {
    x.cooperative = x.cooperative && function == needs_function::no; // those that are actors
    x.timeout = x.heartbeat = duration{0};
  }
  auto known = prepare(std::move(x), function);
  if (!known)
    throw std::move(known.error());
  return *known;
}

void engine::impl::enlist(std::span<const agent_ptr> xs) {
  if (auto taken = directory_->add(xs))
    throw error{code::conflict, "there is an agent '" + *taken + "' already"};
}

void engine::impl::start(const agent_ptr& known, agent_factory make) {
  auto setup = agent_setup{known, workplace_, clock_.get(), planner_};
  auto started = agent_actor{};
  if (make) {
    started = system_->start_hosted(std::move(setup), std::move(make));
  } else if (system_->needs_crew(*known)) {
    auto threads = std::make_shared<crew>(known, workplace_);
    {
      auto guard = std::lock_guard{mutex_};
      crews_.push_back(threads);
    }
    started = system_->start_agent(std::move(setup), std::move(threads));
  } else {
    started = system_->start_agent(std::move(setup), nullptr);
  }
  dispatch_.add(known->options.name, std::move(started));
  // Whatever is sent to the planner from now on finds the agent there.
  post(planner_, joined(*known, options_.run_tasks));
}

std::vector<agent_description> engine::impl::agents() const {
  auto found = std::vector<agent_description>{};
  for (auto& x : directory_->all()) {
    auto& o = x->options;
    if (o.name.starts_with("dagger.")) // they run what files say, nobody names them
      continue;
    found.push_back({o.name, o.description, o.version, o.input, o.output, x->slots, o.cooperative});
  }
  return found;
}

std::unique_ptr<store::view> engine::impl::read() const {
  return views_->read();
}

std::optional<error> engine::impl::broken() const {
  auto guard = std::lock_guard{mutex_};
  return broken_;
}

std::optional<error> engine::impl::full() const {
  auto guard = std::lock_guard{mutex_};
  return full_;
}

/// Said when it begins and when it is over, not each time the keeper tries.
void engine::impl::set_full(const std::optional<error>& why) {
  auto guard = std::unique_lock{mutex_};
  auto news = why.has_value() != full_.has_value();
  full_ = why;
  guard.unlock();
  if (news)
    workplace_->logger->write(log_level::warning,
                              why ? "the store is full and the engine waits for room, nothing is "
                                    "lost: "
                                      + to_string(*why)
                                  : "there is room in the store again: the engine goes on");
}

void engine::impl::break_down(const error& why) {
  {
    auto guard = std::lock_guard{mutex_};
    if (broken_)
      return;
    broken_ = why;
  }
  keeping_->broken = true;
  workplace_->logger->write(log_level::error, "the engine has ended: " + to_string(why));
  clients_.close(why);
  channels_.fail_all(why);
  appended_.tell();
}

void engine::impl::stop_agents() {
  auto handed_out = std::make_shared<gate>();
  post(planner_, closing{handed_out, options_.grace});
  handed_out->wait(pump_);
  auto stopped = std::vector<gate_ptr>{};
  for (auto& x : dispatch_.all())
    post(x, closing{stopped.emplace_back(std::make_shared<gate>()), options_.grace});
  for (auto& x : stopped)
    x->wait(pump_);
  // No timer comes behind the last barrier: when that is through, nothing is on its way.
  clock_->stop();
  auto committed = std::make_shared<gate>();
  post(planner_, barrier{[committed] { committed->open(); }});
  committed->wait(pump_);
}

/// Handlers end, what they had goes back, and the hub writes it.
void engine::impl::stop_channels() {
  if (!channels_.stop(options_.grace))
    workplace_->logger->write(log_level::warning,
                              "a handler of messages did not return in time and is left behind");
  auto left = std::make_shared<gate>();
  post(hub_, closing{left, options_.grace});
  left->wait(pump_);
  channels_.close();
}

void engine::impl::close() {
  if (keeping_->ending.exchange(true))
    return;
  if (gateway_)
    gateway_->close_desk();
  // A store that is full is tried once more.
  post(keeper_, flush{});
  flows_->stop();
  waits_->close();
  stop_agents();
  stop_channels();
  flows_->close(pump_);
  line_->close();
  for (auto& x : crews_)
    x->close();
  for (auto& x : dispatch_.all())
    end_actor(x);
  dispatch_.clear();
  end_actor(planner_);
  end_actor(hub_);
  end_actor(keeper_);
  while (pump_ && pump_()) {}
  system_->wait();
  // What the keeper releases goes to the planner: not before it has ended.
  planner_ = nullptr;
  hub_ = nullptr;
  keeper_ = nullptr;
  system_.reset();
  clients_.close({code::interrupted,
                  "the engine ended first",
                  {},
                  "the job goes on when an engine is started over the same store"});
  channels_.fail_all({code::interrupted, "the engine ended first"});
  clients_.stop();
  // With the last answers; and before the lock is free: the next one makes a socket of its own.
  gateway_.reset();
  views_->close();
  store_.reset();
}

} // namespace dagger
