// What the engine's actors do around a hub, one step at a time.
#include "support/hub_world.hpp"

#include <dagger/codec/json.hpp>

namespace dagger::test {

void hub_world::start() {
  auto view = disk_->read();
  auto first = log::effects{};
  auto made = log::hub::restore(*view, now, first);
  ASSERT_TRUE(made) << to_string(made.error());
  hub_.emplace(std::move(*made));
  in_flight_.push_back({{}, now, std::move(first)});
}

void hub_world::crash(std::size_t kept) {
  if (keeps_history)
    history.push_back({now, crashed{kept}});
  auto kept_history = std::exchange(keeps_history, false);
  for (auto i = std::size_t{0}; i < kept && !in_flight_.empty(); ++i)
    commit_one();
  in_flight_.clear();
  to_follow_.clear();
  inbox_.clear();
  start();
  keeps_history = kept_history;
}

bool hub_world::commit_one() {
  if (in_flight_.empty())
    return false;
  auto x = std::move(in_flight_.front());
  in_flight_.pop_front();
  auto positions = std::vector<std::uint64_t>{};
  if (keeps_history)
    history.push_back({now, reached_disk{}});
  if (!x.what.writes.empty()) {
    const auto* batch = &x.what.writes;
    auto committed = disk_->commit({&batch, 1});
    EXPECT_TRUE(committed) << to_string(committed.error());
    positions = committed->positions;
    hub_->confirm();
    auto grown = std::map<store::log_id, log::messages_appended>{};
    for (auto i = std::size_t{0}, k = std::size_t{0}; i < batch->size(); ++i) {
      auto change = (*batch)[i];
      if (change.verb != store::batch::verb::append)
        continue;
      auto position = positions[k];
      if (std::ranges::binary_search(committed->repeated, k++))
        continue;
      auto& news = grown[change.log];
      if (news.rows.empty())
        news = {change.log, position, {}};
      news.rows.push_back(std::make_shared<const std::string>(change.body));
    }
    for (auto& [log, news] : grown)
      to_follow_.push_back(std::move(news));
  }
  if (watch)
    watch(x, positions);
  for (auto& command : x.what.commands)
    perform(command, positions);
  return true;
}

bool hub_world::follow_one() {
  if (to_follow_.empty())
    return false;
  auto x = std::move(to_follow_.front());
  to_follow_.pop_front();
  apply(x);
  return true;
}

void hub_world::perform(log::command& x, const std::vector<std::uint64_t>& positions) {
  if (auto* here = std::get_if<log::deliver>(&x)) {
    for (auto& m : here->messages) {
      auto what = log::decode_message(*m.row);
      ASSERT_TRUE(what) << to_string(what.error());
      inbox_[here->member].push_back({*here->channel, here->log, m.position, m.delivery, *what});
    }
  } else if (auto* stored = std::get_if<log::accept>(&x)) {
    auto from = positions.begin() + static_cast<std::ptrdiff_t>(stored->first);
    accepted[stored->client].assign(from, from + static_cast<std::ptrdiff_t>(stored->count));
  } else if (auto* is_done = std::get_if<log::done>(&x)) {
    done[is_done->client] = is_done->count;
  } else if (auto* no = std::get_if<log::refuse>(&x)) {
    refusals.push_back(no->why);
  } else if (std::holds_alternative<log::sweep>(x)) {
    to_follow_.push_back(log::sweep_due{});
  } else if (auto* look = std::get_if<log::look_again>(&x)) {
    to_follow_.push_back(log::looked_again{look->batches});
  } else {
    FAIL() << to_string(std::get<log::give_up>(x).why);
  }
}

void hub_world::wait(duration by) {
  auto end = now + by;
  for (auto due = hub_->wake_at(); due && *due <= end; due = hub_->wake_at()) {
    now = std::max(now, *due);
    run(log::time_passed{});
  }
  now = end;
}

std::optional<std::uint64_t> hub_world::publish(const std::string& channel, message x) {
  if (x.time == timestamp{})
    x.time = now;
  auto client = next_client();
  run(log::messages_published{client, channel, {{x.id, log::encode(x)}}});
  auto found = accepted.find(client);
  return found == accepted.end() ? std::nullopt : std::optional{found->second.at(0)};
}

std::optional<std::uint64_t> hub_world::publish(const std::string& channel, const json& data,
                                                std::string key) {
  auto x = message{};
  x.data = payload::from(data);
  x.key = std::move(key);
  return publish(channel, std::move(x));
}

void hub_world::join(log::member_id who, const group_options& group, log::start from,
                     std::uint32_t max_in_flight) {
  run(log::member_joined{next_client(), who, {}, group, from, max_in_flight});
}

void hub_world::listen(log::member_id who, std::string pattern, log::start from,
                       std::uint32_t max_in_flight) {
  run(log::member_joined{next_client(), who, std::move(pattern), {}, from, max_in_flight});
}

void hub_world::answer(log::member_id who, const received& x, log::verdict what,
                       std::string reason) {
  run(
    log::deliveries_answered{who, x.log, {{x.position, x.delivery, what, {}, std::move(reason)}}});
}

std::vector<std::string> hub_world::read(log::member_id who) {
  auto out = std::vector<std::string>{};
  for (auto xs = take(who); !xs.empty(); xs = take(who))
    for (auto& x : xs) {
      out.push_back(x.channel + "/" + std::to_string(x.position) + ": "
                    + std::string{x.what.data.bytes()});
      answer(who, x, log::verdict::ack);
    }
  return out;
}

std::size_t hub_world::rows(store::table t) const {
  return disk_->measure()->rows[static_cast<std::size_t>(t)];
}

std::vector<message> hub_world::messages_of(const std::string& channel) const {
  auto out = std::vector<message>{};
  auto view = disk_->read();
  auto row = log::find_channel(*view, channel);
  if (!row || !*row)
    return out;
  auto prefix = store::key::log((*row)->log, 0).substr(0, 5);
  EXPECT_TRUE(store::scan_prefix(*view, store::table::log, prefix, [&](auto, const auto& x) {
    out.push_back(*log::decode_message(x.body));
    return true;
  }));
  return out;
}

} // namespace dagger::test
