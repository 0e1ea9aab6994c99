// Each agent is a group per pattern. What it publishes goes with its acknowledgement, so a program
// that is killed goes on where it was.
#include <dagger/pubsub.hpp>

#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/log/name.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

namespace dagger {

using actors::value_of;

namespace {

/// Names an agent as the source of a message, so that it does not get it back.
constexpr std::string_view source_head = "agent:";

using tally = std::map<std::pair<std::string, std::string>, std::uint64_t>;

std::vector<pubsub_report::flow> flows_of(const tally& x) {
  auto made = std::vector<pubsub_report::flow>{};
  for (auto& [key, n] : x)
    made.push_back({key.first, key.second, n});
  return made;
}

schema::validator compiled(const json& schema, const std::string& what) {
  auto made = schema::validator::compile(schema);
  if (!made)
    throw error{code::invalid_input, what + ": " + made.error().message, made.error().where};
  return std::move(*made);
}

} // namespace

namespace actors {

/// A program as it runs. Handlers hold it, so that it lives as long as they do.
class pubsub_run : public std::enable_shared_from_this<pubsub_run> {
public:
  /// An agent at work. Its function is called by one thread per pattern, one at a time.
  struct member {
    pubsub_agent how;
    schema::validator input;
    schema::validator output;
    std::mutex turn;
    /// With the lock of the run.
    std::set<std::string> opened;
    std::set<std::string> patterns;
    std::vector<subscription> subscriptions;
  };

  pubsub_run(engine& in, std::string name) : engine_(in), name_(std::move(name)) {}

  void add(pubsub_agent x);
  void start();
  void stop();
  void subscribe(member& to, const std::string& pattern);
  void handle(member& by, delivery& x);
  bool may_publish(const member& by, const std::string& channel) const;
  void open(member& by, const std::string& channel);

  future<std::uint64_t> publish(std::string channel, json data, publish_options options);
  /// False if it takes longer than until `end`; nothing: however long.
  bool wait(std::optional<std::chrono::steady_clock::time_point> end) const;
  pubsub_report report() const;

private:
  void call(member& by, delivery& x);

