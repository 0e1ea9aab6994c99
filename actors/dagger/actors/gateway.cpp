// The loop: wait, take what came, answer, show.
#include <dagger/actors/gateway.hpp>

#include <dagger/actors/gateway_mailbox.hpp>
#include <dagger/actors/notifier.hpp>
#include <dagger/check.hpp>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dagger::actors {

namespace {

/// While so much waits for a peer, it gets no more events, and is not listened to.
constexpr std::size_t untold_bytes = 256 << 10;
/// How long nobody is let in when there is no descriptor for them.
constexpr std::chrono::seconds full_pause{1};

} // namespace

result<std::unique_ptr<gateway>> gateway::open(const std::filesystem::path& store, engine::impl& to,
                                               duration patience) {
  auto listener = control_socket::open(store);
  if (!listener)
    return fail(std::move(listener.error()));
  auto box = std::make_shared<mailbox>();
  if (box->bell() < 0)
    return fail(code::unavailable, "no descriptor is free");
  auto made =
    std::unique_ptr<gateway>{new gateway{std::move(*listener), std::move(box), to, patience}};
  try {
    made->thread_ = std::thread{[self = made.get()] { self->run(); }};
  } catch (const std::system_error& why) {
    return fail(code::unavailable, std::string{"no thread can be started: "} + why.what());
  }
  return made;
}

gateway::gateway(control_socket listener, std::shared_ptr<mailbox> box, engine::impl& to,
                 duration patience)
  : listener_(std::move(listener)),
    box_(std::move(box)),
    engine_(to),
    patience_(patience) {}

gateway::~gateway() {
  close_desk();
  box_->stop();
  if (thread_.joinable())
    thread_.join();
  engine_.appended().set(append_watch::watcher::gateway, nullptr);
}

void gateway::close_desk() {
  auto guard = std::lock_guard{desk_};
  desk_closed_ = true;
}

void gateway::run() {
  engine_owned::mark_thread();
  while (wait()) {
    take_mail();
    auto now = engine_.time().now();
    for (auto i = visitors_.begin(); i != visitors_.end();) {
      hear(i);
      show(i->second);
      i->second.peer.write(now);
      auto stuck = i->second.peer.stuck_since();
      if (is_through(i->second) || (stuck && now - *stuck >= patience_))
        drop(i->second), i = visitors_.erase(i);
      else
        ++i;
    }
    end_long_line(now);
    stop_listening_to_log();
  }
  // All futures are settled by now.
  take_mail();
  for (auto& [id, x] : visitors_)
    x.peer.write(engine_.time().now());
}

/// Sleeps until something is to be done, and reads; false at the end.
bool gateway::wait() {
  auto fds =
    std::vector<pollfd>{{box_->bell(), POLLIN, 0}, {full_until_ ? -1 : listener_.get(), POLLIN, 0}};
  auto ready = false;
  others_wait_ = false;
  for (auto& [id, x] : visitors_) {
    others_wait_ |= must_wait(id, x);
    auto listens = may_speak(x) && !x.peer.silent() && !x.peer.has_line() && !must_wait(id, x);
    auto events = (listens ? POLLIN : 0) | (x.peer.untold() > 0 ? POLLOUT : 0);
    fds.push_back({x.peer.gone() ? -1 : x.peer.fd(), static_cast<short>(events), 0});
    ready = ready || (x.more && x.peer.untold() < untold_bytes);
  }
  while (::poll(fds.data(), fds.size(), ready ? 0 : time_left()) < 0)
    check(errno == EINTR, "cannot wait for other processes");
  auto fd = fds.begin() + 2;
  for (auto& [id, x] : visitors_) {
    if ((fd->events & POLLIN) != 0 && (fd->revents & (POLLIN | POLLHUP)) != 0)
      read(id, x);
    if ((fd->revents & (POLLHUP | POLLERR)) != 0) {
      x.peer.set_gone();
      x.watch.reset();
      x.more = false;
    }
    ++fd;
  }
  if (full_until_ && *full_until_ <= engine_.time().now())
    full_until_.reset();
  if (fds[1].revents != 0)
    let_in();
  return !box_->stopped();
}

/// Its line is long, and another one's is being read.
bool gateway::must_wait(std::uint64_t id, const visitor& x) const {
  return long_line_ && *long_line_ != id && x.peer.coming() > limits::control_short_line_bytes;
}

