// Where the parts of a file stand, and what follows from what it says.
#include <dagger/graph/spec.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <tuple>

namespace dagger::graph {

namespace {

/// All that counts but the sub-flows.
auto content_of(const spec& x) {
  return std::tie(x.kind, x.name, x.description, x.version, x.author, x.signature, x.tags,
                  x.instructions, x.inputs, x.inputs_declared, x.config, x.nodes, x.outputs,
                  x.allowed_agents, x.priority, x.limits, x.stall_action, x.planning_agent,
                  x.trigger);
}

auto content_of(const node& x) {
  return std::tie(x.id, x.action, x.description, x.instructions, x.dependencies, x.inputs,
                  x.outputs, x.when, x.run_if, x.for_each, x.max_parallel, x.max_children,
                  x.tolerate, x.repeat, x.retry, x.timeout, x.total_timeout, x.heartbeat,
                  x.priority, x.resources, x.cache, x.optional, x.enabled, x.at_most_once, x.kind,
                  x.on_failure, x.failure, x.compensate);
}

/// Copies flows without their bounds of time; one that is there twice is one again.
class unhurried {
public:
  spec copy(const spec& x) {
    auto made = x;
    made.config.timeout.reset();
    made.limits.deadline.reset();
    for (auto& node : made.nodes) {
      node.timeout.reset();
      node.total_timeout.reset();
      node.heartbeat.reset();
    }
    for (auto& flow : made.flows)
      flow = shared(flow);
    for (auto& [name, flow] : made.sub_flows)
      flow = shared(flow);
    return made;
  }

private:
  std::shared_ptr<const spec> shared(const std::shared_ptr<const spec>& x) {
    if (auto found = copied_.find(x.get()); found != copied_.end())
      return found->second;
    auto made = std::make_shared<const spec>(copy(*x));
    copied_.emplace(x.get(), made);
    return made;
  }

  std::map<const spec*, std::shared_ptr<const spec>> copied_;
};

/// Takes what `x` says.
void put(retry_policy& to, const retry_rule& x) {
  to.max_attempts = x.max_attempts.value_or(to.max_attempts);
  to.backoff = x.backoff.value_or(to.backoff);
  to.initial = x.initial.value_or(to.initial);
  to.multiplier = x.multiplier.value_or(to.multiplier);
  to.max = x.max.value_or(to.max);
  to.jitter = x.jitter.value_or(to.jitter);
  to.retry_on = x.retry_on.value_or(to.retry_on);
  to.abort_on = x.abort_on.value_or(to.abort_on);
}

} // namespace

bool declared_input::is_file() const {
  if (!schema.is_object())
    return false;
  auto format = schema.find("format");
  return format != schema.end() && *format == "path";
}

bool operator==(const node& a, const node& b) {
  return content_of(a) == content_of(b);
}

bool operator==(const spec& a, const spec& b) {
  return content_of(a) == content_of(b)
      && std::equal(a.flows.begin(), a.flows.end(), b.flows.begin(), b.flows.end(),
                    [](auto& x, auto& y) { return *x == *y; });
}

node_index::node_index(const std::vector<node>& nodes) {
  by_id_.reserve(nodes.size());
  for (auto i = std::size_t{0}; i < nodes.size(); ++i)
    if (!nodes[i].id.empty())
      by_id_.emplace(nodes[i].id, i);
}

std::optional<std::size_t> node_index::find(std::string_view id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional{found->second};
}

std::string node_pointer(const spec& spec, std::size_t index, std::string_view rest) {
  auto made = spec.base;
  made += '/';
  made += words_of(spec.kind).nodes;
  made += '/';
  made += std::to_string(index);
  made += rest;
  return made;
}

std::string input_pointer(const spec& spec, std::size_t index, std::size_t input,
                          std::string_view rest) {
  auto& x = spec.nodes[index].inputs[input];
  auto made = node_pointer(spec, index, "/inputs");
  if (!spec.nodes[index].inputs_listed)
    return join_pointer(made, x.name) + std::string{rest};
  using source = input_source;
  made += "/" + std::to_string(input);
  made += x.source == source::value     ? "/value"
        : x.source == source::reference ? "/reference"
        : x.source == source::expr      ? "/expr"
                                        : "/file";
  return made + std::string{rest};
}

std::string place_in(const spec& spec, std::string_view pointer) {
  return spec.places ? spec.file + ":" + to_text(spec.places->value(pointer)) : spec.file;
}

error error_at(const spec& spec, std::string_view pointer, error what) {
  auto path = to_path(pointer);
  what.where = place_in(spec, pointer);
  what.message = (path.empty() ? "" : path + ": ") + in_words_of(spec.kind, what.message);
  return what;
}

spec without_times(const spec& x) {
  return unhurried{}.copy(x);
}

retry_rule rule_of(const retry_policy& x) {
  return {.max_attempts = x.max_attempts,
          .backoff = x.backoff,
          .initial = x.initial,
          .multiplier = x.multiplier,
          .max = x.max,
          .jitter = x.jitter,
          .retry_on = x.retry_on,
          .abort_on = x.abort_on};
}

std::optional<retry_policy> retry_of(const spec& spec, const node& node) {
  if (node.retry.says_nothing() && spec.config.retry.says_nothing())
    return std::nullopt;
  auto made = retry_policy{};
  put(made, spec.config.retry);
  put(made, node.retry);
  return made;
}

} // namespace dagger::graph
