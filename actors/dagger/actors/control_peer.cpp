// Buffers around a socket.
#include <dagger/actors/control_peer.hpp>

#include <dagger/limits.hpp>

#include <cerrno>

#include <sys/socket.h>

namespace dagger::actors {

namespace {

constexpr std::size_t read_bytes = 64 << 10;
/// What has been used up is thrown away when it is worth it.
constexpr std::size_t worth_moving = 1 << 20;

} // namespace

void control_peer::look_for_line() {
  end_of_line_ = in_.find('\n', scanned_);
  scanned_ = end_of_line_ == std::string::npos ? in_.size() : end_of_line_;
}

void control_peer::read(std::size_t most) {
  while (!has_line() && coming() <= most && !silent_) {
    auto before = in_.size();
    in_.resize(before + read_bytes);
    auto n = ::recv(socket_.get(), in_.data() + before, read_bytes, MSG_DONTWAIT);
    auto why = errno;
    in_.resize(before + (n > 0 ? static_cast<std::size_t>(n) : 0));
    if (n > 0)
      look_for_line();
    else if (n == 0)
      silent_ = true;
    else if (why == EAGAIN || why == EWOULDBLOCK)
      return;
    else if (why != EINTR)
      set_gone();
  }
}

bool control_peer::is_endless() const {
  return coming() > limits::control_line_bytes;
}

std::optional<std::string> control_peer::next_line() {
  if (!has_line())
    return std::nullopt;
  auto line = in_.substr(begin_, end_of_line_ - begin_);
  begin_ = end_of_line_ + 1;
  if (begin_ == in_.size() || begin_ >= worth_moving) {
    in_.erase(0, begin_);
    in_.shrink_to_fit();
    begin_ = 0;
  }
  scanned_ = begin_;
  look_for_line();
  return line;
}

void control_peer::set_gone() {
  silent_ = gone_ = true;
  out_.clear();
  told_ = 0;
}

void control_peer::say(std::string_view line, timestamp now) {
  if (gone_)
    return;
  if (untold() == 0) {
    out_.clear();
    told_ = 0;
    progress_ = now;
  }
  if (told_ >= worth_moving) { // it takes some of it, but never all
    out_.erase(0, told_);
    told_ = 0;
  }
  out_.append(line);
}

void control_peer::write(timestamp now) {
  while (untold() > 0) {
    auto n = ::send(socket_.get(), out_.data() + told_, untold(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      told_ += static_cast<std::size_t>(n);
      progress_ = now;
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      return;
    } else if (errno != EINTR) {
      return set_gone();
    }
  }
  out_.clear();
  told_ = 0;
}

} // namespace dagger::actors
