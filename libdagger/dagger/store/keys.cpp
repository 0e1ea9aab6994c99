// Keys in the words of people.
#include <dagger/store/keys.hpp>

#include <algorithm>

namespace dagger::store {

namespace {

constexpr auto slot_names =
  std::array<std::string_view, 6>{"input", "output", "state", "feedback", "progress", "answer"};

/// Later times are not ours: the calendar of the printer ends here.
constexpr auto last_year = std::uint64_t{253'402'300'800'000'000};

std::string hexadecimal(std::string_view bytes) {
  constexpr auto digits = "0123456789abcdef";
  auto out = std::string{"0x"};
  for (auto c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

/// `bytes` as they are if they can be shown.
std::string shown(std::string_view bytes) {
  auto printable = [](unsigned char c) { return c >= 0x20 && c < 0x7f; };
  return std::all_of(bytes.begin(), bytes.end(), printable) ? std::string{bytes}
                                                            : hexadecimal(bytes);
}

std::string task_text(std::uint64_t job, std::uint32_t task) {
  auto text = "job " + std::to_string(job);
  return task == job_itself ? text : text + " task " + std::to_string(task);
}

std::string payload_text(std::string_view x) {
  auto r = reader{x.substr(1)};
  auto job = r.big_endian<std::uint64_t>();
  auto task = r.big_endian<std::uint32_t>();
  auto which = slot_names[r.byte()];
  return task_text(job, task).append(" ").append(which).append(" chunk ")
       + std::to_string(r.big_endian<std::uint32_t>());
}

std::string log_text(std::string_view x) {
  auto r = reader{x.substr(1)};
  return "log " + std::to_string(r.big_endian<std::uint32_t>());
}

std::string meta_text(std::string_view x) {
  constexpr auto head = std::string_view{"log_end "};
  if (x.starts_with(head) && x.size() == head.size() + 4) {
    auto r = reader{x.substr(head.size())};
    return "end of log " + std::to_string(r.big_endian<std::uint32_t>());
  }
  return shown(x);
}

std::string delivery_text(std::string_view x) {
  auto parts = key::cursor_of(x);
  auto text = "group " + std::to_string(parts.group) + " log "
            + std::to_string(static_cast<std::uint32_t>(parts.log));
  return x.size() == 9 ? text : text + " position " + std::to_string(key::delivery_of(x));
}

std::string meaning(table t, std::string_view x) {
  switch (t) {
  case table::meta:
    return meta_text(x);
  case table::definitions:
    return "job \"" + shown(x.substr(1)) + "\"";
  case table::jobs:
  case table::active:
    return "job " + std::to_string(key::job_of(x));
  case table::specs:
    return "job " + std::to_string(key::task_of(x).job) + " tasks from "
         + std::to_string(key::task_of(x).task);
  case table::tasks:
    return task_text(key::task_of(x).job, key::task_of(x).task);
  case table::payloads:
    return payload_text(x);
  case table::timers: {
    auto parts = key::timer_of(x);
    return to_rfc3339(parts.when) + " " + task_text(parts.job, parts.task);
  }
  case table::log:
    return log_text(x) + " position " + std::to_string(key::position_of(x));
  case table::once:
    return log_text(x) + " key \"" + shown(x.substr(5)) + "\"";
  case table::signals:
    return "job " + std::to_string(key::job_of(x)) + " signal " + std::to_string(key::signal_of(x));
  case table::watchers:
    return "job " + std::to_string(key::job_of(x)) + " watched by "
         + task_text(key::waiting_of(x).job, key::waiting_of(x).task);
  case table::children:
    return "job " + std::to_string(key::job_of(x)) + " child " + std::to_string(key::child_of(x));
  case table::steps:
    return task_text(key::task_of(x).job, key::task_of(x).task) + " step \"" + shown(x.substr(17))
         + "\"";
  case table::stream:
    return task_text(key::task_of(x).job, key::task_of(x).task) + " chunk "
         + std::to_string(key::chunk_of(x));
  case table::doomed:
    return "job " + std::to_string(key::job_of(x));
  case table::cache:
    return "result " + hexadecimal(x.substr(1));
  case table::channels:
    return "channel \"" + shown(key::name_of(x)) + "\"";
  case table::groups:
    return "group \"" + shown(key::name_of(x)) + "\"";
  case table::cursors:
  case table::acks:
  case table::attempts:
    return delivery_text(x);
  case table::delayed:
    return "message due " + to_rfc3339(key::due_of(x));
  case table::delays:
    return log_text(x) + " delayed message \"" + shown(x.substr(5)) + "\"";
  }
  return hexadecimal(x);
}

} // namespace

bool well_formed(table t, std::string_view x) {
  if (x.empty() || x.size() > max_key_bytes)
    return false;
  if (t == table::meta)
    return true;
  if (static_cast<std::uint8_t>(x[0]) != name_space)
    return false;
  switch (t) {
  case table::meta:
    return true;
  case table::definitions:
  case table::channels:
  case table::groups:
    return x.size() > 1;
  case table::jobs:
  case table::active:
  case table::doomed:
    return x.size() == 9;
  case table::signals:
    return x.size() == 13;
  case table::watchers:
  case table::stream:
    return x.size() == 21;
  case table::children:
  case table::cache:
  case table::acks:
  case table::attempts:
    return x.size() == 17;
  case table::cursors:
    return x.size() == 9;
  case table::steps:
    return x.size() > 17;
  case table::specs:
  case table::tasks:
    return x.size() == 13;
  case table::payloads:
    return x.size() == 18 && static_cast<std::uint8_t>(x[13]) < slot_names.size();
  case table::timers:
    return x.size() == 21 && reader{x.substr(1)}.big_endian<std::uint64_t>() < last_year;
  case table::log:
    return x.size() == 13;
  case table::once:
  case table::delays:
    return x.size() > 5;
  case table::delayed:
    return x.size() == 17 && reader{x.substr(1)}.big_endian<std::uint64_t>() < last_year;
  }
  return false;
}

std::string readable(table t, std::string_view x) {
  auto text = well_formed(t, x) ? meaning(t, x) : hexadecimal(x);
  return std::string{name_of(t)} + ": " + text;
}

} // namespace dagger::store
