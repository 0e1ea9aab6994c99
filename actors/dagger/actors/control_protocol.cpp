// Lines to values and back.
#include <dagger/actors/control_protocol.hpp>

#include <dagger/codec/json.hpp>
#include <dagger/codec/members.hpp>
#include <dagger/plan/definition_text.hpp>

#include <array>

namespace dagger::actors {

namespace {

std::string line_of(const json& x) {
  return to_text(x) + "\n";
}

// -- requests: what each has beside its verb ----------------------------------

void put(json&, const control_ping&) {}

void put(json& to, const control_signal& x) {
  to["job"] = x.job;
  to["name"] = x.name;
  to["value"] = x.value;
  to["queue"] = x.queue;
}

void put(json& to, const control_accept& x) {
  to["job"] = x.job;
  to["task"] = x.task;
}

void put(json& to, const control_reject& x) {
  to["job"] = x.job;
  to["task"] = x.task;
  to["reason"] = x.reason;
  to["final"] = x.final;
}

void put(json& to, const control_retry& x) {
  to["job"] = x.job;
  if (!x.from.empty())
    to["from"] = x.from;
  if (x.with)
    to["with"] = plan::to_json(*x.with);
}

void put(json& to, const control_watch& x) {
  to["job"] = x.job;
  if (x.from)
    to["from"] = *x.from;
  if (!x.stream.empty())
    to["stream"] = x.stream;
}

void put(json& to, const control_add_node& x) {
  to["job"] = x.job;
  to["node"] = x.node;
  if (!x.file.empty())
    to["file"] = x.file;
  if (!x.folder.empty())
    to["folder"] = x.folder;
}

void put(json& to, const control_set_input& x) {
  to["job"] = x.job;
  to["node"] = x.node;
  to["inputs"] = x.inputs;
}

void put(json& to, const control_publish& x) {
  to["channel"] = x.channel;
  to["messages"] = x.messages;
}

void put(json& to, const control_declare& x) {
  to["options"] = x.options;
}

void put(json& to, const control_delete_channel& x) {
  to["channel"] = x.channel;
  to["force"] = x.force;
}

void put(json& to, const control_redrive& x) {
  to["channel"] = x.channel;
}

void put(json& to, const control_subscribe& x) {
  to["pattern"] = x.pattern;
  to["group"] = x.group;
  to["from"] = x.from;
}

void put(json& to, const control_answer& x) {
  to["log"] = x.log;
  to["position"] = x.position;
  to["delivery"] = x.delivery;
  to["ack"] = x.ack;
  if (!x.reason.empty())
    to["reason"] = x.reason;
}

/// Those with a job, and a node, and nothing else.
template <class T>
void put(json& to, const T& x) {
  to["job"] = x.job;
  if constexpr (requires { x.node; })
    to["node"] = x.node;
}

void read(members&, control_ping&) {}

void read(members& from, control_signal& x) {
  from.need("job", x.job);
  from.need("name", x.name);
  from.read("value", x.value);
  from.read("queue", x.queue);
}

void read(members& from, control_accept& x) {
  from.need("job", x.job);
  from.need("task", x.task);
}

void read(members& from, control_reject& x) {
  from.need("job", x.job);
  from.need("task", x.task);
  from.read("reason", x.reason);
  from.read("final", x.final);
}

void read(members& from, control_retry& x) {
  from.need("job", x.job);
  from.read("from", x.from);
  auto* with = from.find("with");
  if (!with)
    return;
  auto spec = plan::spec_from(*with);
  if (spec)
    x.with = std::make_shared<const plan::job_spec>(std::move(*spec));
  else
    from.wrong(spec.error().message, "with." + spec.error().where);
}

void read(members& from, control_watch& x) {
  from.need("job", x.job);
  from.read("from", x.from);
  from.read("stream", x.stream);
}

void read(members& from, control_add_node& x) {
  from.need("job", x.job);
  from.need("node", x.node);
  from.read("file", x.file);
  from.read("folder", x.folder);
}

void read(members& from, control_set_input& x) {
  from.need("job", x.job);
  from.need("node", x.node);
  from.need("inputs", x.inputs);
}

void read(members& from, control_publish& x) {
  from.need("channel", x.channel);
  from.need("messages", x.messages);
}

void read(members& from, control_declare& x) {
  from.need("options", x.options);
}

void read(members& from, control_delete_channel& x) {
  from.need("channel", x.channel);
  from.read("force", x.force);
}

void read(members& from, control_redrive& x) {
  from.need("channel", x.channel);
}

void read(members& from, control_subscribe& x) {
  from.need("pattern", x.pattern);
  from.read("group", x.group);
  from.read("from", x.from);
}

void read(members& from, control_answer& x) {
  from.need("log", x.log);
  from.need("position", x.position);
  from.need("delivery", x.delivery);
  from.need("ack", x.ack);
  from.read("reason", x.reason);
}

template <class T>
void read(members& from, T& x) {
  from.need("job", x.job);
  if constexpr (requires { x.node; })
    from.need("node", x.node);
}

/// Reads the request whose verb this is; false if it is another one's.
template <class T>
bool read_if(std::string_view verb, members& from, control_request& to) {
  if (verb != T::verb)
    return false;
  read(from, to.emplace<T>());
  return true;
}

template <class... Ts>
bool read_any(std::string_view verb, members& from, std::variant<Ts...>& to) {
  return (read_if<Ts>(verb, from, to) || ...);
}

template <class... Ts>
std::string verbs(const std::variant<Ts...>&) {
  auto text = std::string{};
  ((text += (text.empty() ? "" : ", ") + std::string{Ts::verb}), ...);
  return text;
}

// -- events -------------------------------------------------------------------

json to_json(const plan::transition& x) {
  auto made =
    json{{"task", x.task}, {"to", to_text(x.to)}, {"visit", x.visit}, {"attempt", x.attempt}};
  if (!x.code.empty())
    made["code"] = x.code;
  if (!x.message.empty())
    made["message"] = x.message;
  return made;
}

json to_json(const error& x) {
  auto made = json{{"code", x.code}, {"message", x.message}};
  if (!x.where.empty())
    made["where"] = x.where;
  if (!x.hint.empty())
    made["hint"] = x.hint;
  return made;
}

error error_in(members& from) {
  auto made = error{};
  from.need("code", made.code);
  from.need("message", made.message);
  from.read("where", made.where);
  from.read("hint", made.hint);
  return made;
}

template <class State>
void read_state(members& from, std::string_view name,
                std::optional<State> (*state_from)(std::string_view), std::optional<State>& to) {
  auto text = std::optional<std::string>{};
  from.read(name, text);
  if (!text)
    return;
  to = state_from(*text);
  if (!to)
    from.wrong("'" + *text + "' is no state", from.path_of(name));
}

void read(members& from, plan::transition& x) {
  auto to = std::optional<task_state>{};
  from.need("task", x.task);
  read_state(from, "to", task_state_from, to);
  x.to = to.value_or(task_state::waiting);
  from.read("visit", x.visit);
  from.read("attempt", x.attempt);
  from.read("code", x.code);
  from.read("message", x.message);
}

} // namespace

result<std::vector<message>> messages_of(const control_publish& x) {
  auto all = std::vector<message>{};
  for (auto& event : x.messages) {
    auto read = dagger::log::from_cloud_event(event);
    if (!read)
      return fail(std::move(read.error()));
    all.push_back(std::move(*read));
  }
  return all;
}

std::string to_line(const control_request& x) {
  auto made = json::object();
  std::visit(
    [&](auto& request) {
      made["do"] = request.verb;
      put(made, request);
    },
    x);
  return line_of(made);
}

result<control_request> read_request(std::string_view line) {
  auto text = parse_json(line);
  if (!text)
    return fail(std::move(text.error()));
  auto made = control_request{};
  auto from = members{*text};
  auto verb = std::string{};
  from.need("do", verb);
  if (!verb.empty() && !read_any(verb, from, made))
    from.wrong("'" + verb + "' is none of " + verbs(made), "do");
  if (auto why = from.end())
    return fail(std::move(*why));
  return made;
}

std::string to_line_ok(json more) {
  more["ok"] = true;
  return line_of(more);
}

std::string to_line(const error& why) {
  return line_of({{"error", to_json(why)}});
}

std::string to_line(const std::vector<error>& why) {
  auto made = to_json(why.front());
  for (auto& x : why)
    made["problems"].push_back(to_json(x));
  return line_of({{"error", std::move(made)}});
}

std::string to_line(const plan::job_event& x) {
  auto made =
    json{{"position", x.position}, {"job", x.job}, {"id", x.id}, {"time", to_rfc3339(x.time)}};
  if (x.state)
    made["state"] = to_text(*x.state);
  for (auto& range : x.added)
    made["added"].push_back({{"first", range.first}, {"count", range.count}});
  for (auto& t : x.transitions)
    made["transitions"].push_back(to_json(t));
  return line_of({{"event", std::move(made)}});
}

std::string to_line_of_stream(std::uint64_t rows) {
  return line_of({{"stream", rows}});
}

std::string to_line_of_message(const message& x, const dagger::log::deliver& from,
                               const dagger::log::delivered& which) {
  return line_of({{"message", dagger::log::to_cloud_event(x, *from.channel, which.position)},
                  {"log", static_cast<std::uint32_t>(from.log)},
                  {"delivery", which.delivery}});
}

std::string to_line(job_state end) {
  return line_of({{"end", to_text(end)}});
}

result<json> read_answer(std::string_view line) {
  auto text = parse_json(line);
  if (!text)
    return fail(std::move(text.error()));
  if (!text->is_object())
    return fail(code::invalid_input, "the answer is no object");
  auto found = text->find("error");
  if (found == text->end())
    return text;
  auto problems = read_problems(line);
  return fail(std::move(problems.front()));
}

std::vector<error> read_problems(std::string_view line) {
  auto text = parse_json(line);
  if (!text)
    return {std::move(text.error())};
  if (!text->is_object())
    return {error{code::invalid_input, "the answer is no object"}};
  if (!text->contains("error"))
    return {};
  auto made = std::vector<error>{};
  auto from = members{(*text)["error"], "error"};
  auto first = error_in(from);
  from.each("problems", [&](members& x) { made.push_back(error_in(x)); });
  if (auto wrong = from.end())
    return {std::move(*wrong)};
  if (made.empty())
    made.push_back(std::move(first));
  return made;
}

result<plan::job_event> read_event(const json& answer) {
  auto made = plan::job_event{};
  auto outside = members{answer};
  auto time = std::string{};
  auto there = outside.inside("event", [&](members& from) {
    from.need("position", made.position);
    from.need("job", made.job);
    from.need("id", made.id);
    from.need("time", time);
    read_state(from, "state", job_state_from, made.state);
    from.each("added", [&](members& range) {
      range.need("first", made.added.emplace_back().first);
      range.need("count", made.added.back().count);
    });
    from.each("transitions", [&](members& t) { read(t, made.transitions.emplace_back()); });
  });
  if (auto why = outside.end())
    return fail(std::move(*why));
  if (!there)
    return fail(code::invalid_input, "the answer is no event");
  auto when = parse_rfc3339(time);
  if (!when)
    return fail(std::move(when.error()));
  made.time = *when;
  return made;
}

} // namespace dagger::actors
