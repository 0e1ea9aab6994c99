// The threads of a blocking agent. They can outlive the engine, with what they still
// hold; knows no actors.
#pragma once

#include <dagger/actors/stopper.hpp>
#include <dagger/actors/visit.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace dagger::actors {

/// Calls an agent's function in threads of its own: started when needed, kept when idle, left
/// behind when they do not return. Safe to use from any thread.
class crew : public std::enable_shared_from_this<crew> {
public:
  struct callbacks {
    /// An attempt has ended by itself. Called with the crew locked; must only send.
    std::function<void(plan::report&&)> on_report;
    /// A thread that had been given up has ended.
    std::function<void()> on_return;
  };

  crew(agent_ptr agent, std::shared_ptr<const workplace> where)
    : agent_(std::move(agent)),
      where_(std::move(where)) {}

  /// Before the first `start`.
  void listen(callbacks calls);

  /// Runs the function for `x` in a free thread.
  void start(plan::assignment x);

  /// Requests the attempt's stop token, in another thread: users' callbacks may block. False if it
  /// has ended or, from now on, will never begin.
  bool stop(const plan::attempt_id& attempt);

  /// Leaves the attempt's thread behind; false if it has ended.
  bool give_up(const plan::attempt_id& attempt);

  /// Takes back what has not begun, and requests all stop tokens.
  std::vector<plan::attempt_id> drain();

  /// Calls `then` once, when nothing waits or runs any more; perhaps at once. Must only send.
  void when_idle(std::function<void()> then);

  /// Leaves all threads behind that still run; their attempts.
  std::vector<plan::attempt_id> give_up_all();

  /// Ends all threads that are idle and waits for them. No callback from then on.
  void close();

private:
  struct thread {
    std::thread handle;
    bool left_behind = false;
  };
  using threads = std::list<thread>;

  struct running {
    std::shared_ptr<attempt_control> control;
    threads::iterator thread;
  };

  void staff();
  void add_thread();
  void refuse_waiting(const std::string& why);
  void run(threads::iterator me);
  bool work(std::unique_lock<std::mutex>& guard, threads::iterator me);
  void leave_behind(running& x);
  void drop_waiting(const plan::attempt_id& attempt);
  void tell_if_idle();

  agent_ptr agent_;
  std::shared_ptr<const workplace> where_;
  std::shared_ptr<stopper> stops_ = std::make_shared<stopper>();
  callbacks calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<plan::assignment> waiting_;
  std::map<plan::attempt_id, running> running_;
  threads threads_;
  std::size_t idle_ = 0;
  std::function<void()> when_idle_;
  bool closed_ = false;
};

} // namespace dagger::actors
