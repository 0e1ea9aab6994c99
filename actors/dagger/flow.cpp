// The builder of flows, and results as programs see them.
#include <dagger/flow.hpp>

#include <dagger/actors/flow_execution.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/graph/reference.hpp>
#include <dagger/graph/render.hpp>

#include <algorithm>
#include <utility>

namespace dagger {

namespace flow_parts {

namespace {

constexpr auto chunk_bytes = std::size_t{64} << 10;

} // namespace

arena::~arena() {
  for (auto i = ends_.rbegin(); i != ends_.rend(); ++i)
    i->second(i->first);
}

void* arena::allocate(std::size_t size, std::size_t align) {
  auto gap = (align - reinterpret_cast<std::uintptr_t>(next_) % align) % align;
  if (!next_ || gap + size > left_) {
    auto room = std::max(size + align, chunk_bytes);
    next_ = chunks_.emplace_back(std::make_unique_for_overwrite<std::byte[]>(room)).get();
    left_ = room;
    gap = (align - reinterpret_cast<std::uintptr_t>(next_) % align) % align;
  }
  auto* at = next_ + gap;
  next_ = at + size;
  left_ -= gap + size;
  return at;
}

node_settings& node_handle::settings() const {
  auto& tables = owner_->tables();
  auto& which = tables.nodes[number_].settings;
  if (which == 0) {
    which = static_cast<std::uint32_t>(tables.node_settings_of.size());
    tables.node_settings_of.emplace_back();
  }
  return tables.node_settings_of[which];
}

void node_handle::come_after(std::uint32_t before) const {
  auto& tables = owner_->tables();
  if (before >= tables.nodes.size())
    throw error{code::misuse, "a node of another flow", tables.shown_name(number_)};
  if (number_ + 1 == tables.ends.size() && before < number_) {
    tables.before.push_back(before);
    ++tables.ends.back();
  } else {
    tables.more_edges.emplace_back(before, number_);
  }
}

void node_handle::set_when(std::function<bool(const frame&)> condition) const {
  settings().when = std::move(condition);
}

result<std::shared_ptr<const program>> program::make_of(const flow& x) {
  if (!x.program_) {
    auto made = make(x.tables_);
    if (!made)
      return made;
    x.program_ = std::move(*made);
    x.shared_ = true;
  }
  return x.program_;
}

} // namespace flow_parts

flow::flow(std::string name) : tables_(std::make_shared<flow_parts::flow_tables>()) {
  tables_->name = std::move(name);
  tables_->origin = this;
}

flow::~flow() = default;

/// To be changed: what others read stays as it is.
flow_parts::flow_tables& flow::tables() {
  if (shared_) {
    tables_ = std::make_shared<flow_parts::flow_tables>(*tables_);
    shared_ = false;
  }
  program_.reset();
  return *tables_;
}

flow& flow::on_failure(dagger::on_failure what) {
  tables().settings.on_failure = what;
  return *this;
}

flow& flow::max_parallel(std::uint32_t n) {
  tables().settings.max_parallel = n;
  return *this;
}

flow& flow::timeout(duration time) {
  tables().settings.timeout = time;
  return *this;
}

flow& flow::retry(retry_policy policy) {
  tables().settings.retry = std::move(policy);
  return *this;
}

flow& flow::resources(std::map<std::string, std::uint64_t> pool) {
  tables().settings.resources = std::move(pool);
  return *this;
}

flow& flow::description(std::string text) {
  tables().settings.description = std::move(text);
  return *this;
}

flow& flow::reserve(std::size_t nodes, std::size_t edges) {
  auto& x = tables();
  x.nodes.reserve(nodes);
  x.ends.reserve(nodes);
  x.name_ends.reserve(nodes);
  x.before.reserve(edges);
  return *this;
}

const std::string& flow::name() const {
  return tables_->name;
}

std::size_t flow::size() const {
  return tables_->nodes.size();
}

std::uint32_t flow::append(std::string_view name, const flow_parts::flow_node& row,
                           std::initializer_list<std::uint32_t> before) {
  auto& x = tables();
  for (auto node : before)
    if (node >= x.nodes.size())
      throw error{code::misuse, "a value of another flow", std::string{name}};
  x.nodes.push_back(row);
  x.before.insert(x.before.end(), before.begin(), before.end());
  x.ends.push_back(static_cast<std::uint32_t>(x.before.size()));
  x.names.append(name);
  x.name_ends.push_back(static_cast<std::uint32_t>(x.names.size()));
  return static_cast<std::uint32_t>(x.nodes.size() - 1);
}

std::uint32_t flow::append_input(std::string_view name, const flow_parts::value_type* type,
                                 std::shared_ptr<const void> fallback) {
  auto row = flow_parts::flow_node{};
  row.value = type;
  row.kind = flow_parts::node_kind::input;
  auto number = append(name, row, {});
  if (fallback)
    flow_parts::node_handle{this, number}.settings().fallback = std::move(fallback);
  return number;
}

std::uint32_t flow::append_sub_flow(std::string_view name, flow& sub, std::uint32_t output,
                                    const flow_parts::value_type* type,
                                    std::vector<binding> inputs) {
  auto body = flow_parts::sub_flow_body{sub.tables_, output, {}};
  auto row = flow_parts::flow_node{};
  row.value = type;
  row.kind = flow_parts::node_kind::sub_flow;
  sub.shared_ = true;
  for (auto& x : inputs)
    body.inputs.push_back(x.input);
  row.body = tables().arena->make(std::move(body));
  auto number = append(name, row, {});
  for (auto& x : inputs)
    flow_parts::node_handle{this, number}.come_after(x.value);
  return number;
}

node<json> flow::add(std::string_view name, std::string_view action, json inputs) {
  if (auto ok = actors::check_shape(inputs, "the inputs"); !ok)
    throw error{code::invalid_input, ok.error().message, std::string{name}};
  auto& x = tables();
  auto number_of = [&](std::string_view wanted) -> std::optional<std::uint32_t> {
    for (auto i = std::uint32_t{0}; i < x.nodes.size(); ++i)
      if (x.name_of(i) == wanted)
        return i;
    return std::nullopt;
  };
  auto body = flow_parts::action_body{std::string{action}, std::move(inputs), {}};
  for (auto& found : graph::references_in(body.inputs)) {
    auto ref = graph::parse_reference(
      found.text, [&](std::string_view id) { return number_of(id).has_value(); });
    if (found.open || !ref)
      throw error{code::invalid_input, found.open ? "a '${' without '}'" : ref.error().message,
                  std::string{name} + found.pointer};
    auto wanted = ref->of_inputs() ? ref->path.front() : ref->node;
    auto number = number_of(wanted);
    if (!number)
      throw error{code::not_found, "there is no input '" + wanted + "'",
                  std::string{name} + found.pointer};
    body.nodes.emplace(wanted, *number);
  }
  auto row = flow_parts::flow_node{};
  row.kind = flow_parts::node_kind::action;
  row.value = flow_parts::type_of<json>();
  auto needed = body.nodes;
  row.body = x.arena->make(std::move(body));
  auto made = node<json>{this, append(name, row, {})};
  for (auto& [id, number] : needed)
    made.come_after(number);
  return made;
}

std::string flow::dot() const {
  return graph::to_dot(actors::picture_of(*tables_));
}

std::string flow::mermaid() const {
  return graph::to_mermaid(actors::picture_of(*tables_));
}

flow_inputs flow_inputs::from(const json& object) {
  if (!object.is_object())
    throw error{code::invalid_input, "the inputs of a flow are an object, not " + object.dump()};
  auto made = flow_inputs{};
  for (auto& [name, value] : object.items())
    made.all_.emplace_back(name, json(value));
  return made;
}

// -- results ------------------------------------------------------------------

const actors::flow_execution& flow_result::current() const {
  if (of_->passage() != passage_)
    throw error{code::misuse, "the run was resumed: look at the result of that"};
  return *of_;
}

job_state flow_result::state() const {
  return current().state();
}

const void* flow_result::value_of(const flow_parts::node_handle& node) const {
  auto& of = current();
  auto& tables = *of.program().tables;
  if (node.owner_ != tables.origin || node.number() >= tables.nodes.size())
    throw error{code::misuse, "the node is not one of this run of flow '" + tables.name + "'"};
  if (auto* value = of.value_of(node.number()))
    return value;
  auto name = tables.shown_name(node.number());
  auto report = of.report_of(node.number());
  auto why = std::string{to_text(report.state)};
  if (!report.skipped_because.empty())
    why += ": " + report.skipped_because;
  else if (!report.attempts.empty() && report.attempts.back().error)
    why += ": " + report.attempts.back().error->message;
  throw error{code::not_found, "node '" + name + "' has no value (" + why + ")", name};
}

std::optional<error> flow_result::failure() const {
  return current().why_failed();
}

node_report flow_result::at(const flow_parts::node_handle& node) const {
  auto& of = current();
  if (node.owner_ != of.program().tables->origin || node.number() >= of.program().edges.size())
    throw error{code::misuse, "the node is not one of this run"};
  return of.report_of(node.number());
}

std::vector<node_report> flow_result::nodes() const {
  auto& of = current();
  auto made = std::vector<node_report>{};
  auto& all = of.program().tables->nodes;
  for (auto i = std::uint32_t{0}; i < all.size(); ++i)
    if (all[i].kind != flow_parts::node_kind::input)
      made.push_back(of.report_of(i));
  return made;
}

namespace {

json to_json(const error& x) {
  auto made = json{{"code", x.code}, {"message", x.message}};
  if (!x.where.empty())
    made["where"] = x.where;
  return made;
}

json to_json(const std::vector<node_report>& xs) {
  auto all = json::array();
  for (auto& x : xs) {
    auto one = json{{"name", x.name}, {"state", to_text(x.state)}};
    if (!x.skipped_because.empty())
      one["skipped_because"] = x.skipped_because;
    if (!x.attempts.empty())
      one["took_us"] = x.took.count();
    for (auto& y : x.attempts) {
      auto attempt = json{{"started", to_rfc3339(y.started)}, {"ended", to_rfc3339(y.ended)}};
      if (y.error)
        attempt["error"] = to_json(*y.error);
      one["attempts"].push_back(std::move(attempt));
    }
    if (!x.elements.empty())
      one["elements"] = to_json(x.elements);
    if (!x.nodes.empty())
      one["nodes"] = to_json(x.nodes);
    all.push_back(std::move(one));
  }
  return all;
}

void add_text(std::string& out, const std::vector<node_report>& xs, const std::string& indent) {
  for (auto& x : xs) {
    out += indent + x.name + ": " + std::string{to_text(x.state)};
    if (!x.skipped_because.empty())
      out += " (" + x.skipped_because + ")";
    if (x.attempts.size() > 1)
      out += ", " + std::to_string(x.attempts.size()) + " attempts";
    if (!x.attempts.empty())
      out += ", " + std::to_string(x.took.count()) + " us";
    out += "\n";
    for (auto& y : x.attempts)
      if (y.error)
        out += indent + "  " + y.error->code + ": " + y.error->message + "\n";
    add_text(out, x.elements, indent + "  ");
    add_text(out, x.nodes, indent + "  ");
  }
}

} // namespace

json flow_result::report() const {
  auto& of = current();
  auto made = json{{"flow", of.program().tables->name},
                   {"state", to_text(of.state())},
                   {"started", to_rfc3339(of.started())},
                   {"ended", to_rfc3339(of.ended())},
                   {"nodes", to_json(nodes())}};
  if (auto why = of.why_failed())
    made["error"] = to_json(*why);
  return made;
}

std::string flow_result::report_text() const {
  auto& of = current();
  auto took = of.ended() - of.started();
  auto out = "flow '" + of.program().tables->name + "' " + std::string{to_text(of.state())} + ", "
           + std::to_string(took.count()) + " us\n";
  if (auto why = of.why_failed())
    out += to_string(*why) + "\n";
  add_text(out, nodes(), "  ");
  return out;
}

std::string flow_result::dot() const {
  return graph::to_dot(actors::picture_of(current()));
}

std::string flow_result::mermaid() const {
  return graph::to_mermaid(actors::picture_of(current()));
}

void flow_run::cancel() const {
  if (auto there = of_.lock())
    there->cancel({code::cancelled, "somebody cancelled the run"});
}

void flow_run::pause() const {
  if (auto there = of_.lock())
    there->hold();
}

} // namespace dagger
