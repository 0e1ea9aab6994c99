// Bytes of the rows. Fields are only ever added at the end: a reader that does not
// know them stops before.
#include <dagger/plan/rows.hpp>

#include <dagger/plan/row_parts.hpp>

#include <algorithm>

namespace dagger::plan {

namespace {

using plan::put;

// -- specs --------------------------------------------------------------------

enum spec_flag : unsigned {
  is_optional = 1,
  is_at_most_once = 2,
  is_templated = 4,
  has_retry = 8,
  has_times = 16,
  has_parent = 32,
  has_description = 64,
  same_agent = 128, // as the task before it
};

/// In the byte of the kind, beside `high_bit`: what most do not say follows.
constexpr auto rare_bit = 64u;

unsigned flags_of(const spec_row& x, std::string_view agent_before) {
  return (x.optional ? is_optional : 0u) | (x.at_most_once ? is_at_most_once : 0u)
       | (x.templated ? is_templated : 0u) | (x.retry ? has_retry : 0u)
       | (x.timeout || x.total_timeout ? has_times : 0u) | (x.parent ? has_parent : 0u)
       | (x.description.empty() ? 0u : has_description)
       | (x.agent == agent_before ? same_agent : 0u);
}

void put(writer& w, const resources& xs) {
  w.varint(xs.size());
  for (auto& [name, amount] : xs) {
    w.text(name);
    w.varint(amount);
  }
}

resources get_resources(reader& r) {
  auto xs = resources{};
  for (auto n = get_count(r); n > 0; --n) {
    auto name = std::string{r.text()};
    xs[std::move(name)] = r.varint();
  }
  return xs;
}

void put(writer& w, const rare_spec& x) {
  w.byte(static_cast<std::uint8_t>(x.run_if));
  w.byte(static_cast<std::uint8_t>(x.on_failure ? 1u + static_cast<unsigned>(*x.on_failure) : 0u));
  w.varint(x.max_children);
  put(w, x.resources);
  w.text(x.compensate);
  w.varint(x.compensates ? 1 + std::uint64_t{*x.compensates} : 0);
}

std::shared_ptr<const rare_spec> get_rare_spec(reader& r) {
  auto x = rare_spec{};
  x.run_if = get_enum(r, run_if::none_failed);
  auto policy = unsigned{r.byte()};
  if (policy > 1u + static_cast<unsigned>(on_failure::pause))
    throw truncated{};
  if (policy > 0)
    x.on_failure = static_cast<on_failure>(policy - 1);
  x.max_children = static_cast<std::uint32_t>(r.varint());
  x.resources = get_resources(r);
  x.compensate = r.text();
  if (auto undone = r.varint(); undone > 0)
    x.compensates = static_cast<std::uint32_t>(undone - 1);
  return std::make_shared<const rare_spec>(std::move(x));
}

void put(writer& w, const spec_row& x, std::string_view agent_before) {
  auto flags = flags_of(x, agent_before);
  w.byte(static_cast<std::uint8_t>(flags));
  w.byte(static_cast<std::uint8_t>(static_cast<unsigned>(x.kind) | (x.heartbeat ? high_bit : 0u)
                                   | (x.more ? rare_bit : 0u)));
  w.text(x.name);
  if (!(flags & same_agent))
    w.text(x.agent);
  if (flags & has_description)
    w.text(x.description);
  w.zigzag(x.priority);
  if (flags & has_retry)
    put(w, *x.retry);
  if (flags & has_times) {
    put(w, x.timeout);
    put(w, x.total_timeout);
  }
  if (flags & has_parent)
    w.varint(*x.parent);
  put(w, x.created);
  put(w, x.after);
  put(w, x.input);
  if (x.heartbeat)
    put(w, x.heartbeat);
  if (x.more)
    put(w, *x.more);
}

spec_row get_spec(reader& r, const std::string& agent_before) {
  auto x = spec_row{};
  auto flags = unsigned{r.byte()};
  auto kind = unsigned{r.byte()};
  constexpr auto marks = high_bit | rare_bit;
  if ((kind & ~marks) > static_cast<unsigned>(task_kind::subtask))
    throw truncated{};
  x.kind = static_cast<task_kind>(kind & ~marks);
  x.name = r.text();
  x.agent = flags & same_agent ? agent_before : std::string{r.text()};
  if (flags & has_description)
    x.description = r.text();
  x.priority = static_cast<std::int32_t>(r.zigzag());
  x.optional = flags & is_optional;
  x.at_most_once = flags & is_at_most_once;
  x.templated = flags & is_templated;
  if (flags & has_retry)
    x.retry = std::make_shared<retry_policy>(get_retry(r));
  if (flags & has_times) {
    x.timeout = get_optional_duration(r);
    x.total_timeout = get_optional_duration(r);
  }
  if (flags & has_parent)
    x.parent = static_cast<std::uint32_t>(r.varint());
  x.created = get_time(r);
  x.after = get_ranges(r);
  x.input = get_payload(r);
  if (kind & high_bit)
    x.heartbeat = get_optional_duration(r);
  if (kind & rare_bit)
    x.more = get_rare_spec(r);
  return x;
}

void put(writer& w, std::span<const spec_row* const> xs) {
  w.varint(xs.size());
  auto before = std::string_view{};
  for (auto x : xs) {
    put(w, *x, before);
    before = x->agent;
  }
}

void put(writer& w, const std::vector<spec_row>& xs) {
  auto all = std::vector<const spec_row*>{};
  for (auto& x : xs)
    all.push_back(&x);
  put(w, all);
}

std::vector<spec_row> get_specs(reader& r) {
  auto xs = std::vector<spec_row>{};
  auto n = get_count(r);
  xs.reserve(n);
  auto before = std::string{};
  for (auto i = std::size_t{0}; i < n; ++i) {
    xs.push_back(get_spec(r, before));
    before = xs.back().agent;
  }
  return xs;
}

} // namespace

// -- rows ---------------------------------------------------------------------

namespace {

enum origin_flag : unsigned { comes_from_flow = 1, has_retry_of_flow = 2 };

/// Whether a definition says nothing of where it came from.
bool is_of_nowhere(const definition_row& x) {
  return !x.is_flow && !x.retry && x.folder.empty();
}

void put_origin(writer& w, const definition_row& x) {
  w.byte(static_cast<std::uint8_t>((x.is_flow ? comes_from_flow : 0u)
                                   | (x.retry ? has_retry_of_flow : 0u)));
  if (x.retry)
    put(w, *x.retry);
  w.text(x.folder);
}

void get_origin(reader& r, definition_row& x) {
  auto flags = unsigned{r.byte()};
  x.is_flow = flags & comes_from_flow;
  if (flags & has_retry_of_flow)
    x.retry = get_retry(r);
  x.folder = r.text();
}

/// Whether a definition has nothing of what was added to its row later.
bool is_plain(const definition_row& x) {
  return is_of_nowhere(x) && x.limits == job_limits{} && x.stall_action == stall_action::fail_wait
      && x.planning_agent.empty() && x.parent == 0 && x.on_failure == on_failure::carry_on
      && x.resources.empty();
}

} // namespace

std::string encode(const definition_row& x) {
  return encoded([&](writer& w) {
    w.varint(x.number);
    w.text(x.hash);
    w.text(x.name);
    w.text(x.description);
    w.zigzag(x.priority);
    put(w, x.tags);
    w.text(x.created_by);
    w.text(x.traceparent);
    put(w, x.created);
    put(w, x.inputs);
    put(w, x.outputs);
    put(w, x.allowed_agents);
    put(w, x.tasks);
    if (is_plain(x))
      return;
    w.varint(x.limits.tasks);
    w.varint(x.limits.depth);
    w.varint(x.limits.running);
    put(w, x.limits.deadline);
    w.byte(static_cast<std::uint8_t>(x.stall_action));
    w.text(x.planning_agent);
    w.varint(x.parent);
    w.byte(static_cast<std::uint8_t>(x.on_parent_end));
    w.varint(x.depth);
    if (x.on_failure == on_failure::carry_on && x.resources.empty() && is_of_nowhere(x))
      return;
    w.byte(static_cast<std::uint8_t>(x.on_failure));
    put(w, x.resources);
    if (!is_of_nowhere(x))
      put_origin(w, x);
  });
}

result<definition_row> decode_definition(std::string_view body) {
  return decode("definition", body, [](reader& r) {
    auto x = definition_row{};
    x.number = r.varint();
    x.hash = r.text();
    x.name = r.text();
    x.description = r.text();
    x.priority = static_cast<std::int32_t>(r.zigzag());
    x.tags = get_texts(r);
    x.created_by = r.text();
    x.traceparent = r.text();
    x.created = get_time(r);
    x.inputs = get_payload(r);
    x.outputs = get_payload(r);
    x.allowed_agents = get_texts(r);
    x.tasks = get_specs(r);
    if (r.left() == 0)
      return x;
    x.limits.tasks = static_cast<std::uint32_t>(r.varint());
    x.limits.depth = static_cast<std::uint32_t>(r.varint());
    x.limits.running = static_cast<std::uint32_t>(r.varint());
    x.limits.deadline = get_optional_duration(r);
    x.stall_action = get_enum(r, stall_action::callback);
    x.planning_agent = r.text();
    x.parent = r.varint();
    x.on_parent_end = get_enum(r, on_parent_end::leave);
    x.depth = static_cast<std::uint32_t>(r.varint());
    if (r.left() == 0)
      return x;
    x.on_failure = get_enum(r, on_failure::pause);
    x.resources = get_resources(r);
    if (r.left() > 0)
      get_origin(r, x);
    return x;
  });
}

std::string encode(std::span<const spec_row* const> x) {
  return encoded([&](writer& w) { put(w, x); });
}

result<std::vector<spec_row>> decode_specs(std::string_view body) {
  return decode("specs", body, [](reader& r) { return get_specs(r); });
}

std::string encode(const job_row& x) {
  return encoded([&](writer& w) {
    auto ends = x.stopping || x.undoing != undoing::no || x.completions > 0;
    auto more = !x.code.empty() || x.due || x.submitted > 0 || x.signals_end > 0
             || x.waits_for_jobs > 0 || x.stall > 0 || ends;
    w.text(x.id);
    w.byte(static_cast<std::uint8_t>(static_cast<unsigned>(x.state) | (more ? high_bit : 0u)));
    put(w, x.created);
    put(w, x.ended);
    w.varint(x.tasks);
    w.varint(x.events_end);
    for (auto n : x.counts)
      w.varint(n);
    if (!more)
      return;
    w.text(x.code);
    put(w, x.due);
    w.varint(x.submitted);
    w.varint(x.signals_end);
    w.varint(x.waits_for_jobs);
    w.big_endian(x.stall);
    if (!ends)
      return;
    w.byte(x.stopping);
    w.byte(static_cast<std::uint8_t>(x.undoing));
    w.varint(x.completions);
  });
}

result<job_row> decode_job(std::string_view body) {
  return decode("job", body, [](reader& r) {
    auto x = job_row{};
    x.id = r.text();
    auto state = unsigned{r.byte()};
    if ((state & ~high_bit) > static_cast<unsigned>(job_state::cancelled))
      throw truncated{};
    x.state = static_cast<job_state>(state & ~high_bit);
    x.created = get_time(r);
    x.ended = get_optional_time(r);
    x.tasks = static_cast<std::uint32_t>(r.varint());
    x.events_end = r.varint();
    for (auto& n : x.counts)
      n = static_cast<std::uint32_t>(r.varint());
    if (!(state & high_bit))
      return x;
    x.code = r.text();
    x.due = get_optional_time(r);
    x.submitted = static_cast<std::uint32_t>(r.varint());
    x.signals_end = static_cast<std::uint32_t>(r.varint());
    x.waits_for_jobs = static_cast<std::uint32_t>(r.varint());
    x.stall = r.big_endian<std::uint64_t>();
    if (r.left() == 0)
      return x;
    x.stopping = r.byte() != 0;
    x.undoing = get_enum(r, undoing::given_up);
    x.completions = r.varint();
    return x;
  });
}

// -- ranges and names ---------------------------------------------------------

std::string name_of(const spec_row& spec, std::uint32_t number) {
  return spec.name.empty() ? spec.agent + "-" + std::to_string(number) : spec.name;
}

void add_to(std::vector<task_range>& ranges, std::uint32_t x) {
  if (!ranges.empty() && ranges.back().first + ranges.back().count == x)
    ++ranges.back().count;
  else
    ranges.push_back({x, 1});
}

task_spec spec_of(const spec_row& row) {
  auto x = task_spec{};
  x.name = row.name;
  x.agent = row.agent;
  x.description = row.description;
  x.kind = row.kind;
  x.priority = row.priority;
  x.optional = row.optional;
  x.at_most_once = row.at_most_once;
  x.templated = row.templated;
  if (row.retry)
    x.retry = *row.retry;
  x.timeout = row.timeout;
  x.total_timeout = row.total_timeout;
  x.heartbeat = row.heartbeat;
  auto& rare = row.rare();
  x.run_if = rare.run_if;
  x.on_failure = rare.on_failure;
  x.max_children = rare.max_children;
  x.resources = rare.resources;
  x.compensate = rare.compensate;
  for_each(row.after, [&](std::uint32_t on) { x.after.push_back(task_ref::nth(on)); });
  return x;
}

bool contains(const std::vector<task_range>& ranges, std::uint32_t x) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](auto& r) { return x >= r.first && x - r.first < r.count; });
}

} // namespace dagger::plan
