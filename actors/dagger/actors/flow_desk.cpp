// Futures of runs, threads and times for them, and their end with the engine.
//
//   engine ──run──► desk: an execution ──wake_at──► flow runner ──tick──► execution
//                     └─► crew: functions           (in virtual time also: turns)
#include <dagger/actors/flow_desk.hpp>

#include <utility>

namespace dagger::actors {

namespace {

error ending() {
  return {code::cancelled, "the engine is closing"};
}

/// One input from what was given for it: the same type, or by way of JSON if that loses nothing.
result<void> give(flow_execution& to, std::uint32_t node, const flow_input& from) {
  auto& tables = *to.program().tables;
  auto& type = *tables.nodes[node].value;
  auto* value = from.at(from.value);
  if (*type.type == *from.type->type) {
    to.set_input(node, value);
    return {};
  }
  auto wrong = error{code::invalid_input, "the value is of another type",
                     "input '" + tables.shown_name(node) + "' of flow '" + tables.name + "'"};
  if (!type.from_json || !type.to_json || !from.type->to_json)
    return fail(std::move(wrong));
  try {
    auto text = from.type->to_json(value);
    wrong.message = "the value does not fit its type: " + text.dump();
    to.make_input(node, [&](void* at) { type.from_json(text, at); });
    if (type.to_json(to.input(node)) == text)
      return {};
  } catch (const json::exception& x) {
    wrong.message += std::string{" ("} + x.what() + ")";
  }
  return fail(std::move(wrong));
}

result<void> give_all(flow_execution& to, const flow_inputs& inputs) {
  auto& tables = *to.program().tables;
  auto numbers = std::map<std::string_view, std::uint32_t>{};
  for (auto node : to.program().inputs)
    numbers.emplace(tables.name_of(node), node);
  auto where = "flow '" + tables.name + "'";
  for (auto& x : inputs.all()) {
    auto found = numbers.find(x.name);
    if (found == numbers.end())
      return fail(error{code::invalid_input, "there is no input '" + x.name + "'", where});
    if (to.has_input(found->second))
      return fail(error{code::invalid_input, "the input '" + x.name + "' is given twice", where});
    if (auto given = give(to, found->second, x); !given)
      return given;
  }
  for (auto [name, node] : numbers)
    if (!to.has_input(node) && !to.take_fallback(node))
      return fail(
        error{code::invalid_input, "the input '" + std::string{name} + "' is missing", where});
  return {};
}

} // namespace

flow_desk::flow_desk(setup with) : setup_(std::move(with)), services_(services()) {}

flow_desk::~flow_desk() = default;

flow_run flow_desk::refused(const error& why) {
  auto end = future<flow_result>::promise{};
  end.set(fail(why));
  return {end.future(), {}};
}

std::shared_ptr<const flow_services> flow_desk::services() const {
  auto made = std::make_shared<flow_services>();
  auto* self = const_cast<flow_desk*>(this);
  made->clock = setup_.clock;
  made->grace = setup_.grace;
  made->workers = setup_.workers;
  made->virtual_time = setup_.deterministic;
  if (setup_.deterministic)
    made->launch = [self](std::function<void()> work) {
      post(self->runner_, flow_turn{std::move(work)});
      return true;
    };
  else
    made->launch = [crew = crew_](std::function<void()> work) {
      return crew->start(std::move(work));
    };
  made->leave_behind = [crew = crew_](std::thread::id who) { crew->leave_behind(who); };
  made->wake_at = [self](std::weak_ptr<flow_execution> who, timestamp when) {
    // At the end of the engine `close` alone leaves behind what does not stop.
    if (!self->closed_)
      post(self->runner_, flow_alarm{std::move(who), when});
  };
  made->request_stop = [stops = stops_](std::stop_source x) { stops->request(std::move(x)); };
  made->call = setup_.call;
  made->ended = [self](const flow_execution& x) { self->ended(x); };
  made->submit = setup_.submit;
  made->cancel_job = setup_.cancel_job;
  made->purge_job = setup_.purge_job;
  return made;
}

flow_run flow_desk::run(std::shared_ptr<const flow_parts::program> what,
                        const flow_inputs& inputs) {
  auto made = std::make_shared<flow_execution>(std::move(what), services_);
  if (auto given = give_all(*made, inputs); !given)
    return refused(given.error());
  return enter(made, [&](auto on_end) { made->begin(std::move(on_end)); });
}

flow_run flow_desk::resume(std::shared_ptr<flow_execution> paused) {
  return enter(paused, [&](flow_execution::end_callback on_end) {
    if (paused->resume(std::move(on_end)))
      return;
    auto guard = std::unique_lock{mutex_};
    auto found = running_.extract(paused.get());
    guard.unlock();
    if (found)
      found.mapped().end.set(fail(error{code::conflict, "the run is not paused"}));
  });
}

flow_run flow_desk::enter(std::shared_ptr<flow_execution> what,
                          const std::function<void(flow_execution::end_callback)>& start) {
  auto end = future<flow_result>::promise{};
  {
    auto guard = std::lock_guard{mutex_};
    if (closed_)
      return refused(ending());
    if (!runner_)
      runner_ = setup_.start_runner();
    if (!running_.emplace(what.get(), entry{what, end}).second)
      return refused({code::conflict, "the run is not paused"});
  }
  auto handle = flow_run{end.future(), what};
  start([end, call = setup_.call](flow_execution& x) {
    auto result = flow_result{x.shared_from_this(), x.passage()};
    if (auto callback = end.set_silently(std::move(result)))
      call(std::move(callback));
  });
  return handle;
}

void flow_desk::ended(const flow_execution& x) {
  auto last = decltype(running_)::node_type{}; // what it holds goes while nothing is locked
  auto guard = std::lock_guard{mutex_};
  last = running_.extract(&x);
  changed_.notify_all();
}

void flow_desk::stop() {
  auto all = std::vector<std::shared_ptr<flow_execution>>{};
  {
    auto guard = std::lock_guard{mutex_};
    closed_ = true;
    until_ = std::chrono::steady_clock::now() + setup_.grace;
    for (auto& [key, x] : running_)
      all.push_back(x.what);
  }
  for (auto& x : all)
    x->cancel({code::cancelled, "the engine ended"});
}

void flow_desk::close(const std::function<bool()>& pump) {
  auto left = std::vector<entry>{};
  {
    auto guard = std::unique_lock{mutex_};
    while (pump && !running_.empty()) {
      guard.unlock();
      auto more = pump();
      guard.lock();
      if (!more)
        break;
    }
    if (!pump)
      changed_.wait_until(guard, until_, [&] { return running_.empty(); });
    for (auto& [key, x] : running_)
      left.push_back(std::move(x));
    running_.clear();
  }
  auto give_up = [&] {
    for (auto& x : left)
      x.what->give_up();
  };
  give_up();
  crew_->close(give_up);
  for (auto& x : left)
    if (auto callback = x.end.set_silently(
          fail(error{code::interrupted, "the engine ended before the run of the flow"})))
      setup_.call(std::move(callback));
  if (runner_)
    end_actor(runner_);
  runner_ = nullptr;
}

} // namespace dagger::actors
