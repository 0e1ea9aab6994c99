// Futures of jobs and the bound on submits.
#include <dagger/actors/clients.hpp>

#include <dagger/actors/job_result.hpp>

namespace dagger::actors {

bool clients::crowded(std::size_t bytes) const {
  // One that is larger than the bound on its own passes when it is alone.
  return in_flight_ >= limits::submits_in_flight
      || (in_flight_ > 0 && bytes_in_flight_ + bytes > limits::submit_bytes_in_flight);
}

result<clients::entry> clients::open(std::string job_id, std::size_t bytes) {
  auto guard = std::unique_lock{mutex_};
  if (!engine_owned::thread()) {
    ++waiting_;
    room_.wait(guard, [&] { return closed_ || full_ || !crowded(bytes); });
    --waiting_;
  }
  if (closed_)
    return fail(*closed_);
  if (full_)
    return fail(*full_);
  ++in_flight_;
  bytes_in_flight_ += bytes;
  auto made = client{};
  made.bytes = bytes;
  auto handle = submission{made.end.future(), made.accepted.future(), job_id};
  made.job_id = std::move(job_id);
  open_.emplace(++last_, std::move(made));
  return entry{last_, std::move(handle)};
}

submission clients::refused(std::string job_id, const error& why) {
  auto accepted = future<bool>::promise{};
  auto end = future<job_result>::promise{};
  accepted.set(fail(why));
  end.set(fail(why));
  return {end.future(), accepted.future(), std::move(job_id)};
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

void clients::accept(plan::client_id id, bool created) {
  auto guard = std::unique_lock{mutex_};
  auto i = open_.find(id);
  if (i == open_.end())
    return;
  leave_crowd(i->second);
  auto accepted = i->second.accepted;
  guard.unlock();
  settle<bool>(accepted, created);
}

void clients::answer(plan::client_id id, std::uint64_t job, job_state state) {
  auto guard = std::unique_lock{mutex_};
  auto found = open_.extract(id);
  if (found.empty())
    return;
  auto& x = found.mapped();
  leave_crowd(x);
  guard.unlock();
  settle<job_result>(x.end, make_job_result(views_, std::move(x.job_id), job, state));
}

void clients::refuse(plan::client_id id, const error& why) {
  auto guard = std::unique_lock{mutex_};
  auto found = open_.extract(id);
  if (found.empty())
    return;
  auto& x = found.mapped();
  leave_crowd(x);
  guard.unlock();
  settle<bool>(x.accepted, fail(why));
  settle<job_result>(x.end, fail(why));
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
  for (auto& [id, x] : left) {
    settle<bool>(x.accepted, fail(reason));
    settle<job_result>(x.end, fail(reason));
  }
}

void clients::stop() {
  notifier_.stop();
}

} // namespace dagger::actors