  engine& engine_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<member>> members_;
  std::vector<std::string> groups_;
  tally started_, sent_, received_, failed_;
  bool stopped_ = false;
};

} // namespace actors

struct pubsub::impl {
  actors::pubsub_run& run;
  actors::pubsub_run::member& of;
  delivery& given;
  /// Counted when the function has returned.
  std::vector<std::string> sent = {};
};

namespace actors {

void pubsub_run::add(pubsub_agent x) {
  if (!plan::valid_name(x.name))
    throw error{code::invalid_input, to_text(json(x.name)) + " is no name of an agent"};
  if (!x.handle)
    throw error{code::invalid_input, "the agent '" + x.name + "' has no function"};
  for (auto& channel : x.publishes)
    value_of(dagger::log::check_writable(channel));
  for (auto& pattern : x.subscribes)
    value_of(dagger::log::check_pattern(pattern));
  auto made = std::make_unique<member>();
  made->input = compiled(x.input, "the input of agent '" + x.name + "'");
  made->output = compiled(x.output, "the output of agent '" + x.name + "'");
  made->how = std::move(x);
  auto agent = made->how.name;
  if (!members_.emplace(agent, std::move(made)).second)
    throw error{code::conflict, "there are two agents '" + agent + "'"};
}

/// All groups are there before the first message is.
void pubsub_run::start() {
  for (auto& [agent, x] : members_) {
    for (auto& channel : x->how.publishes)
      engine_.internals().channels().want(channel).get();
    for (auto& pattern : x->how.subscribes)
      subscribe(*x, pattern);
  }
}

void pubsub_run::stop() {
  auto all = std::vector<subscription>{};
  {
    auto guard = std::lock_guard{mutex_};
    stopped_ = true;
    for (auto& [agent, x] : members_)
      std::ranges::move(std::exchange(x->subscriptions, {}), std::back_inserter(all));
  }
  all.clear();
}

void pubsub_run::subscribe(member& to, const std::string& pattern) {
  value_of(dagger::log::check_pattern(pattern));
  auto how = subscribe_options{};
  how.group = name_ + "." + to.how.name + " " + pattern;
  how.from = start::first;
  how.max_deliver = to.how.max_deliver;
  how.backoff = to.how.backoff;
  {
    auto guard = std::lock_guard{mutex_};
    if (stopped_ || !to.patterns.insert(pattern).second)
      return;
    groups_.push_back(how.group);
  }
  auto made = engine_.subscribe(
    pattern, how, [self = shared_from_this(), &to](delivery& x) { self->handle(to, x); });
  auto guard = std::lock_guard{mutex_};
  to.subscriptions.push_back(std::move(made));
}

void pubsub_run::handle(member& by, delivery& x) {
  if (!by.how.own_messages && x.what().source == std::string{source_head} + by.how.name)
    return;
  try {
    call(by, x);
  } catch (...) {
    if (x.number() >= by.how.max_deliver) {
      auto guard = std::lock_guard{mutex_};
      ++failed_[{by.how.name, x.channel()}];
    }
    throw;
  }
}

void pubsub_run::call(member& by, delivery& x) {
  if (auto wrong = by.input.check(x.data()); !wrong.empty()) {
    x.term("the message does not fit the input of agent '" + by.how.name
           + "': " + schema::to_text(wrong));
    auto guard = std::lock_guard{mutex_};
    ++failed_[{by.how.name, x.channel()}];
    return;
  }
  auto turn = std::lock_guard{by.turn};
  auto inside = pubsub::impl{*this, by, x};
  auto seen = pubsub{inside};
  by.how.handle(seen);
  auto guard = std::lock_guard{mutex_};
  ++received_[{by.how.name, x.channel()}];
  for (auto& channel : inside.sent)
    ++sent_[{by.how.name, channel}];
}

bool pubsub_run::may_publish(const member& by, const std::string& channel) const {
  auto guard = std::lock_guard{mutex_};
  return std::ranges::find(by.how.publishes, channel) != by.how.publishes.end()
      || by.opened.contains(channel);
}

void pubsub_run::open(member& by, const std::string& channel) {
  engine_.internals().channels().want(channel).get();
  auto guard = std::lock_guard{mutex_};
  by.opened.insert(channel);
}

future<std::uint64_t> pubsub_run::publish(std::string channel, json data, publish_options options) {
  {
    auto guard = std::lock_guard{mutex_};
    ++started_[{"", channel}];
  }
  return engine_.publish(std::move(channel), std::move(data), std::move(options));
}

/// Agents may have begun to read more before they were quiet: then these are waited for, too.
bool pubsub_run::wait(std::optional<std::chrono::steady_clock::time_point> end) const {
  auto groups = std::vector<std::string>{};
  auto more = [&] {
    auto guard = std::lock_guard{mutex_};
    auto known = std::exchange(groups, groups_).size();
    return groups.size() > known;
  };
  while (more()) {
    auto quiet = engine_.internals().channels().quiet(groups);
    if (end && !quiet.wait_for(*end - std::chrono::steady_clock::now()))
      return false;
    quiet.get();
  }
  return true;
}

pubsub_report pubsub_run::report() const {
  auto guard = std::lock_guard{mutex_};
  return {flows_of(started_), flows_of(sent_), flows_of(received_), flows_of(failed_)};
}

} // namespace actors

// -- what an agent sees -------------------------------------------------------

const std::string& pubsub::name() const {
  return impl_.of.how.name;
}

const message& pubsub::what() const {
  return impl_.given.what();
}

const json& pubsub::data() const {
  return impl_.given.data();
}

const std::string& pubsub::channel() const {
  return impl_.given.channel();
}

std::uint64_t pubsub::position() const {
  return impl_.given.position();
}

std::uint32_t pubsub::number() const {
  return impl_.given.number();
}

void pubsub::publish(const std::string& channel, json data, const publish_options& options) {
  auto& by = impl_.of;
  if (!impl_.run.may_publish(by, channel))
    throw error{code::misuse,
                "the agent '" + by.how.name + "' does not declare that it publishes to '" + channel
                  + "'",
                {},
                "name it in `publishes`, or open it"};
  if (auto wrong = by.output.check(data); !wrong.empty())
    throw error{code::invalid_input,
                "what the agent '" + by.how.name
                  + "' publishes does not fit its output: " + schema::to_text(wrong)};
  auto how = options;
  how.source = std::string{source_head} + by.how.name;
  impl_.given.publish(channel, std::move(data), how);
  impl_.sent.push_back(channel);
}

void pubsub::open(const std::string& channel) {
  value_of(dagger::log::check_writable(channel));
  impl_.run.open(impl_.of, channel);
}

void pubsub::subscribe(const std::string& pattern) {
  impl_.run.subscribe(impl_.of, pattern);
}

// -- a program ----------------------------------------------------------------

pubsub_program::~pubsub_program() {
  if (of_)
    of_->stop();
}

future<std::uint64_t> pubsub_program::publish(std::string channel, json data,
                                              publish_options options) {
  return of_->publish(std::move(channel), std::move(data), std::move(options));
}

pubsub_report pubsub_program::wait() {
  of_->wait({});
  return of_->report();
}

bool pubsub_program::wait_for(duration time) {
  return of_->wait(std::chrono::steady_clock::now() + time);
}

pubsub_report pubsub_program::report() const {
  return of_->report();
}

pubsub_program run(engine& in, std::string name, std::vector<pubsub_agent> agents) {
  if (!plan::valid_name(name))
    throw error{code::invalid_input, to_text(json(name)) + " is no name of a program"};
  auto made = std::make_shared<actors::pubsub_run>(in, std::move(name));
  for (auto& x : agents)
    made->add(std::move(x));
  try {
    made->start();
  } catch (...) {
    made->stop();
    throw;
  }
  return pubsub_program{std::move(made)};
}

// -- pictures -----------------------------------------------------------------

namespace {

/// Nodes and edges of a picture, each drawn once.
struct drawing {
  std::map<std::string, std::size_t> agents;
  std::map<std::string, std::size_t> channels;
  struct edge {
    std::string from;
    std::string to;
    std::uint64_t messages;
    bool failed = false;
  };
  std::vector<edge> edges;

