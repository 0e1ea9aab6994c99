// Messages that start jobs.
//
//   hub ──message──► trigger: input, definition ──joint_events──► planner: the job
//                                                                    └──joint_half──► hub: the ack
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/script/evaluator.hpp>

#include <algorithm>
#include <utility>

namespace dagger {

using namespace actors;

namespace {

/// Behind the name stand two numbers.
constexpr auto trigger_name_bytes = std::size_t{64};

bool is_trigger_name(std::string_view x) {
  return x.size() <= trigger_name_bytes && plan::valid_job_id(x);
}

/// The job of a trigger that names an agent.
plan::job_spec one_task(const std::string& agent, const json& input, const std::string& id) {
  auto made = plan::job_spec{.id = id, .name = agent};
  made.tasks.push_back(plan::to_spec({.name = agent, .agent = agent, .input = input}));
  return made;
}

/// A trigger as it works: shared by all its messages.
struct armed_trigger {
  trigger_options how;
  std::optional<script::program> input;

  json input_for(const delivery& x) const {
    auto event = dagger::log::to_cloud_event(x.what(), x.channel(), x.position());
    if (!input)
      return event;
    auto names = script::scope{};
    names.add("message", event);
    return value_of(script::evaluator::of_this_thread().evaluate(*input, names));
  }

  plan::job_spec job_for(const delivery& x) const {
    // Numbers of logs and positions are given once: no two messages have the same id.
    auto log = static_cast<std::uint32_t>(handed::origin(x).log);
    auto id = how.name + "-" + std::to_string(log) + "-" + std::to_string(x.position());
    auto made = how.make ? how.make(input_for(x), id) : one_task(how.agent, input_for(x), id);
    made.id = id;
    return made;
  }
};

dagger::log::event answer_to(const delivery::origin& from, dagger::log::verdict what,
                             std::string why = {}) {
  auto said = dagger::log::answer{from.position, from.number, what};
  said.reason = std::move(why);
  return dagger::log::deliveries_answered{from.member, from.log, {std::move(said)}};
}

/// What may be better later: the message waits.
bool may_pass(const error& why) {
  return why.code == code::store_full || why.code == code::cancelled || why.code == code::limit
      || why.code == code::interrupted || why.code == code::unavailable;
}

} // namespace

subscription engine::impl::on(std::string pattern, trigger_options how) {
  if (!is_trigger_name(how.name))
    throw error{code::invalid_input,
                to_text(json(how.name)) + " is no name of a trigger",
                {},
                "letters, digits, '_' and '-', at most 64"};
  if (how.make ? !how.agent.empty() : how.agent.empty())
    throw error{code::invalid_input, "a trigger has either an agent or a function that makes jobs"};
  if (!how.agent.empty() && !directory_->find(how.agent))
    throw error{code::not_found, "there is no agent '" + how.agent + "'"};
  auto armed = std::make_shared<armed_trigger>();
  if (!how.input.empty())
    armed->input = value_of(script::program::compile(how.input, {"input of trigger " + how.name}));
  auto group = subscribe_options{};
  group.group = how.name;
  group.from = how.from;
  group.max_in_flight = how.max_in_flight;
  armed->how = std::move(how);
  return channels_.subscribe(std::move(pattern), group, [this, armed](delivery& x) {
    auto never_wait = engine_owned{};
    auto& from = handed::origin(x);
    auto job = plan::job_spec{};
    try {
      job = armed->job_for(x); // what else it throws is tried again
    } catch (const error& why) {
      if (may_pass(why))
        throw;
      return x.term(to_string(why));
    }
    auto started = submit(std::move(job), answer_to(from, dagger::log::verdict::ack));
    handed::defer(x);
    started.accepted().then(
      [from, send = from.to->send, logger = workplace_->logger](const result<bool>& done) {
        if (done)
          return;
        auto why = to_string(done.error());
        auto later = may_pass(done.error());
        if (!later)
          logger->write(log_level::warning, "a message of '" + *from.channel + "' (position "
                                              + std::to_string(from.position)
                                              + ") starts nothing: " + why);
        send(answer_to(from, later ? dagger::log::verdict::nak : dagger::log::verdict::term,
                       std::move(why)));
      });
  });
}

} // namespace dagger
