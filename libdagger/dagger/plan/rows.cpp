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

unsigned flags_of(const spec_row& x, std::string_view agent_before) {
  return (x.optional ? is_optional : 0u) | (x.at_most_once ? is_at_most_once : 0u)
       | (x.templated ? is_templated : 0u) | (x.retry ? has_retry : 0u)
       | (x.timeout || x.total_timeout ? has_times : 0u) | (x.parent ? has_parent : 0u)
       | (x.description.empty() ? 0u : has_description)
       | (x.agent == agent_before ? same_agent : 0u);
}

void put(writer& w, const spec_row& x, std::string_view agent_before) {
  auto flags = flags_of(x, agent_before);
  w.byte(static_cast<std::uint8_t>(flags));
  w.byte(static_cast<std::uint8_t>(x.kind));
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
}

spec_row get_spec(reader& r, const std::string& agent_before) {
  auto x = spec_row{};
  auto flags = unsigned{r.byte()};
  x.kind = get_enum(r, task_kind::subtask);
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

// -- tasks --------------------------------------------------------------------

enum task_flag : unsigned {
  passed_deadline = 1,
  has_failed_upstream = 2,
  has_dependencies = 4,
  has_wait = 8,
  has_payloads = 16,
  has_error = 32,
  has_summary = 64,
  has_due = 128,
  once_only = 256,
};

unsigned flags_of(const task_row& x) {
  return (x.deadline_passed ? passed_deadline : 0u) | (x.failed_upstream ? has_failed_upstream : 0u)
       | (x.added_after.empty() && x.waited.empty() ? 0u : has_dependencies)
       | (x.wait ? has_wait : 0u)
       | (x.output.present || x.saved_state.present || x.feedback.present ? has_payloads : 0u)
       | (x.code.empty() && x.message.empty() ? 0u : has_error)
       | (x.summary.empty() ? 0u : has_summary) | (x.due || x.total_deadline ? has_due : 0u)
       | (x.at_most_once ? once_only : 0u);
}

void put(writer& w, const wait_row& x) {
  w.varint(x.any_of.size());
  for (auto& c : x.any_of) {
    w.byte(static_cast<std::uint8_t>(c.mode));
    put(w, c.tasks);
    put(w, c.until);
  }
  put(w, x.deadline);
  w.byte(static_cast<std::uint8_t>(x.on_deadline));
}

wait_row get_wait(reader& r) {
  auto x = wait_row{};
  x.any_of.resize(get_count(r));
  for (auto& c : x.any_of) {
    c.mode = get_enum(r, wait_mode::time);
    c.tasks = get_ranges(r);
    c.until = get_time(r);
  }
  x.deadline = get_optional_time(r);
  x.on_deadline = get_enum(r, on_deadline::wake);
  return x;
}

// -- events -------------------------------------------------------------------

void put(writer& w, const transition& x) {
  auto has_text = !x.code.empty() || !x.message.empty();
  w.varint(x.task);
  w.byte(static_cast<std::uint8_t>(static_cast<unsigned>(x.to) | (has_text ? 128u : 0u)));
  w.varint(x.visit);
  w.varint(x.attempt);
  if (has_text) {
    w.text(x.code);
    w.text(x.message);
  }
}

transition get_transition(reader& r) {
  auto x = transition{};
  x.task = static_cast<std::uint32_t>(r.varint());
  auto to = unsigned{r.byte()};
  x.to = static_cast<task_state>(to & 127u);
  x.visit = static_cast<std::uint32_t>(r.varint());
  x.attempt = static_cast<std::uint32_t>(r.varint());
  if (to & 128u) {
    x.code = r.text();
    x.message = r.text();
  }
  return x;
}

/// Runs `read` and turns the end of the bytes into an error.
template <class F>
auto decode(const char* what, std::string_view body, F&& read)
  -> result<decltype(read(std::declval<reader&>()))> {
  try {
    auto r = reader{body};
    return read(r);
  } catch (const truncated& x) {
    return fail(code::store_corrupt,
                std::string{"a row of kind '"} + what + "' cannot be read: " + x.what());
  }
}

/// Most rows of tasks are shorter: one allocation each.
constexpr auto usual_row_bytes = std::size_t{120};

template <class F>
std::string encoded(F&& write) {
  auto out = std::string{};
  out.reserve(usual_row_bytes);
  auto w = writer{out};
  write(w);
  return out;
}

} // namespace

