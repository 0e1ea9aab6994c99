// The public door: add agents, submit jobs. No CAF in it.
#pragma once

#include <dagger/agent.hpp>
#include <dagger/future.hpp>
#include <dagger/job.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dagger {

/// Which jobs of its store an engine works on by itself.
enum class adopt : std::uint8_t {
  every_job, // all unfinished ones, from the start on
  named,     // those that are submitted or resumed
};

/// How loud the log on stderr is.
enum class log_level : std::uint8_t { off, error, warning, info, debug };

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

  /// All agents, by name.
  std::vector<agent_description> agents() const;

  /// A snapshot for the queries of `dagger/plan/query.hpp`.
  std::unique_ptr<store::view> read() const;

  /// Why the engine has ended by itself (a store that cannot be written any more); nothing while it
  /// is well. All futures have this error then.
  std::optional<error> broken() const;

  struct impl;
  impl& internals() {
    return *impl_;
  }

private:
  std::unique_ptr<impl> impl_;
};

} // namespace dagger
