// Messages that wait for their time: rows, of which only the first time is in memory, and those
// whose rows are still on their way.
#include <dagger/log/hub_impl.hpp>

namespace dagger::log {

namespace {

/// Messages that one event sends.
constexpr auto due_at_once = std::size_t{256};

} // namespace

std::optional<timestamp> hub::impl::first_due() const {
  return next_due_;
}

/// Of two with the same id the first one counts, as if it had come already.
void hub::impl::delay(channel& c, const outgoing& x) {
  auto index = x.id.empty() ? std::string{} : store::key::delay(c.row.log, x.id);
  if (!index.empty()) {
    for (auto& [key, other] : new_delayed_)
      if (other.second.log == c.row.log && other.second.id == x.id)
        return;
    auto there = need(view_->get(store::table::delays, index));
    if (there && !gone_delayed_.contains(std::string{there->body}))
      return;
  }
  auto key = std::string{};
  do
    key = store::key::delayed(*x.due, delayed_number_++);
  while (need(view_->get(store::table::delayed, key)));
  auto what = delayed_message{c.row.log, x.id, x.row};
  out_.writes.put(store::table::delayed, key, store::kind::delayed, encode(what));
  if (!index.empty())
    out_.writes.put(store::table::delays, index, store::kind::delay, key);
  new_delayed_.emplace(key, std::pair{given_ + 1, std::move(what)});
  next_due_ = next_due_ ? std::min(*next_due_, *x.due) : *x.due;
}

void hub::impl::erase_delayed(const std::string& key, const delayed_message& x) {
  out_.writes.erase(store::table::delayed, key);
  if (!x.id.empty())
    out_.writes.erase(store::table::delays, store::key::delay(x.log, x.id));
  new_delayed_.erase(key);
  gone_delayed_[key] = given_ + 1;
}

/// Appends what is due; the rest of it at once again.
void hub::impl::send_due() {
  if (auto first = first_due(); !first || *first > now_)
    return;
  auto due = std::map<std::string, delayed_message>{};
  for (auto& [key, x] : new_delayed_)
    if (store::key::due_of(key) <= now_ && due.size() < due_at_once)
      due.emplace(key, x.second);
  need(store::scan_prefix(*view_, store::table::delayed, store::key::of(),
                          [&](auto key, const store::record& x) {
                            if (store::key::due_of(key) > now_ || due.size() >= due_at_once)
                              return false;
                            if (!gone_delayed_.contains(std::string{key}))
                              due.emplace(key, need(decode_delayed(x.body)));
                            return true;
                          }));
  for (auto& [key, x] : due) {
    erase_delayed(key, x);
    if (name_of_.contains(x.log))
      append(load(x.log), x.id, x.row);
  }
  look_for_due();
}

/// When the next one is due.
void hub::impl::look_for_due() {
  next_due_.reset();
  need(
    store::scan_prefix(*view_, store::table::delayed, store::key::of(), [&](auto key, const auto&) {
      if (gone_delayed_.contains(std::string{key}))
        return true;
      next_due_ = store::key::due_of(key);
      return false;
    }));
  if (!new_delayed_.empty()) {
    auto first = store::key::due_of(new_delayed_.begin()->first);
    next_due_ = next_due_ ? std::min(*next_due_, first) : first;
  }
}

void hub::impl::on(const delayed_cancelled& x) {
  auto* c = find(x.channel);
  if (!c)
    return refuse(x.client, {code::not_found, "there is no channel '" + x.channel + "'"});
  auto log = c->row.log;
  for (auto& [key, other] : new_delayed_)
    if (other.second.log == log && other.second.id == x.id) {
      erase_delayed(std::string{key}, delayed_message{other.second});
      return done(x.client, 1);
    }
  auto there = need(view_->get(store::table::delays, store::key::delay(log, x.id)));
  if (!there || gone_delayed_.contains(std::string{there->body}))
    return refuse(x.client, {code::not_found, "no message '" + x.id + "' waits for its time in '"
                                                + x.channel + "'"});
  erase_delayed(std::string{there->body}, {log, x.id, {}});
  done(x.client, 1);
}

} // namespace dagger::log