void gateway::read(std::uint64_t id, visitor& from) {
  auto may_be_long = !long_line_ || *long_line_ == id;
  from.peer.read(may_be_long ? limits::control_line_bytes : limits::control_short_line_bytes);
  if (!may_be_long || from.peer.coming() <= limits::control_short_line_bytes)
    return;
  long_line_ = id;
  long_line_grew_ = engine_.time().now();
}

/// Lets the next one go on when this one's request is done, or when it keeps others waiting.
void gateway::end_long_line(timestamp now) {
  auto at = long_line_ ? visitors_.find(*long_line_) : visitors_.end();
  if (at == visitors_.end())
    return long_line_.reset();
  auto& x = at->second;
  auto until = long_line_until();
  if (until && *until <= now) {
    x.last = true;
    x.peer.say(to_line(error{code::timeout, "others wait for the end of this line"}), now);
  }
  auto comes = x.peer.coming() > limits::control_short_line_bytes;
  if (x.last || (!comes && !x.waits))
    long_line_.reset();
}

/// Until when the others wait for the rest of the line that is being read.
std::optional<timestamp> gateway::long_line_until() const {
  auto at = long_line_ && others_wait_ ? visitors_.find(*long_line_) : visitors_.end();
  if (at == visitors_.end() || at->second.peer.coming() <= limits::control_short_line_bytes)
    return std::nullopt;
  return long_line_grew_ + patience_;
}

