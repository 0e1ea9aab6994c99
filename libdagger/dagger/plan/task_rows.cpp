// Bytes of the rows that change: tasks, events, signals, chunks, outputs that are kept. Fields are
// only ever added at the end, or behind a flag.
#include <dagger/plan/rows.hpp>

#include <dagger/plan/row_parts.hpp>

namespace dagger::plan {

namespace {

using plan::put;

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
  has_more = 512,
  has_kept = 1024,
};

unsigned flags_of(const task_row& x) {
  return (x.deadline_passed ? passed_deadline : 0u) | (x.failed_upstream ? has_failed_upstream : 0u)
       | (x.added_after.empty() && x.waited.empty() ? 0u : has_dependencies)
       | (x.wait ? has_wait : 0u)
       | (x.output.present || x.saved_state.present || x.feedback.present ? has_payloads : 0u)
       | (x.code.empty() && x.message.empty() ? 0u : has_error)
       | (x.summary.empty() ? 0u : has_summary) | (x.due || x.total_deadline ? has_due : 0u)
       | (x.at_most_once ? once_only : 0u) | (x.rare() == rare_row{} ? 0u : has_more)
       | (x.rare().kept ? has_kept : 0u);
}

void put(writer& w, const clause& c) {
  auto plain = c.jobs.empty() && c.expected.empty() && c.signal.empty();
  w.byte(static_cast<std::uint8_t>(static_cast<unsigned>(c.mode) | (plain ? 0u : high_bit)));
  put(w, c.tasks);
  put(w, c.until);
  if (plain)
    return;
  w.varint(c.jobs.size());
  for (auto number : c.jobs)
    w.varint(number);
  put(w, c.expected);
  w.text(c.signal);
  w.text(c.schema);
}

clause get_clause(reader& r) {
  auto c = clause{};
  auto mode = unsigned{r.byte()};
  if ((mode & ~high_bit) > static_cast<unsigned>(wait_mode::review))
    throw truncated{};
  c.mode = static_cast<wait_mode>(mode & ~high_bit);
  c.tasks = get_ranges(r);
  c.until = get_time(r);
  if (!(mode & high_bit))
    return c;
  c.jobs.resize(get_count(r));
  for (auto& number : c.jobs)
    number = r.varint();
  c.expected = get_texts(r);
  c.signal = r.text();
  c.schema = r.text();
  return c;
}

void put(writer& w, const rare_row& x) {
  w.byte(static_cast<std::uint8_t>(x.signalled | x.replaced << 1 | x.waits_again << 2 | x.open << 3
                                   | x.disabled << 4 | (x.completion > 0) << 5 | x.has_input << 6
                                   | !x.spared.empty() << 7));
  w.varint(x.first_visit);
  w.varint(x.round);
  w.varint(x.woken_by);
  put(w, x.answer);
  put(w, x.progress);
  if (x.completion > 0)
    w.varint(x.completion);
  if (x.has_input)
    put(w, x.input);
  if (!x.spared.empty())
    put(w, x.spared);
}

rare_row get_rare(reader& r) {
  auto x = rare_row{};
  auto flags = unsigned{r.byte()};
  x.signalled = flags & 1u;
  x.replaced = flags & 2u;
  x.waits_again = flags & 4u;
  x.open = flags & 8u;
  x.disabled = flags & 16u;
  x.has_input = flags & 64u;
  x.first_visit = static_cast<std::uint32_t>(r.varint());
  x.round = static_cast<std::uint32_t>(r.varint());
  x.woken_by = static_cast<std::uint32_t>(r.varint());
  x.answer = get_payload(r);
  x.progress = get_payload(r);
  if (flags & 32u)
    x.completion = r.varint();
  if (x.has_input)
    x.input = get_payload(r);
  if (flags & 128u)
    x.spared = get_ranges(r);
  return x;
}

void put(writer& w, const wait_row& x) {
  w.varint(x.any_of.size());
  for (auto& c : x.any_of)
    put(w, c);
  put(w, x.deadline);
  w.byte(static_cast<std::uint8_t>(x.on_deadline));
}

wait_row get_wait(reader& r) {
  auto x = wait_row{};
  x.any_of.resize(get_count(r));
  for (auto& c : x.any_of)
    c = get_clause(r);
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

} // namespace

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
    if (flags & has_more)
      put(w, x.rare());
    if (flags & has_kept)
      put(w, *x.rare().kept);
  });
}

bool is_suspended(std::string_view body) {
  return !body.empty() && body.front() == static_cast<char>(task_state::suspended);
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
    if (flags & has_more)
      x.more = std::make_unique<rare_row>(get_rare(r));
    if (flags & has_kept)
      x.rarely().kept = get_digest(r);
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

std::string encode(const signal_row& x) {
  return encoded([&](writer& w) {
    w.text(x.name);
    put(w, x.sent);
    w.text(x.value);
  });
}

result<signal_row> decode_signal(std::string_view body) {
  return decode("signal", body, [](reader& r) {
    auto x = signal_row{};
    x.name = r.text();
    x.sent = get_time(r);
    x.value = r.text();
    return x;
  });
}

std::string encode(const doomed_row& x) {
  return encoded([&](writer& w) { w.varint(x.events_end); });
}

result<doomed_row> decode_doomed(std::string_view body) {
  return decode("doomed", body, [](reader& r) { return doomed_row{r.varint()}; });
}

std::string encode(const chunk_row& x) {
  return encoded([&](writer& w) {
    w.varint(x.visit);
    w.varint(x.attempt);
    put(w, x.time);
    w.byte(x.restarted);
    w.text(x.value);
  });
}

result<chunk_row> decode_chunk(std::string_view body) {
  return decode("chunk", body, [](reader& r) {
    auto x = chunk_row{};
    x.visit = static_cast<std::uint32_t>(r.varint());
    x.attempt = static_cast<std::uint32_t>(r.varint());
    x.time = get_time(r);
    x.restarted = r.byte() != 0;
    x.value = r.text();
    return x;
  });
}

std::string encode(const cached_row& x) {
  return encoded([&](writer& w) {
    put(w, x.until);
    put(w, x.made);
    put(w, x.call);
    w.varint(x.files.size());
    for (auto& file : x.files) {
      w.text(file.path);
      w.varint(file.size);
      w.zigzag(file.modified);
      w.byte(file.content.has_value());
      if (file.content)
        put(w, *file.content);
    }
    w.text(x.output);
  });
}

result<cached_row> decode_cached(std::string_view body) {
  return decode("cached", body, [](reader& r) {
    auto x = cached_row{};
    x.until = get_time(r);
    x.made = get_time(r);
    x.call = get_digest(r);
    x.files.resize(get_count(r));
    for (auto& file : x.files) {
      file.path = r.text();
      file.size = r.varint();
      file.modified = r.zigzag();
      if (r.byte() != 0)
        file.content = get_digest(r);
    }
    x.output = r.text();
    return x;
  });
}

result<timestamp> end_of_cached(std::string_view body) {
  return decode("cached", body, [](reader& r) { return get_time(r); });
}

} // namespace dagger::plan
