// Building and ending the engine.
//
//   close: planner takes all slots away ─► what was handed out before is through
//          agents stop; after `grace` what runs is given back and left behind
//          what has been reported is committed ─► actors end ─► store is closed
#include <dagger/actors/engine_impl.hpp>

#include <dagger/plan/rows.hpp>

#include <algorithm>
#include <utility>

#include <sys/statvfs.h>

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

std::size_t bytes_of(const plan::job_spec& spec) {
  auto sum = spec.id.size() + spec.inputs.bytes().size() + spec.outputs.bytes().size();
  for (auto& x : spec.tasks)
    sum += sizeof x + x.name.size() + x.input.bytes().size();
  return sum;
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
    workplace_(std::make_shared<workplace>(
      workplace{views_, directory_, std::make_shared<actors::log>(options_.log)})),
    clock_(from.clock ? std::move(from.clock) : clock_for(*store_)),
    clients_(views_, workplace_->logger),
    dispatch_(clients_, [this](const error& why) { break_down(why); }),
    keeping_(std::make_shared<keeper_setup>()),
    system_(std::make_unique<actors::system>(from.staging, options_.threads)) {
  build(options_.adopt == adopt::every_job ? plan::scope::every_job : plan::scope::named);
}

engine::impl::~impl() {
  close();
}

void engine::impl::build(plan::scope scope) {
  auto view = store_->read();
  auto first = plan::effects{};
  auto core = plan::planner::restore(*view, scope, clock_->now(), first);
  if (!core)
    throw std::move(core.error());
  view.reset();
  keeping_->store = store_;
  keeping_->clock = clock_.get();
  auto planning = std::make_shared<planner_setup>();
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
      post(planner_, confirmed{});
  };
  keeping_->on_full = [this](const std::optional<error>& why) {
    clients_.set_full(why);
    post(planner_, store_full{why.has_value()});
  };
  keeping_->on_broken = [this](const error& why) { break_down(why); };
  keeper_ = system_->start_keeper(keeping_);
  planning->store = store_;
  planning->clock = clock_.get();
  planning->refuse = [this](plan::client_id x, const error& why) { clients_.refuse(x, why); };
  planning->give_up = [this](const error& why) { break_down(why); };
  planner_ =
    system_->start_planner(planning, std::make_shared<plan::planner>(std::move(*core)), keeper_);
  auto initial = std::make_shared<parcel>();
  initial->batches = first.writes.empty() ? 0 : 1;
  initial->writes = std::move(first.writes);
  initial->commands = std::move(first.commands);
  post(keeper_, std::move(initial));
  // Timers that passed in the meantime fire only now: nothing may reach the keeper before
  // `initial`.
  post(planner_, alarm_rang{});
}

void engine::impl::add(agent x, agent_factory make) {
  if (make)
    x.cooperative = true;
  if (options_.max_slots > 0 && !x.cooperative)
    x.concurrency = std::min(std::max(x.concurrency, limits::blocking_slots), options_.max_slots);
  auto known = prepare(std::move(x), make ? needs_function::no : needs_function::yes);
  if (!known)
    throw std::move(known.error());
  if (!directory_->add(*known))
    throw error{code::conflict, "there is an agent '" + (*known)->options.name + "' already"};
  auto setup = agent_setup{*known, workplace_, clock_.get(), planner_};
  auto started = agent_actor{};
  if (make) {
    started = system_->start_hosted(std::move(setup), std::move(make));
  } else if (system_->needs_crew(**known)) {
    auto threads = std::make_shared<crew>(*known, workplace_);
    {
      auto guard = std::lock_guard{mutex_};
      crews_.push_back(threads);
    }
    started = system_->start_agent(std::move(setup), std::move(threads));
  } else {
    started = system_->start_agent(std::move(setup), nullptr);
  }
  dispatch_.add((*known)->options.name, std::move(started));
  // Whatever is sent to the planner from now on finds the agent there.
  post(planner_, joined(**known));
}

std::optional<error> engine::impl::refusal(const plan::job_spec& spec) const {
  if (keeping_->ending)
    return error{code::cancelled, "the engine is closing"};
  if (auto wrong = plan::problems(spec); !wrong.empty())
    return std::move(wrong.front());
  for (auto i = std::size_t{0}; i < spec.tasks.size(); ++i) {
    auto& x = spec.tasks[i];
    auto place = "tasks[" + std::to_string(i) + "]";
    try {
      if (auto why = directory_->refusal(x.agent, x.input.value(), x.templated)) {
        why->where = place + (why->code == code::not_found ? ".agent" : ".input");
        return why;
      }
    } catch (error& why) {
      return error{code::invalid_input, why.message, place + ".input"};
    }
  }
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

submission engine::impl::submit(plan::job_spec spec) {
  if (auto why = refusal(spec))
    return clients::refused(std::move(spec.id), *why);
  auto hash = plan::hash_of(spec);
  auto client = clients_.open(spec.id, bytes_of(spec));
  if (!client)
    return clients::refused(std::move(spec.id), client.error());
  auto event = plan::job_submitted{std::make_shared<const plan::job_spec>(std::move(spec)),
                                   std::move(hash), client->id};
  post(planner_, std::make_shared<plan::event>(std::move(event)));
  return std::move(client->handle);
}

submission engine::impl::resume(std::string id) {
  if (keeping_->ending)
    return clients::refused(std::move(id), {code::cancelled, "the engine is closing"});
  auto client = clients_.open(id, id.size());
  if (!client)
    return clients::refused(std::move(id), client.error());
  post(planner_, std::make_shared<plan::event>(plan::job_resumed{std::move(id), client->id}));
  return std::move(client->handle);
}

std::vector<agent_description> engine::impl::agents() const {
  auto found = std::vector<agent_description>{};
  for (auto& x : directory_->all()) {
    auto& o = x->options;
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

void engine::impl::close() {
  if (keeping_->ending.exchange(true))
    return;
  // A store that is full is tried once more.
  post(keeper_, flush{});
  stop_agents();
  for (auto& x : crews_)
    x->close();
  for (auto& x : dispatch_.all())
    end_actor(x);
  dispatch_.clear();
  end_actor(planner_);
  end_actor(keeper_);
  while (pump_ && pump_()) {}
  system_->wait();
  // What the keeper releases goes to the planner: not before it has ended.
  planner_ = nullptr;
  keeper_ = nullptr;
  system_.reset();
  clients_.close({code::interrupted,
                  "the engine ended before the job did",
                  {},
                  "the job goes on when an engine is started over the same store"});
  clients_.stop();
  views_->close();
  store_.reset();
}

} // namespace dagger