/// Milliseconds until somebody's patience is at its end; -1: forever.
int gateway::time_left() const {
  auto next = full_until_;
  if (auto until = long_line_until())
    next = std::min(next.value_or(timestamp::max()), *until);
  for (auto& [id, x] : visitors_)
    if (auto stuck = x.peer.stuck_since(); stuck && (!next || *stuck + patience_ < *next))
      next = *stuck + patience_;
  if (!next)
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - engine_.time().now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void gateway::let_in() {
  while (true) {
    auto socket =
      descriptor{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (socket.get() < 0) {
      if (errno == EINTR || errno == ECONNABORTED)
        continue;
      // Else nobody waits any more.
      if (errno != EAGAIN && errno != EWOULDBLOCK)
        full_until_ = engine_.time().now() + full_pause;
      return;
    }
    auto& x = visitors_.try_emplace(++last_, control_peer{std::move(socket)}).first->second;
    if (visitors_.size() <= limits::control_connections)
      continue;
    x.last = true;
    x.peer.say(to_line(error{code::limit, std::to_string(limits::control_connections)
                                            + " others are connected to this engine"}),
               engine_.time().now());
  }
}

bool gateway::may_speak(const visitor& x) {
  if (x.peer.gone()) // what it has said counts, but nobody hears of it
    return !x.last;
  return !x.waits && !x.watch && !x.last && x.peer.untold() < untold_bytes;
}

/// Performs what has been read, one request at a time.
void gateway::hear(visitors::iterator from) {
  auto& x = from->second;
  while (may_speak(x)) {
    auto line = x.peer.next_line();
    if (!line)
      break;
    perform(from, *line);
  }
  if (x.last || !x.peer.is_endless())
    return;
  x.last = true;
  auto most = std::to_string(limits::control_line_bytes);
  x.peer.say(to_line(error{code::too_large, "a line has at most " + most + " bytes"}),
             engine_.time().now());
}

void gateway::perform(visitors::iterator from, std::string_view line) {
  auto refuse = [&](const error& why) {
    from->second.waits = false;
    from->second.peer.say(to_line(why), engine_.time().now());
  };
  auto what = read_request(line);
  if (!what)
    return refuse(what.error());
  auto guard = std::lock_guard{desk_};
  if (desk_closed_)
    return refuse({code::cancelled, "the engine is closing"});
  try {
    perform(from, *what);
  } catch (const error& why) {
    refuse(why);
  } catch (const std::exception& why) {
    refuse({code::exception, why.what()});
  }
}

void gateway::answer(std::uint64_t to, const future<void>& when) {
  visitors_.at(to).waits = true;
  when.then([to, box = box_](const result<void>& x) {
    box->put({to, x ? to_line_ok() : to_line(x.error())});
  });
}

void gateway::perform(visitors::iterator from, const control_request& what) {
  auto id = from->first;
  auto say = [&](const std::string& line) { from->second.peer.say(line, engine_.time().now()); };
  std::visit(
    [&]<class T>(const T& x) {
      if constexpr (std::is_same_v<T, control_ping>)
        say(to_line_ok({{"holder", engine_.options().holder}, {"process", ::getpid()}}));
      else if constexpr (std::is_same_v<T, control_signal>)
        answer(id, engine_.signal(x.job, x.name, x.value, {.queue = x.queue}));
      else if constexpr (std::is_same_v<T, control_accept>)
        answer(id, engine_.decide({x.job, x.task, true, {}, false, 0}));
      else if constexpr (std::is_same_v<T, control_reject>)
        answer(id, engine_.decide({x.job, x.task, false, x.reason, x.final, 0}));
      else if constexpr (std::is_same_v<T, control_pause>)
        answer(id, engine_.pause(x.job));
      else if constexpr (std::is_same_v<T, control_resume>)
        answer(id, engine_.resume(x.job).accepted());
      else if constexpr (std::is_same_v<T, control_cancel>)
        answer(id, engine_.cancel(x.job));
      else if constexpr (std::is_same_v<T, control_retry>)
        answer(id, engine_.retry(x.job, x.from, x.with));
      else if constexpr (std::is_same_v<T, control_purge>)
        answer(id, engine_.purge(x.job));
      else if constexpr (std::is_same_v<T, control_watch>)
        begin_watch(from->second, x);
      else if constexpr (requires { perform_channel(from, x); })
        perform_channel(from, x);
      else
        change(from, x);
    },
    what);
}

template <class T>
void gateway::change(visitors::iterator from, const T& x) {
  auto id = from->first;
  if constexpr (std::is_same_v<T, control_add_node>) {
    auto origin = node_options{x.file.empty() ? "node" : x.file, x.folder};
    if (auto wrong = engine_.check_node(x.job, x.node, origin); !wrong.empty())
      return from->second.peer.say(to_line(wrong), engine_.time().now());
    answer(id, engine_.add_node(x.job, x.node, std::move(origin)));
  } else if constexpr (std::is_same_v<T, control_set_input>) {
    answer(id, engine_.set_input(x.job, x.node, x.inputs));
  } else if constexpr (std::is_same_v<T, control_remove_node>) {
    answer(id, engine_.remove_node(x.job, x.node));
  } else {
    answer(id, engine_.enable(x.job, x.node, std::is_same_v<T, control_enable>));
  }
}

void gateway::take_mail() {
  auto mail = box_->take();
  for (auto& [to, line, answers] : mail.letters)
    if (auto i = visitors_.find(to); i != visitors_.end()) {
      i->second.waits = i->second.waits && !answers;
      i->second.peer.say(line, engine_.time().now());
    }
  if (mail.log_has_grown)
    for (auto& [id, x] : visitors_)
      x.more = x.watch.has_value();
}

void gateway::begin_watch(visitor& to, const control_watch& what) {
  // Before the first look: a row is seen then or told of.
  if (!std::exchange(listens_, true))
    engine_.appended().set(append_watch::watcher::gateway, [box = box_] { box->note_growth(); });
  auto view = engine_.read();
  auto begun = event_stream::begin(*view, what);
  if (!begun)
    throw std::move(begun.error());
  to.peer.say(to_line_ok({{"next", begun->next()}}), engine_.time().now());
  to.watch = std::move(*begun);
  to.more = true;
}

/// More of what it watches, as far as it takes it.
void gateway::show(visitor& to) {
  if (!to.watch || !to.more || to.peer.untold() >= untold_bytes)
    return;
  auto lines = std::string{};
  auto state = event_stream::state::ended;
  try {
    auto view = engine_.read();
    state = to.watch->read(*view, lines, untold_bytes);
  } catch (const error& why) {
    lines = to_line(why);
  }
  to.peer.say(lines, engine_.time().now());
  to.more = state == event_stream::state::more;
  if (state == event_stream::state::ended)
    to.watch.reset();
}

bool gateway::is_through(const visitor& x) const {
  if (x.peer.gone()) // also while its request waits: others need its place
    return x.last || !x.peer.has_line();
  if (x.waits)
    return false;
  if (x.last)
    return x.peer.untold() == 0;
  return x.peer.silent() && !x.watch && !x.member && !x.peer.has_line() && x.peer.untold() == 0;
}

void gateway::stop_listening_to_log() {
  auto watches = [](auto& x) { return x.second.watch.has_value(); };
  if (!listens_ || std::ranges::any_of(visitors_, watches))
    return;
  listens_ = false;
  engine_.appended().set(append_watch::watcher::gateway, nullptr);
}

} // namespace dagger::actors
