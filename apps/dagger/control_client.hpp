// A line to the engine that holds a store: requests there, answers back. Decides nothing.
#pragma once

#include <dagger/actors/control_protocol.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace dagger::apps {

class control_client {
public:
  /// The error (unavailable) if nobody listens in this store.
  static result<control_client> connect(const std::filesystem::path& store);

  ~control_client();
  control_client(control_client&& other) noexcept;
  control_client& operator=(control_client&&) = delete;

  /// Sends one request and waits for its answer. Errors: that of the answer; unavailable if the
  /// engine ended before it answered.
  result<json> ask(const actors::control_request& what);

  /// Sends one request whose answers come to `take_answers`.
  result<void> send(const actors::control_request& what);

  /// The lines that have come, all of them answers; waits for none. Errors: that of an answer;
  /// unavailable when nothing more will come.
  result<std::vector<json>> take_answers();

  /// The same as `ask`, for all that is wrong with the request; empty if it was done.
  std::vector<error> ask_for_problems(const actors::control_request& what);

  /// After `control_watch`: readable when something has happened.
  int descriptor() const {
    return socket_;
  }

  /// After `control_watch`: takes what has come. False when nothing more will come: the job has
  /// ended, or the engine.
  bool take();

private:
  explicit control_client(int socket) : socket_(socket) {}
  result<std::string> answer_to(const actors::control_request& what);
  /// Reads what is there; false if the other side is gone.
  bool read_some();
  /// The next line, without its end; false if the other side is gone.
  bool read_line(std::string& to);

  int socket_;
  std::string read_;
};

} // namespace dagger::apps