// -- rows ---------------------------------------------------------------------

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
    w.text(x.id);
    w.byte(static_cast<std::uint8_t>(x.state));
    put(w, x.created);
    put(w, x.ended);
    w.varint(x.tasks);
    w.varint(x.events_end);
    for (auto n : x.counts)
      w.varint(n);
  });
}

result<job_row> decode_job(std::string_view body) {
  return decode("job", body, [](reader& r) {
    auto x = job_row{};
    x.id = r.text();
    x.state = get_enum(r, job_state::cancelled);
    x.created = get_time(r);
    x.ended = get_optional_time(r);
    x.tasks = static_cast<std::uint32_t>(r.varint());
    x.events_end = r.varint();
    for (auto& n : x.counts)
      n = static_cast<std::uint32_t>(r.varint());
    return x;
  });
}

std::string encode(const task_row& x) {
  return encoded([&](writer& w) {
    auto flags = flags_of(x);
    w.byte(static_cast<std::uint8_t>(x.state));
    w.varint(flags);
    w.varint(x.visit);
    w.varint(x.attempt);
    w.varint(x.starts);
    w.varint(x.failures);
    w.varint(x.interruptions);
    w.varint(x.max_interruptions);
    put(w, x.started);
    put(w, x.ended);
    if (flags & has_due) {
      put(w, x.due);
      put(w, x.total_deadline);
    }
    if (flags & has_dependencies) {
      put(w, x.added_after);
      put(w, x.waited);
    }
    if (flags & has_wait)
      put(w, *x.wait);
    if (flags & has_payloads) {
      put(w, x.output);
      put(w, x.saved_state);
      put(w, x.feedback);
    }
    if (flags & has_error) {
      w.text(x.code);
      w.text(x.message);
    }
    if (flags & has_summary)
      w.text(x.summary);
  });
}

result<task_row> decode_task(std::string_view body) {
  return decode("task", body, [](reader& r) {
    auto x = task_row{};
    x.state = get_enum(r, task_state::compensated);
    auto flags = r.varint();
    x.at_most_once = flags & once_only;
    x.deadline_passed = flags & passed_deadline;
    x.failed_upstream = flags & has_failed_upstream;
    x.visit = static_cast<std::uint32_t>(r.varint());
    x.attempt = static_cast<std::uint32_t>(r.varint());
    x.starts = static_cast<std::uint32_t>(r.varint());
    x.failures = static_cast<std::uint32_t>(r.varint());
    x.interruptions = static_cast<std::uint32_t>(r.varint());
    x.max_interruptions = static_cast<std::uint32_t>(r.varint());
    x.started = get_optional_time(r);
    x.ended = get_optional_time(r);
    if (flags & has_due) {
      x.due = get_optional_time(r);
      x.total_deadline = get_optional_time(r);
    }
    if (flags & has_dependencies) {
      x.added_after = get_ranges(r);
      x.waited = get_ranges(r);
    }
    if (flags & has_wait)
      x.wait = get_wait(r);
    if (flags & has_payloads) {
      x.output = get_payload(r);
      x.saved_state = get_payload(r);
      x.feedback = get_payload(r);
    }
    if (flags & has_error) {
      x.code = r.text();
      x.message = r.text();
    }
    if (flags & has_summary)
      x.summary = r.text();
    return x;
  });
}

std::string encode(const event_row& x) {
  return encoded([&](writer& w) {
    w.varint(x.event.job);
    w.text(x.event.id);
    put(w, x.event.time);
    w.varint(x.previous ? *x.previous + 1 : 0);
    w.varint(x.event.state ? static_cast<std::uint64_t>(*x.event.state) + 1 : 0);
    put(w, x.event.added);
    w.varint(x.event.transitions.size());
    for (auto& t : x.event.transitions)
      put(w, t);
  });
}

result<event_row> decode_event(std::string_view body) {
  return decode("job_event", body, [](reader& r) {
    auto x = event_row{};
    x.event.job = r.varint();
    x.event.id = r.text();
    x.event.time = get_time(r);
    if (auto previous = r.varint(); previous > 0)
      x.previous = previous - 1;
    if (auto state = r.varint(); state > 0)
      x.event.state = static_cast<job_state>(state - 1);
    x.event.added = get_ranges(r);
    x.event.transitions.resize(get_count(r));
    for (auto& t : x.event.transitions)
      t = get_transition(r);
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

bool contains(const std::vector<task_range>& ranges, std::uint32_t x) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](auto& r) { return x >= r.first && x - r.first < r.count; });
}

} // namespace dagger::plan
