// What passes through STORE/control.sock: one JSON object per line, both ways. Knows no sockets
// and no engine; the command line speaks it as well.
//
//   {"do": "signal", "job": "a", "name": "go", "value": 1}      {"ok": true}
//   {"do": "pause", "job": "b"}                                 {"error": {"code", "message", ...}}
//   {"do": "watch", "job": "a", "from": 17}                     {"ok": true, "next": 17}
//                                                               {"event": {...}}, one per line
//                                                               {"end": "completed"}
#pragma once

#include <dagger/log/event.hpp>
#include <dagger/plan/definition.hpp>
#include <dagger/plan/query.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dagger::actors {

/// The socket's name in the store's directory.
inline constexpr std::string_view control_socket_name = "control.sock";

// -- requests -----------------------------------------------------------------

// Each has `verb`, the value of the member "do", and members of the names that it has here.

/// Is anybody there? The answer has "holder" and "process".
struct control_ping {
  static constexpr std::string_view verb = "ping";
};

struct control_signal {
  static constexpr std::string_view verb = "signal";
  std::string job = {};
  std::string name = {};
  json value = nullptr;
  bool queue = true;
};

struct control_accept {
  static constexpr std::string_view verb = "accept";
  std::string job = {};
  std::string task = {};
};

struct control_reject {
  static constexpr std::string_view verb = "reject";
  std::string job = {};
  std::string task = {};
  std::string reason = {};
  bool final = false;
};

struct control_pause {
  static constexpr std::string_view verb = "pause";
  std::string job = {};
};

/// Answered when the job has been taken up; its end is for `control_watch`.
struct control_resume {
  static constexpr std::string_view verb = "resume";
  std::string job = {};
};

struct control_cancel {
  static constexpr std::string_view verb = "cancel";
  std::string job = {};
};

struct control_retry {
  static constexpr std::string_view verb = "retry";
  std::string job = {};
  std::string from = {};
  /// A definition as `plan::to_json` writes it; null: none.
  std::shared_ptr<const plan::job_spec> with = {};
};

struct control_purge {
  static constexpr std::string_view verb = "purge";
  std::string job = {};
};

/// Nodes as files say them, or YAML text; `file` and `folder` as in `node_options`. Everything that
/// is wrong with them is in the answer (`read_problems`).
struct control_add_node {
  static constexpr std::string_view verb = "add_node";
  std::string job = {};
  json node = nullptr;
  std::string file = {};
  std::string folder = {};
};

struct control_remove_node {
  static constexpr std::string_view verb = "remove_node";
  std::string job = {};
  std::string node = {};
};

struct control_enable {
  static constexpr std::string_view verb = "enable";
  std::string job = {};
  std::string node = {};
};

struct control_disable {
  static constexpr std::string_view verb = "disable";
  std::string job = {};
  std::string node = {};
};

/// `inputs`: values by name.
struct control_set_input {
  static constexpr std::string_view verb = "set_input";
  std::string job = {};
  std::string node = {};
  json inputs = nullptr;
};

/// All events of the job from a position of the log `dagger.jobs` on (none: from now on), until the
/// job has ended. The first answer has "next", the position where the stream begins; then comes one
/// line {"event": ...} each, and {"end": STATE} as the last. With the name of a task, also
/// {"stream": N} whenever its stream has grown to N rows.
struct control_watch {
  static constexpr std::string_view verb = "watch";
  std::string job = {};
  std::optional<std::uint64_t> from = {};
  std::string stream = {};
};

/// `messages`: a list of CloudEvents; all of them or none. The answer has "positions".
struct control_publish {
  static constexpr std::string_view verb = "publish";
  std::string channel = {};
  json messages = nullptr;
};

/// Reads them. The error is that of the first one that is none.
result<std::vector<message>> messages_of(const control_publish& x);

/// `options`: a channel as files say it (`schemas/channel.schema.json`).
struct control_declare {
  static constexpr std::string_view verb = "declare_channel";
  json options = nullptr;
};

struct control_delete_channel {
  static constexpr std::string_view verb = "delete_channel";
  std::string channel = {};
  bool force = false;
};

/// The answer has "count".
struct control_redrive {
  static constexpr std::string_view verb = "redrive";
  std::string channel = {};
};

/// Messages from now on: one line {"message": CLOUDEVENT, "log", "delivery"} each, at most
/// `limits::deliveries_in_flight` that are not answered by `control_answer`. `group`: as
/// `log::to_json` writes it; null: none. `from`: as `log::start_from` reads it.
struct control_subscribe {
  static constexpr std::string_view verb = "subscribe";
  std::string pattern = {};
  json group = nullptr;
  std::string from = "new";
};

/// To one of these lines; it has no answer itself.
struct control_answer {
  static constexpr std::string_view verb = "answer";
  std::uint32_t log = 0;
  std::uint64_t position = 0;
  std::uint32_t delivery = 1;
  /// It is done; else it comes again.
  bool ack = true;
  std::string reason = {};
};

using control_request =
  std::variant<control_ping, control_signal, control_accept, control_reject, control_pause,
               control_resume, control_cancel, control_retry, control_purge, control_watch,
               control_add_node, control_remove_node, control_enable, control_disable,
               control_set_input, control_publish, control_declare, control_delete_channel,
               control_redrive, control_subscribe, control_answer>;

/// One line, with its end.
std::string to_line(const control_request& x);

/// Reads one line, with or without its end. The error (invalid_input) says what is wrong.
result<control_request> read_request(std::string_view line);

// -- answers ------------------------------------------------------------------

/// `{"ok": true}` and the members of `more`, as one line.
std::string to_line_ok(json more = json::object());

/// `{"error": {"code", "message", "where"?, "hint"?}}` as one line.
std::string to_line(const error& why);

/// The first as above, all of them as its "problems"; there is at least one.
std::string to_line(const std::vector<error>& why);

/// `{"event": {...}}` as one line.
std::string to_line(const plan::job_event& x);

/// `{"stream": 3}` as one line.
std::string to_line_of_stream(std::uint64_t rows);

/// `{"message": {...}, "log": 1024, "delivery": 1}` as one line.
std::string to_line_of_message(const message& x, const dagger::log::deliver& from,
                               const dagger::log::delivered& which);

/// `{"end": "completed"}` as one line.
std::string to_line(job_state end);

/// Reads any answer: the object, or the error that it carries, or that it is none (invalid_input).
result<json> read_answer(std::string_view line);

/// All that is wrong with what was asked for, from the line of an answer; empty if it was done.
std::vector<error> read_problems(std::string_view line);

/// The value of "event" in an answer.
result<plan::job_event> read_event(const json& answer);

} // namespace dagger::actors
