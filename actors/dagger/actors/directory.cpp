// Agents by name.
#include <dagger/actors/directory.hpp>

#include <dagger/codec/nearest.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <utility>

namespace dagger::actors {

namespace {

bool is_name(std::string_view text) {
  static constexpr std::string_view letters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !text.empty() && text.size() <= limits::name_bytes
      && letters.find(text.front()) != std::string_view::npos
      && std::ranges::all_of(text, [](char c) {
           return letters.find(c) != std::string_view::npos || c == '.' || c == '-' || c == ':'
               || c == '/';
         });
}

/// The first member that has no sense, if there is one.
std::optional<error> problem_of(const agent& x) {
  auto wrong = [&](std::string member, const std::string& rule) {
    return error{code::invalid_input, "agent '" + x.name + "': " + member + " must be " + rule,
                 std::move(member)};
  };
  auto spans = std::array{std::pair{"timeout", x.timeout}, std::pair{"heartbeat", x.heartbeat},
                          std::pair{"grace", x.grace}, std::pair{"retry.initial", x.retry.initial},
                          std::pair{"retry.max", x.retry.max}};
  for (auto& [member, span] : spans)
    if (span < duration{0} || span > limits::longest)
      return wrong(member, "from 0 to " + to_text(limits::longest));
  if (x.retry.max_attempts == 0)
    return wrong("retry.max_attempts", "at least 1");
  if (!std::isfinite(x.retry.multiplier) || x.retry.multiplier < 0)
    return wrong("retry.multiplier", "a number that is not negative");
  if (!(x.retry.jitter >= 0 && x.retry.jitter <= 1))
    return wrong("retry.jitter", "from 0 to 1");
  if (x.concurrency > limits::max_slots)
    return wrong("concurrency", "at most " + std::to_string(limits::max_slots));
  return std::nullopt;
}

} // namespace

result<agent_ptr> prepare(agent options, needs_function function) {
  if (!is_name(options.name))
    return fail(code::invalid_input, "'" + options.name + "' is no name of an agent", {},
                "letters, digits and _ . - : /, at most 128, the first a letter, digit or _");
  if (function == needs_function::yes && !options.run)
    return fail(code::invalid_input, "agent '" + options.name + "' has no function");
  if (auto why = problem_of(options))
    return fail(std::move(*why));
  auto compiled = [&](const json& schema, std::string_view which) {
    return schema::validator::compile(schema).map_error([&](error x) {
      x.message = std::string{which} + " schema of agent '" + options.name + "': " + x.message;
      return x;
    });
  };
  auto input = compiled(options.input, "input");
  if (!input)
    return fail(std::move(input.error()));
  auto output = compiled(options.output, "output");
  if (!output)
    return fail(std::move(output.error()));
  auto made = known_agent{std::move(options), std::move(*input), std::move(*output)};
  auto wanted = made.options.concurrency;
  if (wanted == 0)
    wanted = made.options.cooperative ? limits::cooperative_slots : limits::blocking_slots;
  made.slots = wanted;
  return std::make_shared<const known_agent>(std::move(made));
}

std::optional<std::string> directory::add(std::span<const agent_ptr> xs) {
  auto guard = std::unique_lock{mutex_};
  for (auto i = std::size_t{0}; i < xs.size(); ++i) {
    const auto& name = xs[i]->options.name;
    if (agents_.try_emplace(name, xs[i]).second)
      continue;
    for (auto& added : xs.first(i))
      agents_.erase(added->options.name);
    return name;
  }
  return std::nullopt;
}

agent_ptr directory::find(std::string_view name) const {
  auto guard = std::shared_lock{mutex_};
  auto i = agents_.find(name);
  return i == agents_.end() ? nullptr : i->second;
}

std::vector<agent_ptr> directory::all() const {
  auto guard = std::shared_lock{mutex_};
  auto found = std::vector<agent_ptr>{};
  for (auto& [name, x] : agents_)
    found.push_back(x);
  return found;
}

std::optional<error> directory::refusal(std::string_view name, const json& input,
                                        bool templated) const {
  auto x = find(name);
  if (!x) {
    auto names = std::vector<std::string>{};
    for (auto& other : all())
      names.push_back(other->options.name);
    auto meant = nearest(name, names);
    return error{code::not_found,
                 "there is no agent '" + std::string{name} + "'",
                 {},
                 meant ? "did you mean '" + *meant + "'?" : ""};
  }
  if (templated || x->input.accepts_everything())
    return std::nullopt;
  auto wrong = x->input.check(input);
  if (wrong.empty())
    return std::nullopt;
  return error{code::invalid_input,
               "agent '" + std::string{name} + "' does not take this: " + schema::to_text(wrong)};
}

std::optional<error> directory::refusal(const plan::job_spec& spec) const {
  if (auto wrong = plan::problems(spec); !wrong.empty())
    return std::move(wrong.front());
  for (auto i = std::size_t{0}; i < spec.tasks.size(); ++i) {
    auto& x = spec.tasks[i];
    auto place = "tasks[" + std::to_string(i) + "]";
    try {
      if (auto why = refusal(x.agent, x.input.value(), x.templated)) {
        why->where = place + (why->code == code::not_found ? ".agent" : ".input");
        return why;
      }
    } catch (error& why) {
      return error{code::invalid_input, why.message, place + ".input"};
    }
  }
  return std::nullopt;
}

} // namespace dagger::actors
