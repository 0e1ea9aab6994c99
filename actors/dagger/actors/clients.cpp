// Futures of jobs and the bound on submits.
#include <dagger/actors/clients.hpp>

#include <dagger/actors/job_result.hpp>

namespace dagger::actors {

bool clients::crowded(std::size_t bytes) const {
  // One that is larger than the bound on its own passes when it is alone.
  return in_flight_ >= limits::submits_in_flight
      || (in_flight_ > 0 && bytes_in_flight_ + bytes > limits::submit_bytes_in_flight);
}

/// Waits for room. With the lock held.
result<void> clients::enter(std::unique_lock<std::mutex>& guard, std::size_t bytes, bool submit) {
  if (!engine_owned::thread()) {
    ++waiting_;
    room_.wait(guard, [&] { return closed_ || (submit && full_) || !crowded(bytes); });
    --waiting_;
  }
  if (closed_)
    return fail(*closed_);
  if (submit && full_)
    return fail(*full_);
  ++in_flight_;
  bytes_in_flight_ += bytes;
  return {};
}

result<clients::entry> clients::open(std::string job_id, std::size_t bytes) {
  auto guard = std::unique_lock{mutex_};
  if (auto room = enter(guard, bytes, true); !room)
    return fail(std::move(room.error()));
  auto made = submitter{};
  auto handle = submission{made.end.future(), made.accepted.future(), job_id};
  made.job_id = std::move(job_id);
  open_.emplace(++last_, client{std::move(made), bytes});
  return entry{last_, std::move(handle)};
}

result<clients::request> clients::open(std::size_t bytes) {
  auto guard = std::unique_lock{mutex_};
  if (auto room = enter(guard, bytes, false); !room)
    return fail(std::move(room.error()));
  auto made = requester{};
  auto handle = made.done.future();
  open_.emplace(++last_, client{std::move(made), bytes});
  return request{last_, std::move(handle)};
}

submission clients::refused(std::string job_id, const error& why) {
  auto accepted = future<bool>::promise{};
  auto end = future<job_result>::promise{};
  accepted.set(fail(why));
  end.set(fail(why));
  return {end.future(), accepted.future(), std::move(job_id)};
}

future<void> clients::refused(const error& why) {
  auto done = future<void>::promise{};
  done.set(fail(why));
  return done.future();
}

template <class T>
void clients::settle(const typename future<T>::promise& to, result<T> value) {
  if (auto callback = to.set_silently(std::move(value)))
    notifier_.post(std::move(callback));
}

void clients::leave_crowd(client& x) {
  if (std::exchange(x.on_disk, true))
    return;
  --in_flight_;
  bytes_in_flight_ -= x.bytes;
  if (waiting_ > 0)
    room_.notify_all();
}

/// Whoever waits under this number, who is through.
std::optional<clients::client> clients::take(plan::client_id id) {
  auto guard = std::lock_guard{mutex_};
  auto found = open_.extract(id);
  if (found.empty())
    return std::nullopt;
  leave_crowd(found.mapped());
  return std::move(found.mapped());
}

void clients::accept(plan::client_id id, bool created) {
  auto guard = std::unique_lock{mutex_};
  auto i = open_.find(id);
  auto* who = i == open_.end() ? nullptr : std::get_if<submitter>(&i->second.who);
  if (!who)
    return;
  leave_crowd(i->second);
  auto accepted = who->accepted;
  guard.unlock();
  settle<bool>(accepted, created);
}

void clients::answer(plan::client_id id, std::uint64_t job, job_state state) {
  auto x = take(id);
  if (auto* who = x ? std::get_if<submitter>(&x->who) : nullptr)
    settle<job_result>(who->end, make_job_result(views_, std::move(who->job_id), job, state));
}

void clients::finish(plan::client_id id) {
  auto x = take(id);
  if (auto* who = x ? std::get_if<requester>(&x->who) : nullptr)
    settle<void>(who->done, {});
}

void clients::refuse(plan::client_id id, const error& why) {
  if (auto x = take(id))
    fail_one(*x, why);
}

void clients::fail_one(const client& x, const error& why) {
  if (auto* who = std::get_if<submitter>(&x.who)) {
    settle<bool>(who->accepted, fail(why));
    settle<job_result>(who->end, fail(why));
  } else {
    settle<void>(std::get<requester>(x.who).done, fail(why));
  }
}

void clients::set_full(const std::optional<error>& why) {
  auto guard = std::lock_guard{mutex_};
  full_ = why;
  room_.notify_all();
}

void clients::close(const error& why) {
  auto guard = std::unique_lock{mutex_};
  if (!closed_)
    closed_ = why;
  auto left = std::exchange(open_, {});
  in_flight_ = bytes_in_flight_ = 0;
  room_.notify_all();
  auto reason = *closed_;
  guard.unlock();
  for (auto& [id, x] : left)
    fail_one(x, reason);
}

void clients::call(std::function<void()> what) {
  notifier_.post(std::move(what));
}

void clients::stop() {
  notifier_.stop();
}

} // namespace dagger::actors
