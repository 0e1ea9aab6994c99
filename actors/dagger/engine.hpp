// The public door: add agents, submit jobs, run flows, publish, subscribe. No CAF in it.
#pragma once

#include <dagger/agent.hpp>
#include <dagger/change.hpp>
#include <dagger/channel.hpp>
#include <dagger/future.hpp>
#include <dagger/job.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

class flow;
class flow_inputs;
class flow_result;
class flow_run;

/// Which jobs of its store an engine works on by itself.
enum class adopt : std::uint8_t {
  every_job, // all unfinished ones, from the start on
  named,     // those that are submitted or resumed
};

/// How loud the log on stderr is.
enum class log_level : std::uint8_t { off, error, warning, info, debug };

/// An attempt whose function is about to be called.
struct upcoming_attempt {
  std::string job_id;
  std::string task;
  std::string agent;
  /// Starts in this visit, this one included.
  std::uint32_t attempt = 1;
  /// What the function is to get.
  json input;
};

/// What becomes of it.
enum class attempt_choice : std::uint8_t { run, skip };

struct engine_options {
  /// The store's directory, made if missing; empty: in memory.
  std::filesystem::path store = {};
  dagger::adopt adopt = dagger::adopt::every_job;
  /// Who holds the store, in the error that others get.
  std::string holder = "dagger";
  /// Threads for actors and cooperative agents; 0: as many as cores.
  unsigned threads = 0;
  /// How long the destructor waits for running functions before it leaves their threads behind.
  duration grace = limits::grace;
  dagger::log_level log = dagger::log_level::warning;
  /// No blocking agent gets more tasks at once than this; 0: as many as it says.
  std::uint32_t max_slots = 0;
  /// Finished jobs are purged so long after their end; 0: never. Only with `adopt::every_job`.
  duration retention = limits::retention;
  /// Told of a job with `stall_action::callback` that cannot go on by itself: its id, and which
  /// tasks miss what (`[{"task", "expects"}]`). Called in a thread of the engine.
  std::function<void(const std::string& job_id, const json& situation)> on_stall = {};
  /// Other processes reach the engine through `STORE/control.sock`.
  bool control = true;
  /// False: agents are known and get no tasks. For programs that only apply a change to a job.
  bool run_tasks = true;
  /// False: nodes with `cache` run, whatever is known of equal calls; their outputs are kept as
  /// ever.
  bool reuse_outputs = true;
  /// What tasks may take, over all jobs; a task that asks for more is refused. Empty: each job has
  /// what it says itself.
  dagger::resources resources = {};
  /// Decides about each attempt of a task that has not waited for anything yet, in the thread of
  /// the attempt, which is held meanwhile: for debuggers. All functions get threads of their own
  /// then, and agents have no time-outs. It must answer before the engine can end.
  std::function<attempt_choice(const upcoming_attempt&)> before_attempt = {};
};

struct signal_options {
  /// Keep it for a later wait if nobody waits for it now; else that is the error not_found.
  bool queue = true;
};

struct retry_options {
  /// This task and all that depends on it run again, completed or not; empty: what did not
  /// complete.
  std::string from = {};
  /// A new definition for all that has not completed; its id must be that of the job.
  std::optional<job> with = {};
};

/// A job that was handed in: the future of its end, and the moment when it was on disk.
class submission : public future<job_result> {
public:
  submission(future<job_result> end, future<bool> accepted, std::string id)
    : future<job_result>(std::move(end)),
      accepted_(std::move(accepted)),
      id_(std::move(id)) {}

  /// Ready when the job survives a crash: true if it is new, false if the same job was there
  /// already. Its error is that of a refusal: id_conflict, not_found, invalid_input, limit, ...
  const future<bool>& accepted() const {
    return accepted_;
  }

  const std::string& id() const {
    return id_;
  }

private:
  future<bool> accepted_;
  std::string id_;
};

/// Runs jobs. Agents are added first, then jobs are submitted; both from any thread. Functions that
/// cannot return a `result` throw `error`.
class engine {
public:
  /// Opens the store and goes on with its unfinished jobs as soon as their agents are
  /// added. Throws `error`: store_in_use, store_corrupt, store_newer, store_readonly, ...
  explicit engine(engine_options options = {});
  /// Over a store that is open already.
  engine(engine_options options, std::unique_ptr<store::store> store);
  /// Stops: asks running functions to end, waits `grace`, gives unfinished attempts back, commits
  /// what has been reported, leaves the rest for the next start.
  ~engine();
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;

