// Slow and obvious: every step looks at every node.
#include "flow_model.hpp"

#include <algorithm>

namespace dagger::model {

namespace {

enum class mode { going, stopped, paused };

struct state {
  const flow& of;
  flow_end end;
  std::vector<std::uint32_t> failures = std::vector<std::uint32_t>(of.nodes.size());
  std::vector<bool> after_failure = std::vector<bool>(of.nodes.size());
  mode how = mode::going;
  bool failed = false;
};

bool is_settled(const state& x, std::uint32_t node) {
  return settled(x.end.nodes[node].state);
}

bool goes_on_when_stopped(run_if rule) {
  return rule == run_if::all_done || rule == run_if::one_failed;
}

bool rule_holds(const state& x, std::uint32_t node) {
  auto& said = x.of.nodes[node];
  auto completed = 0;
  auto failed = 0;
  for (auto b : said.before) {
    completed += x.end.nodes[b].state == task_state::completed;
    failed += x.end.nodes[b].state == task_state::failed || x.after_failure[b];
  }
  auto all = static_cast<int>(said.before.size());
  if (all == 0)
    return true;
  switch (said.run_if) {
  case run_if::all_success:
    return completed == all;
  case run_if::all_done:
    return true;
  case run_if::one_success:
    return completed > 0;
  case run_if::one_failed:
    return failed > 0;
  case run_if::none_failed:
    return failed == 0;
  }
  return false;
}

bool can_be_decided(const state& x, std::uint32_t node) {
  auto& before = x.of.nodes[node].before;
  return x.end.nodes[node].state == task_state::waiting
      && std::ranges::all_of(before, [&](auto b) { return is_settled(x, b); });
}

std::string because_of_upstream(const state& x, std::uint32_t node) {
  if (x.of.nodes[node].run_if == run_if::one_failed)
    return "no upstream failed";
  auto& before = x.of.nodes[node].before;
  for (auto b : before)
    if (x.end.nodes[b].state == task_state::failed || x.after_failure[b])
      return "upstream " + std::string{dagger::to_text(x.end.nodes[b].state)} + ": " + name_of(b);
  for (auto b : before)
    if (x.end.nodes[b].state != task_state::completed)
      return "upstream skipped: " + name_of(b);
  return {};
}

/// Skips one node that must not run; false if there is none.
bool skip_one(state& x) {
  for (auto node = std::uint32_t{0}; node < x.of.nodes.size(); ++node) {
    if (!can_be_decided(x, node) || x.how == mode::paused)
      continue;
    auto& end = x.end.nodes[node];
    auto rule = x.of.nodes[node].run_if;
    if (x.how == mode::stopped && !goes_on_when_stopped(rule)) {
      if (end.attempts > 0) { // it has begun: no other attempt
        end.state = task_state::failed;
        x.failed |= !x.of.nodes[node].optional;
        return true;
      }
      end.state = task_state::skipped;
      end.because = "stopped";
      x.after_failure[node] = true;
      return true;
    }
    if (!rule_holds(x, node)) {
      end.state = task_state::skipped;
      end.because = because_of_upstream(x, node);
      for (auto b : x.of.nodes[node].before)
        if (x.end.nodes[b].state == task_state::failed || x.after_failure[b])
          x.after_failure[node] = true;
      return true;
    }
  }
  return false;
}

std::optional<std::uint32_t> next(const state& x) {
  auto best = std::optional<std::uint32_t>{};
  for (auto node = std::uint32_t{0}; node < x.of.nodes.size(); ++node)
    if (can_be_decided(x, node)
        && (!best || x.of.nodes[node].priority > x.of.nodes[*best].priority))
      best = node;
  return best;
}

void attempt(state& x, std::uint32_t node) {
  auto& said = x.of.nodes[node];
  auto& end = x.end.nodes[node];
  if (!said.condition) {
    end.state = task_state::skipped;
    end.because = "its condition does not hold";
    return;
  }
  x.end.order.push_back(node);
  ++end.attempts;
  if (x.failures[node] >= said.failing) {
    end.state = task_state::completed;
    return;
  }
  if (++x.failures[node] < said.max_attempts)
    return; // again, when it is its turn
  end.state = task_state::failed;
  auto what = said.on_failure.value_or(said.optional ? on_failure::carry_on : x.of.policy);
  if (what == on_failure::stop && x.how == mode::going)
    x.how = mode::stopped;
  if (what == on_failure::pause && x.how == mode::going)
    x.how = mode::paused;
  if (!said.optional)
    x.failed = true;
}

} // namespace

std::string name_of(std::uint32_t node) {
  return "n" + std::to_string(node);
}

flow_end run_by_hand(const flow& of) {
  auto x = state{of, {}};
  x.end.nodes.resize(of.nodes.size());
  while (x.how != mode::paused) {
    while (skip_one(x)) {}
    auto node = next(x);
    if (!node)
      break;
    attempt(x, *node);
  }
  x.end.state = x.how == mode::paused              ? job_state::paused
              : x.failed || x.how == mode::stopped ? job_state::failed
                                                   : job_state::completed;
  return std::move(x.end);
}

flow random_flow(std::mt19937& random, std::uint32_t most, bool policies) {
  auto draw = [&](std::uint32_t below) { return static_cast<std::uint32_t>(random() % below); };
  auto made = flow{};
  made.policy = policies ? static_cast<on_failure>(draw(3)) : on_failure::carry_on;
  auto n = 1 + draw(most);
  for (auto i = std::uint32_t{0}; i < n; ++i) {
    auto& x = made.nodes.emplace_back();
    for (auto k = draw(4); i > 0 && k > 0; --k)
      // Near ones more often: chains as well as fans.
      x.before.push_back(draw(2) == 0 ? draw(i) : i - 1 - draw(std::min(i, 4u)));
    if (draw(3) == 0)
      x.run_if = static_cast<run_if>(draw(5));
    if (policies && draw(5) == 0)
      x.on_failure = static_cast<on_failure>(draw(3));
    x.optional = draw(6) == 0;
    x.priority = policies ? static_cast<int>(draw(5)) - 2 : 0;
    x.max_attempts = 1 + draw(3);
    x.failing = draw(4) == 0 ? 1 + draw(3) : 0;
    x.condition = draw(10) != 0;
  }
  return made;
}

std::string to_text(const flow& x) {
  auto text = "policy " + std::string{dagger::to_text(x.policy)} + "\n";
  for (auto i = std::size_t{0}; i < x.nodes.size(); ++i) {
    auto& n = x.nodes[i];
    text += name_of(static_cast<std::uint32_t>(i)) + " after";
    for (auto b : n.before)
      text += " " + name_of(b);
    text += ", " + std::string{dagger::to_text(n.run_if)} + (n.optional ? ", optional" : "")
          + (n.on_failure ? ", " + std::string{dagger::to_text(*n.on_failure)} : std::string{})
          + (n.condition ? "" : ", condition false") + ", priority " + std::to_string(n.priority)
          + ", fails " + std::to_string(n.failing) + " of " + std::to_string(n.max_attempts) + "\n";
  }
  return text;
}

std::string to_text(const flow_end& x) {
  auto text = std::string{dagger::to_text(x.state)} + "\n";
  for (auto i = std::size_t{0}; i < x.nodes.size(); ++i)
    text += name_of(static_cast<std::uint32_t>(i)) + " "
          + std::string{dagger::to_text(x.nodes[i].state)} + " " + x.nodes[i].because + " x"
          + std::to_string(x.nodes[i].attempts) + "\n";
  text += "order";
  for (auto node : x.order)
    text += " " + name_of(node);
  return text;
}

} // namespace dagger::model
