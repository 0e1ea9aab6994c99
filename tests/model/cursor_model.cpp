// Each question is answered by looking at all messages.
#include "model/cursor_model.hpp"

#include <algorithm>

namespace dagger::model {

void cursor_model::publish(std::string key, std::optional<timestamp> expires) {
  messages_.push_back({std::move(key), expires});
}

bool cursor_model::any(state x) const {
  return std::ranges::any_of(messages_, [&](auto& m) { return m.where == x; });
}

bool cursor_model::is_busy(const std::string& key) const {
  return options_.ordered_by_key && !key.empty() && std::ranges::any_of(messages_, [&](auto& m) {
           return m.key == key
               && (m.where == state::on_its_way || m.where == state::waits
                   || m.where == state::suspect);
         });
}

std::uint64_t cursor_model::begin() const {
  auto at = std::ranges::find_if(messages_, [](auto& m) { return m.where != state::answered; });
  return static_cast<std::uint64_t>(at - messages_.begin());
}

bool cursor_model::skips(message& m, timestamp now) {
  if (!m.expires || *m.expires > now)
    return false;
  m.where = state::answered;
  ++expired_;
  return true;
}

/// Which message comes next, if any; those whose time is over are skipped on the way.
std::optional<std::uint64_t> cursor_model::next(timestamp now, bool first) {
  auto lowest = std::optional<std::uint64_t>{};
  if (std::ranges::any_of(messages_, [](auto& m) { return m.alone; }))
    return lowest;
  while (any(state::suspect)) {
    if (!first || any(state::on_its_way))
      return lowest;
    auto at = std::ranges::find_if(messages_, [](auto& m) { return m.where == state::suspect; });
    if (!skips(*at, now))
      return static_cast<std::uint64_t>(at - messages_.begin());
  }
  for (;; lowest.reset()) {
    for (auto p = std::uint64_t{0}; p < messages_.size(); ++p)
      if (auto& m = messages_[p]; m.where == state::waits && m.when <= now)
        if (!lowest || m.when < messages_[*lowest].when)
          lowest = p;
    if (!lowest)
      break;
    if (!skips(messages_[*lowest], now))
      return lowest;
  }
  for (auto p = std::uint64_t{0}; p < messages_.size(); ++p) {
    auto& m = messages_[p];
    if (m.where != state::fresh || is_busy(m.key))
      continue;
    if (!skips(m, now))
      return p;
  }
  return lowest;
}

std::vector<std::pair<std::uint64_t, std::uint32_t>>
cursor_model::take(log::member_id to, std::size_t n, timestamp now) {
  auto out = std::vector<std::pair<std::uint64_t, std::uint32_t>>{};
  while (out.size() < n) {
    auto p = next(now, out.empty());
    if (!p)
      break;
    auto& m = messages_[*p];
    m.alone = m.where == state::suspect;
    m.where = state::on_its_way;
    m.holder = to;
    m.when = now + options_.ack_wait;
    out.emplace_back(*p, ++m.deliveries);
  }
  return out;
}

void cursor_model::give_up(std::uint64_t position) {
  messages_[position].where = state::answered;
  given_up_.push_back(position);
  ++dead_;
}

void cursor_model::fail(std::uint64_t position, timestamp due) {
  auto& m = messages_[position];
  m.alone = false;
  if (m.deliveries >= options_.max_deliver)
    return give_up(position);
  m.where = state::waits;
  m.when = due;
}

bool cursor_model::settle(log::member_id from, const log::answer& x, timestamp now) {
  auto& m = messages_.at(x.position);
  if (m.where != state::on_its_way || m.holder != from || m.deliveries != x.delivery)
    return false;
  m.alone = false;
  if (x.what == log::verdict::ack)
    m.where = state::answered;
  else if (x.what == log::verdict::term)
    give_up(x.position);
  else
    fail(x.position, now + x.pause.value_or(log::backoff_after(options_, x.delivery)));
  return true;
}

void cursor_model::give_back(log::member_id from, timestamp now) {
  for (auto& m : messages_)
    if (m.where == state::on_its_way && m.holder == from) {
      m.where = state::waits;
      m.alone = false;
      m.when = now;
      --m.deliveries;
    }
}

void cursor_model::expire(timestamp now) {
  for (auto p = std::uint64_t{0}; p < messages_.size(); ++p)
    if (auto& m = messages_[p]; m.where == state::on_its_way && m.when <= now)
      fail(p, now + log::backoff_after(options_, m.deliveries));
}

std::uint64_t cursor_model::behind(std::size_t n) const {
  auto p = begin();
  while (p < messages_.size() && n > 0)
    n -= messages_[p++].where != state::answered;
  return p;
}

void cursor_model::drop(std::size_t n) {
  auto end = behind(n);
  for (auto p = begin(); p < end; ++p) {
    dropped_ += messages_[p].where != state::answered;
    messages_[p].where = state::answered;
    messages_[p].alone = false;
  }
}

void cursor_model::crash() {
  for (auto p = std::uint64_t{0}; p < messages_.size(); ++p) {
    auto& m = messages_[p];
    m.alone = false;
    if (m.where == state::on_its_way)
      m.where = state::suspect;
    if (m.where == state::suspect && m.deliveries >= options_.max_deliver)
      give_up(p);
  }
}

std::vector<std::uint64_t> cursor_model::take_given_up() {
  return std::exchange(given_up_, {});
}

std::vector<log::answer> cursor_model::on_their_way(log::member_id of) const {
  auto out = std::vector<log::answer>{};
  for (auto p = std::uint64_t{0}; p < messages_.size(); ++p)
    if (auto& m = messages_[p]; m.where == state::on_its_way && m.holder == of)
      out.push_back({p, m.deliveries});
  return out;
}

std::string cursor_model::dump() const {
  auto out = "begin " + std::to_string(begin()) + " expired " + std::to_string(expired_)
           + " dropped " + std::to_string(dropped_) + " dead " + std::to_string(dead_) + "\n";
  for (auto p = begin(); p < messages_.size(); ++p)
    if (messages_[p].where == state::answered)
      out += "  " + std::to_string(p) + " acked\n";
  for (auto p = begin(); p < messages_.size(); ++p) {
    auto& m = messages_[p];
    if (m.where == state::fresh || m.where == state::answered)
      continue;
    auto word = m.where == state::on_its_way ? "on its way"
              : m.where == state::waits      ? "waits"
                                             : "suspect";
    out += "  " + std::to_string(p) + " " + word + " delivered " + std::to_string(m.deliveries);
    if (m.where == state::waits)
      out += " until " + std::to_string(m.when.time_since_epoch().count());
    out += "\n";
  }
  return out;
}

} // namespace dagger::model