  /// Makes an agent known. Throws `error`: conflict (the name is taken), invalid_input (the name,
  /// a schema, a number or time span out of its bounds).
  void add(agent x);

  /// Hands a job in. Waits while too many submits are not on disk yet
  /// (`limits::submits_in_flight`). The same id with the same content is the same job. Does not
  /// throw for what is wrong with the job: both futures carry the error.
  submission submit(const job& x);
  submission submit(plan::job_spec spec);

  /// Takes up an unfinished job of the store, or waits for one that runs. A finished one answers at
  /// once.
  submission resume(std::string id);

  /// Runs a flow (`dagger/flow.hpp`) in memory: nothing of it is written, and a crash ends it. Its
  /// functions run in threads of their own, so they may block. Does not throw for what is wrong
  /// with flow or inputs: the future carries the error (invalid_input). Engines with a store run it
  /// all the same.
  flow_run run(const flow& x, const flow_inputs& inputs);
  flow_run run(const flow& x);

  /// Goes on with a run that is paused: what failed is tried again, the rest follows. Asked for
  /// its values and reports, the paused result throws `error` (misuse) from then on. The error of
  /// the future: conflict (it is not paused).
  flow_run resume(const flow_result& paused);

  // The following act on one job of the store. Their futures are ready when it is on disk; their
  // errors: not_found, conflict (not in this state), and what is said there.

  /// Answers a task that waits for this signal. Checked against the schema of the wait, here.
  /// Errors: invalid_input, too_large, limit.
  future<void> signal(std::string job_id, std::string name, json value = nullptr,
                      signal_options options = {});
  /// Completes a task that is in review.
  future<void> accept(std::string job_id, std::string task);
  /// Sends a task that is in review back to its agent; `final`: fails it.
  future<void> reject(std::string job_id, std::string task, std::string reason, bool final = false);
  /// Starts nothing new of the job until `resume`. Its submission ends with `job_state::paused`
  /// when nothing of it runs any more.
  future<void> pause(std::string job_id);
  /// Ends the job, and those that it submitted: running attempts get their stop token, then
  /// their agent's grace. A second call does not wait for them any more.
  future<void> cancel(std::string job_id);
  /// Runs a finished job again. Errors: those of `submit`.
  future<void> retry(std::string job_id, retry_options options = {});
  /// The same with a new definition for all that has not completed.
  future<void> retry(std::string job_id, plan::job_spec with);
  /// Forgets a finished job and its events.
  future<void> purge(std::string job_id);

  // The following change one job that has not ended, while it goes on: all of a change or nothing.
  // Each begins when the one before is on disk. Their errors: conflict (it has ended, or is being
  // ended; the task has started), and what is said there.

  /// Adds a node, or a list of nodes, as a flow file says them (a job file, in its words): YAML
  /// text if `node` is a JSON string, else what such a text says. They may refer to the tasks and
  /// inputs of the run, and run its sub-flows. Those that are there already, and are the same, are
  /// not added again. Errors: invalid_input (where it stands, what is meant), id_conflict (another
  /// one has the id), limit.
  future<void> add_node(std::string job_id, json node, node_options options = {});
  /// All that is wrong with a node that is to be added; `add_node` tells the first.
  std::vector<error> check_node(std::string_view job_id, const json& node,
                                const node_options& options = {}) const;
  /// Adds a task as `add_node` adds nodes; `after` are names.
  future<void> add_task(std::string job_id, task_options options);
  /// Takes a node away that has not started and that no other one needs; its `failure:` goes along.
  future<void> remove_node(std::string job_id, std::string node);
  /// A node that has not started is skipped when its turn comes.
  future<void> disable(std::string job_id, std::string node);
  /// It is not, whoever disabled it: the file or `disable`.
  future<void> enable(std::string job_id, std::string node);
  /// Gives a node that has not started values for inputs, by name; the others stay, and so does
  /// what it comes after. An input that is no object is replaced as a whole. Errors: invalid_input
  /// (against the schema of its agent, as far as it is known now), too_large.
  future<void> set_input(std::string job_id, std::string node, json values);