  std::string agent(const std::string& name) {
    return "a" + std::to_string(agents.try_emplace(name, agents.size()).first->second);
  }

  std::string channel(const std::string& name) {
    return "c" + std::to_string(channels.try_emplace(name, channels.size()).first->second);
  }
};

drawing drawing_of(const pubsub_report& x) {
  auto made = drawing{};
  for (auto& f : x.started)
    made.edges.push_back({"start", made.channel(f.channel), f.messages});
  for (auto& f : x.sent)
    made.edges.push_back({made.agent(f.agent), made.channel(f.channel), f.messages});
  for (auto& f : x.received)
    made.edges.push_back({made.channel(f.channel), made.agent(f.agent), f.messages});
  for (auto& f : x.failed)
    made.edges.push_back({made.channel(f.channel), made.agent(f.agent), f.messages, true});
  return made;
}

/// A text inside of double quotes.
std::string quoted(std::string_view x, std::string_view quote) {
  auto out = std::string{};
  for (auto c : x)
    if (c == '"')
      out += quote;
    else if (c == '\\')
      out += quote.starts_with('\\') ? "\\\\" : "\\";
    else
      out += c;
  return '"' + out + '"';
}

} // namespace

std::string pubsub_report::dot() const {
  auto x = drawing_of(*this);
  auto out = std::string{"digraph program {\n  rankdir=LR;\n"};
  if (!started.empty())
    out += "  start [shape=point];\n";
  for (auto& [name, n] : x.agents)
    out += "  a" + std::to_string(n) + " [shape=box, label=" + quoted(name, "\\\"") + "];\n";
  for (auto& [name, n] : x.channels)
    out += "  c" + std::to_string(n) + " [shape=ellipse, label=" + quoted(name, "\\\"") + "];\n";
  for (auto& e : x.edges)
    out += "  " + e.from + " -> " + e.to + " [label=\"" + std::to_string(e.messages)
         + (e.failed ? " failed\", style=dashed" : "\"") + "];\n";
  return out + "}\n";
}

std::string pubsub_report::mermaid() const {
  auto x = drawing_of(*this);
  auto out = std::string{"flowchart LR\n"};
  if (!started.empty())
    out += "  start((start))\n";
  for (auto& [name, n] : x.agents)
    out += "  a" + std::to_string(n) + "[" + quoted(name, "#quot;") + "]\n";
  for (auto& [name, n] : x.channels)
    out += "  c" + std::to_string(n) + "([" + quoted(name, "#quot;") + "])\n";
  for (auto& e : x.edges)
    out += "  " + e.from + (e.failed ? " -. \"" : " -- \"") + std::to_string(e.messages)
         + (e.failed ? " failed\" .-> " : "\" --> ") + e.to + "\n";
  return out;
}

} // namespace dagger
