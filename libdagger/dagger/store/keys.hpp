// Every table and every key of a store, on one page; docs/storage.md says the
// same in prose. Nobody else builds or parses a key.
#pragma once

#include <dagger/codec/bytes.hpp>
#include <dagger/codec/hash.hpp>
#include <dagger/value/time.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dagger::store {

/// The tables. Numbers are written into backups and error texts: never reuse one.
enum class table : std::uint8_t {
  meta = 0,        // name -> format version, last commit number
  definitions = 1, // job id -> its number and what was submitted; written once
  jobs = 2,        // job -> its state, counts, last event; rewritten with each event
  active = 3,      // job -> nothing; the jobs with a task ready, running or in backoff
  specs = 4,       // job, first task -> what up to 256 tasks are; written once
  tasks = 5,       // job, task -> its state; absent while it never left `waiting`
  payloads = 6,    // job, task, slot, chunk -> bytes too large for a row of the above
  timers = 7,      // time, job, task -> nothing; when suspended tasks must wake
  log = 8,         // log, position -> an event or message
  once = 9,        // log, key -> the position that the key was appended at
  signals = 10,    // job, number -> a signal that no task has taken yet
  watchers = 11,   // job, job, task -> nothing; the second one's task waits for the first job
  children = 12,   // job, job -> the first one submitted the second one
  steps = 13,      // job, task, round, name -> what a step of an attempt returned
  stream = 14,     // job, task, position -> a chunk that an attempt emitted
  doomed = 15,     // job -> a purged job of which rows are left
  cache = 16,      // 128 bits -> what a node returned, for equal calls
  channels = 17,   // channel name -> the number of its log and how it is set up
  groups = 18,     // group name -> its number, its pattern and how it is set up
  cursors = 19,    // group, log -> up to where the group is through, up to where it has been given
  acks = 20,       // group, log, position -> nothing; acknowledged before others that come first
  attempts = 21,   // group, log, position -> how often it was given, when it is due again
  delayed = 22,    // time, number -> a message that is to be appended then
  delays = 23,     // log, message id -> where it stands in `delayed`
};

inline constexpr std::size_t table_count = 24;

inline constexpr std::array<std::string_view, table_count> table_names{
  "meta",  "definitions", "jobs",    "active",   "specs",    "tasks",    "payloads", "timers",
  "log",   "once",        "signals", "watchers", "children", "steps",    "stream",   "doomed",
  "cache", "channels",    "groups",  "cursors",  "acks",     "attempts", "delayed",  "delays"};

inline constexpr std::string_view name_of(table x) {
  return table_names[static_cast<std::size_t>(x)];
}

/// Logs that the engine itself writes; channels of users get numbers from 1,024 on.
enum class log_id : std::uint32_t {
  jobs = 1,              // `dagger.jobs`: one row per event of a job
  first_channel = 1'024, // of the first channel of a user; the others follow
};

/// Which payload of a task (or, with task `job_itself`, of a job).
enum class slot : std::uint8_t {
  input = 0,
  output = 1,
  state = 2,
  feedback = 3,
  progress = 4,
  answer = 5,
};

/// Stands for the job where a key wants a task.
inline constexpr std::uint32_t job_itself = 0xffff'ffff;

/// The head of every key but those of `meta`: one store, one namespace so far.
inline constexpr std::uint8_t name_space = 0;

/// LMDB keys end here.
inline constexpr std::size_t max_key_bytes = 511;

/// Of the directory layout, the tables, the keys and the record header. A newer minor version
/// can be read, a newer major version cannot.
inline constexpr std::uint32_t format_major = 1;
inline constexpr std::uint32_t format_minor = 0;