  // Channels. A channel comes into being when somebody publishes to it or subscribes to its name;
  // `channel` sets it up.

  /// Makes a channel, or sets it up anew. Messages that are there stay as they are. Errors:
  /// invalid_input (the name, the schema, a number out of its bounds).
  future<void> channel(channel_options x);
  /// Publishes one message: JSON data, or a whole message (bytes, attributes); its `time` is now
  /// unless it says one. The future is the message's position in the channel (`scheduled` if it
  /// comes later); when it is ready, the message survives a crash. Waits while
  /// too many messages of the channel are not on disk yet (`limits::publishes_in_flight`). Errors:
  /// invalid_input (name, id; data against the channel's schema: every violation), too_large,
  /// channel_full (a group is too far behind), store_full.
  future<std::uint64_t> publish(std::string channel, json data, publish_options options = {});
  future<std::uint64_t> publish_message(std::string channel, message x);
  /// A message that waits for its time (`publish_options::delay`) is not to come. The error
  /// not_found: there is none with this id, or it has come.
  future<void> cancel_delayed(std::string channel, std::string message_id);
  /// All of them or none, in one transaction; the positions. `where` of the error names the
  /// message.
  future<std::vector<std::uint64_t>> publish_all(std::string channel, std::vector<message> xs);
  /// The same as `publish`, but never waits for room: the error is `limit` then.
  future<std::uint64_t> try_publish(std::string channel, json data, publish_options options = {});
  /// Calls `handle` for each message of the channels that `pattern` matches, in a thread of its
  /// own, one at a time, as long as the subscription lives; with a group, others share the work.
  /// `*` stands for one token of a name, `>` for the rest. Throws `error`: invalid_input, conflict
  /// (the group has other options).
  subscription subscribe(std::string pattern, subscribe_options options,
                         std::function<void(delivery&)> handle);
  subscription subscribe(std::string pattern, std::function<void(delivery&)> handle);
  /// Publishes, and waits for the answer that a handler gives by `delivery::reply` in this process;
  /// the first one counts. Errors: no_responders (nobody reads the channel: at once), timeout, and
  /// those of `publish`.
  future<json> request(std::string channel, json data, duration within = request_timeout,
                       publish_options options = {});
  /// Each message of the channels that `pattern` matches starts a job as long as the subscription
  /// lives. The message's acknowledgement and the job are one transaction: no message starts two
  /// jobs, none is lost. What starts nothing, because the engine refuses the job or `make` throws
  /// again and again, goes to the dead letters. Throws `error`: invalid_input, not_found (no such
  /// agent), conflict (the group has other options).
  subscription on(std::string pattern, trigger_options how);
  /// Dead letters of the channel go back to it, for the groups that could not handle them. The
  /// future is their number.
  future<std::uint64_t> redrive(std::string channel);
  /// The channel goes with all its messages. Errors: not_found, conflict (a group waits for some of
  /// them, and there is no `force`).
  future<void> remove_channel(std::string name, bool force = false);
  /// A group goes, and with it what it has done. Errors: not_found, conflict (it has members).
  future<void> remove_group(std::string name);

  /// Called, in a thread of the engine, after something has been written (an event of a job, a
  /// chunk of a stream), and when the engine has broken: who follows jobs looks at them then. It
  /// must only signal, never wait or ask the engine for anything. The last one counts; nullptr:
  /// nobody, and none is running any more.
  void on_events(std::function<void()> call);

  /// All agents, by name, but for the built-in ones whose names begin with `dagger.`: those run
  /// what files say, and nobody names them.
  std::vector<agent_description> agents() const;

  /// A snapshot for the queries of `dagger/plan/query.hpp`.
  std::unique_ptr<store::view> read() const;

  /// Why the engine has ended by itself (a store that cannot be written any more); nothing while it
  /// is well. All futures have this error then.
  std::optional<error> broken() const;

  /// Why the store takes no writes now, if it does not (its disk is full). The engine keeps what
  /// there is to write, starts nothing, and goes on by itself when there is room.
  std::optional<error> full() const;

  struct impl;
  impl& internals() {
    return *impl_;
  }

private:
  std::unique_ptr<impl> impl_;
};

} // namespace dagger
