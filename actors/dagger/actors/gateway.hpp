// The engine's door for other processes: STORE/control.sock. Decides nothing: a request is a call
// of the engine, its future is the answer.
//
//   peer ──line──► gateway ──call──► engine ──future──► mailbox ──► gateway ──line──► peer
//   keeper ──appended──► gateway ──{"event": ...}──► peers that watch
#pragma once

#include <dagger/actors/control_peer.hpp>
#include <dagger/actors/control_protocol.hpp>
#include <dagger/actors/control_socket.hpp>
#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/event_stream.hpp>
#include <dagger/limits.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dagger::actors {

/// One thread, which sleeps while nobody says anything.
class gateway {
public:
  /// Listens in the store's directory. A peer that does not take its answers for `patience` is
  /// dropped. The error says why that is not possible.
  static result<std::unique_ptr<gateway>> open(const std::filesystem::path& store, engine::impl& to,
                                               duration patience = duration{
                                                 limits::control_patience});

  /// Tells what is there to be told and is taken at once.
  ~gateway();

  /// The engine is not called any more when this has returned.
  void close_desk();

private:
  class mailbox;

  struct visitor {
    explicit visitor(control_peer x) : peer(std::move(x)) {}
    control_peer peer;
    bool waits = false; // for the answer to its last request
    bool last = false;  // it is dropped when it has been told the rest
    std::optional<event_stream> watch;
    std::optional<dagger::log::member_id> member; // it gets messages
    bool more = false;                            // of what it watches, already
  };

  using visitors = std::map<std::uint64_t, visitor>;

  gateway(control_socket listener, std::shared_ptr<mailbox> box, engine::impl& to,
          duration patience);
  void run();
  bool wait();
  int time_left() const;
  void let_in();
  void hear(visitors::iterator from);
  void perform(visitors::iterator from, std::string_view line);
  void perform(visitors::iterator from, const control_request& what);
  template <class T>
  void change(visitors::iterator from, const T& x);
  void perform_channel(visitors::iterator from, const control_publish& x);
  void perform_channel(visitors::iterator from, const control_declare& x);
  void perform_channel(visitors::iterator from, const control_delete_channel& x);
  void perform_channel(visitors::iterator from, const control_redrive& x);
  void perform_channel(visitors::iterator from, const control_subscribe& x);
  void perform_channel(visitors::iterator from, const control_answer& x);
  void drop(const visitor& x);
  void take_mail();
  void begin_watch(visitor& to, const control_watch& what);
  void show(visitor& to);
  void stop_listening_to_log();
  bool is_through(const visitor& x) const;
  static bool may_speak(const visitor& x);
  void read(std::uint64_t id, visitor& from);
  bool must_wait(std::uint64_t id, const visitor& x) const;
  void end_long_line(timestamp now);
  std::optional<timestamp> long_line_until() const;

  template <class T, class Line>
  void answer(std::uint64_t to, const future<T>& when, Line line_of);
  void answer(std::uint64_t to, const future<void>& when);
  template <class T>
  void answer(std::uint64_t to, const future<T>& when) {
    answer(to, when, [](const T&) { return to_line_ok(); });
  }

  control_socket listener_;
  std::shared_ptr<mailbox> box_;
  engine::impl& engine_;
  const duration patience_;
  std::mutex desk_; // held during calls of the engine
  bool desk_closed_ = false;
  visitors visitors_;
  std::uint64_t last_ = 0;
  std::optional<timestamp> full_until_; // no descriptor is free
  bool listens_ = false;                // to the log
  // Of those with a line that is not short: who may go on, when it last did, whether others wait.
  std::optional<std::uint64_t> long_line_;
  timestamp long_line_grew_{};
  bool others_wait_ = false;
  std::thread thread_;
};

} // namespace dagger::actors