namespace key {

/// Row of `meta`, written once: the format version as two varints, major and minor. Its key,
/// its table and its body stay the same in every version.
inline constexpr std::string_view format = "format";

/// Row of `meta`, written with every commit: the number of the last commit, a varint.
inline constexpr std::string_view commit = "commit";

/// Row of `meta`: one past the last number that a job got, a varint. Written only when the job with
/// the last number is purged; else its row says it.
inline constexpr std::string_view jobs_end = "jobs_end";

/// Rows of `meta`: one past the last number that a channel's log, or a group, got; varints. No
/// number is given twice.
inline constexpr std::string_view channels_end = "channels_end";
inline constexpr std::string_view groups_end = "groups_end";

/// Row of `meta`: one past the last position that a log gave out, a varint. Written only
/// when the last row of the log goes; else the last row says it.
inline std::string log_end(log_id log) {
  auto out = std::string{"log_end "};
  writer{out}.big_endian(static_cast<std::uint32_t>(log));
  return out;
}

template <class... Unsigned>
std::string of(Unsigned... xs) {
  auto out = std::string{};
  auto w = writer{out};
  w.byte(name_space);
  (w.big_endian(xs), ...);
  return out;
}

inline std::string definition(std::string_view job_id) {
  return of().append(job_id);
}

inline std::string job(std::uint64_t number) {
  return of(number);
}

inline std::string active(std::uint64_t number) {
  return of(number);
}

inline std::string spec(std::uint64_t job, std::uint32_t first_task) {
  return of(job, first_task);
}

inline std::string task(std::uint64_t job, std::uint32_t task) {
  return of(job, task);
}

inline std::string payload(std::uint64_t job, std::uint32_t task, slot which, std::uint32_t chunk) {
  return of(job, task, static_cast<std::uint8_t>(which), chunk);
}

inline std::string timer(timestamp when, std::uint64_t job, std::uint32_t task) {
  return of(static_cast<std::uint64_t>(when.time_since_epoch().count()), job, task);
}

inline std::string log(log_id log, std::uint64_t position) {
  return of(static_cast<std::uint32_t>(log), position);
}

inline std::string once(log_id log, std::string_view key) {
  return of(static_cast<std::uint32_t>(log)).append(key);
}

inline std::string signal(std::uint64_t job, std::uint32_t number) {
  return of(job, number);
}

inline std::string watcher(std::uint64_t watched, std::uint64_t job, std::uint32_t task) {
  return of(watched, job, task);
}

inline std::string child(std::uint64_t parent, std::uint64_t job) {
  return of(parent, job);
}

inline std::string step(std::uint64_t job, std::uint32_t task, std::uint32_t round,
                        std::string_view name) {
  return of(job, task, round).append(name);
}

inline std::string chunk(std::uint64_t job, std::uint32_t task, std::uint64_t position) {
  return of(job, task, position);
}

inline std::string doomed(std::uint64_t job) {
  return of(job);
}

/// `place`: a hash of what a result is looked up by.
inline std::string cached(const digest& place) {
  return of(place.high, place.low);
}

inline std::string channel(std::string_view name) {
  return of().append(name);
}

inline std::string group(std::string_view name) {
  return of().append(name);
}

inline std::string cursor(std::uint32_t group, log_id log) {
  return of(group, static_cast<std::uint32_t>(log));
}

/// Of the tables `acks` and `attempts`.
inline std::string delivery(std::uint32_t group, log_id log, std::uint64_t position) {
  return of(group, static_cast<std::uint32_t>(log), position);
}

/// `number`: unlike that of any other message of the same time.
inline std::string delayed(timestamp when, std::uint64_t number) {
  return of(static_cast<std::uint64_t>(when.time_since_epoch().count()), number);
}

inline std::string delay(log_id log, std::string_view message_id) {
  return of(static_cast<std::uint32_t>(log)).append(message_id);
}

/// The number at the end of a `job`, `active` or `doomed` key.
inline std::uint64_t job_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  return r.big_endian<std::uint64_t>();
}

/// The parts of a `spec` or `task` key.
struct task_parts {
  std::uint64_t job;
  std::uint32_t task;
};

inline task_parts task_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  auto job = r.big_endian<std::uint64_t>();
  return {job, r.big_endian<std::uint32_t>()};
}

struct timer_parts {
  timestamp when;
  std::uint64_t job;
  std::uint32_t task;

  friend auto operator<=>(const timer_parts&, const timer_parts&) = default;
};

inline timer_parts timer_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  auto when = timestamp{std::chrono::microseconds{r.big_endian<std::uint64_t>()}};
  auto job = r.big_endian<std::uint64_t>();
  return {when, job, r.big_endian<std::uint32_t>()};
}

/// When the message of a `delayed` key is due.
inline timestamp due_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  return timestamp{std::chrono::microseconds{r.big_endian<std::uint64_t>()}};
}

/// Who waits, of a `watcher` key.
inline task_parts waiting_of(std::string_view key) {
  return task_of(key.substr(8));
}

/// The second job of a `child` key.
inline std::uint64_t child_of(std::string_view key) {
  return job_of(key.substr(8));
}

/// The number at the end of a `signal` key.
inline std::uint32_t signal_of(std::string_view key) {
  return task_of(key).task;
}

/// The position at the end of a `chunk` key.
inline std::uint64_t chunk_of(std::string_view key) {
  auto r = reader{key.substr(13)};
  return r.big_endian<std::uint64_t>();
}

/// What a `cached` key is made of.
inline digest place_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  auto high = r.big_endian<std::uint64_t>();
  return {high, r.big_endian<std::uint64_t>()};
}

/// The log of a `log`, `once` or `delay` key.
inline log_id log_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  return static_cast<log_id>(r.big_endian<std::uint32_t>());
}

/// The position at the end of a `log` key.
inline std::uint64_t position_of(std::string_view key) {
  auto r = reader{key.substr(5)};
  return r.big_endian<std::uint64_t>();
}

/// The name of a `channel` or `group` key.
inline std::string_view name_of(std::string_view key) {
  return key.substr(1);
}

/// The parts of a `cursor` key, and of a `delivery` key, which has a position too.
struct cursor_parts {
  std::uint32_t group;
  log_id log;
};

inline cursor_parts cursor_of(std::string_view key) {
  auto r = reader{key.substr(1)};
  auto group = r.big_endian<std::uint32_t>();
  return {group, static_cast<log_id>(r.big_endian<std::uint32_t>())};
}

inline std::uint64_t delivery_of(std::string_view key) {
  auto r = reader{key.substr(9)};
  return r.big_endian<std::uint64_t>();
}

} // namespace key

/// Whether `x` has the shape of a key of `t`: enough bytes, the namespace, a known slot.
bool well_formed(table t, std::string_view x);

/// What `x` means, for error texts: "tasks: job 12 task 3"; hexadecimal if it means nothing.
std::string readable(table t, std::string_view x);

} // namespace dagger::store
