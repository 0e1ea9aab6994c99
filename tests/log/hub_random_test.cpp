// Whole hubs at random: channels, groups and members come and go, time passes, batches stay in
// flight, engines die. A witness looks at all that reaches the disk.
#include "model/hub_witness.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

namespace {

using namespace dagger;
using namespace std::chrono_literals;
using test::hub_world;

constexpr const char* channels[] = {"a.x", "a.y", "b", "a.x.z"};

std::vector<group_options> all_groups() {
  auto make = [](std::string name, std::string pattern, std::uint32_t most, bool ordered) {
    auto x = group_options{.name = std::move(name), .pattern = std::move(pattern)};
    x.ack_wait = 10s;
    x.max_deliver = most;
    x.backoff = {duration{1'000}, duration{5'000}};
    x.ordered_by_key = ordered;
    return x;
  };
  auto out = std::vector{make("plain", "a.*", 2, false),
                         make("keys", "a.x", 3, true),
                         make("all", ">", 2, true),
                         make("once", "b", 1, false),
                         make("letters", "*.x.dead", 2, false),
                         make("deep", "a.>", 5, false)};
  out[2].dead_letters = false;
  out[3].backoff.clear();
  return out;
}

/// Does something, whatever is so.
class random_world {
public:
  explicit random_world(unsigned seed) : random_(seed) {
    world.keeps_history = true;
  }

  hub_world world;
  model::hub_witness witness{world};

  void step();
  void drain();

private:
  std::size_t below(std::size_t n) {
    return random_() % n;
  }

  bool one_in(std::size_t n) {
    return below(n) == 0;
  }

  std::string any_channel() {
    return channels[below(std::size(channels))];
  }

  log::start any_start() {
    auto from = log::start{static_cast<log::start::at>(below(5))};
    from.position = below(6);
    from.time = world.now - duration{static_cast<duration::rep>(below(60'000))};
    return from;
  }

  void publish();
  void declare();
  void join(log::member_id who);
  void answer();
  void extend();
  void leave();
  void pass_time();
  void crash();
  void collect();

  std::mt19937 random_;
  int count_ = 0;
  std::map<log::member_id, std::vector<hub_world::received>> held_;
  std::vector<std::pair<log::member_id, hub_world::received>> late_;
};

void random_world::publish() {
  auto x = log::messages_published{world.next_client(), any_channel(), {}};
  for (auto n = 1 + below(3); n > 0; --n) {
    auto m = message{};
    m.time = world.now;
    m.data = payload::from(std::to_string(++count_) + std::string(below(100), 'x'));
    if (one_in(3))
      m.id = "id-" + std::to_string(below(5));
    if (one_in(2))
      m.key = std::string(1, static_cast<char>('a' + below(3)));
    if (one_in(5))
      m.expires = world.now + duration{static_cast<duration::rep>(1 + below(20'000))};
    x.messages.push_back({m.id, log::encode(m)});
  }
  world.apply(x);
}

void random_world::declare() {
  constexpr duration ages[] = {duration{0}, duration{0}, duration{60'000}, duration{5'000}};
  constexpr std::uint64_t sizes[] = {0, 500, 2'000, std::uint64_t{1} << 30};
  constexpr std::uint64_t counts[] = {0, 3, 10};
  constexpr duration windows[] = {duration{0}, duration{10'000}, duration{120'000}};
  auto x = channel_options{.name = any_channel()};
  x.retention = {ages[below(4)], sizes[below(4)], counts[below(3)]};
  x.on_full = one_in(3) ? on_full::drop_oldest : on_full::refuse;
  x.dedup_window = windows[below(3)];
  world.apply(log::channel_declared{world.next_client(), std::move(x)});
}

void random_world::join(log::member_id who) {
  if (held_.contains(who))
    return;
  held_[who];
  auto x = log::member_joined{world.next_client(), who, {}, {}, any_start(), {}};
  x.max_in_flight = static_cast<std::uint32_t>(1 + below(4));
  if (one_in(4)) {
    constexpr const char* patterns[] = {"a.*", ">", "b", "a.x.dead"};
    x.pattern = patterns[below(4)];
  } else {
    auto groups = all_groups();
    x.group = groups[below(groups.size())];
  }
  if (log::is_wild(x.group ? x.group->pattern : x.pattern)
      && x.from.where == log::start::at::position)
    x.from.where = log::start::at::first;
  world.apply(x);
}

/// Some member says something of some of what it has, or had.
void random_world::answer() {
  if (!late_.empty() && one_in(4)) {
    auto& [who, x] = late_[below(late_.size())];
    world.apply(log::deliveries_answered{who, x.log, {{x.position, x.delivery}}});
    return;
  }
  if (held_.empty())
    return;
  auto at = std::next(held_.begin(), static_cast<std::ptrdiff_t>(below(held_.size())));
  auto& has = at->second;
  if (has.empty())
    return;
  auto log = has[below(has.size())].log;
  auto x = log::deliveries_answered{at->first, log, {}};
  std::erase_if(has, [&](auto& m) {
    if (m.log != log || one_in(3))
      return false;
    auto what = one_in(8) ? log::verdict::term : one_in(3) ? log::verdict::nak : log::verdict::ack;
    x.answers.push_back({m.position, m.delivery, what, {}, "so"});
    if (what == log::verdict::nak && one_in(2))
      x.answers.back().pause = duration{static_cast<duration::rep>(below(3'000))};
    return true;
  });
  if (!x.answers.empty())
    world.apply(x);
}

void random_world::extend() {
  for (auto& [who, has] : held_)
    if (!has.empty() && one_in(2)) {
      auto& m = has[below(has.size())];
      world.apply(log::delivery_extended{who, m.log, m.position, m.delivery, 7s});
      return;
    }
}

void random_world::leave() {
  if (one_in(10)) {
    held_.clear();
    world.apply(log::everybody_left{});
  } else if (!held_.empty()) {
    auto at = std::next(held_.begin(), static_cast<std::ptrdiff_t>(below(held_.size())));
    for (auto& m : at->second)
      late_.emplace_back(at->first, std::move(m));
    world.apply(log::member_left{at->first});
    held_.erase(at);
  }
}

void random_world::pass_time() {
  world.now += duration{static_cast<duration::rep>(below(one_in(10) ? 100'000 : 4'000))};
  while (!one_in(8) && world.hub().wake_at() && *world.hub().wake_at() <= world.now)
    world.apply(log::time_passed{});
}

void random_world::crash() {
  world.crash(below(world.in_flight() + 1));
  held_.clear();
  late_.clear();
  witness.restarted();
}

void random_world::collect() {
  for (auto& [who, has] : held_)
    for (auto& x : world.take(who))
      has.push_back(std::move(x));
}

void random_world::step() {
  auto what = below(100);
  if (what < 18)
    publish();
  else if (what < 20)
    declare();
  else if (what < 26)
    join(1 + below(9));
  else if (what < 44)
    answer();
  else if (what < 46)
    extend();
  else if (what < 49)
    leave();
  else if (what < 51)
    world.apply(log::dead_letters_redriven{world.next_client(), any_channel()});
  else if (what < 52)
    world.apply(log::channel_deleted{world.next_client(),
                                     any_channel() + (one_in(3) ? ".dead" : ""), one_in(3)});
  else if (what < 53)
    world.apply(log::group_deleted{world.next_client(), all_groups()[below(6)].name});
  else if (what < 60)
    pass_time();
  else if (what < 62)
    crash();
  else if (what < 64)
    world.settle();
  else if (what < 85)
    world.commit_one();
  else
    world.follow_one();
  collect();
}

/// Everybody gets and answers everything, and then time enough passes for the rest.
void random_world::drain() {
  world.settle();
  auto who = log::member_id{100};
  held_[who];
  world.listen(who, ">", {log::start::at::first});
  for (auto& g : witness.groups()) {
    held_[++who];
    world.join(who, g);
  }
  for (auto quiet = 0; quiet < 12;) {
    collect();
    auto had_some = false;
    for (auto& [member, has] : held_)
      for (auto& x : std::exchange(has, {})) {
        world.answer(member, x, log::verdict::ack);
        had_some = true;
      }
    quiet = had_some ? 0 : quiet + 1;
    if (!had_some)
      world.wait(1min);
  }
}

/// All rows of a store, with the commits that wrote them.
std::string content(store::store& of) {
  auto out = std::string{};
  auto view = of.read();
  for (auto t = std::size_t{0}; t < store::table_count; ++t)
    EXPECT_TRUE(view->scan(static_cast<store::table>(t), "", store::direction::up,
                           [&](auto key, const store::record& x) {
                             out += std::to_string(t) + " " + std::string{key} + " "
                                  + std::to_string(x.commit) + " " + std::string{x.body} + "\n";
                             return true;
                           }));
  return out;
}

/// Does the same in a new world.
void again(const std::vector<hub_world::step>& history, hub_world& in) {
  for (auto& x : history) {
    in.now = x.when;
    if (auto* event = std::get_if<log::event>(&x.what))
      in.apply(*event);
    else if (auto* crash = std::get_if<hub_world::crashed>(&x.what))
      in.crash(crash->kept);
    else
      in.commit_one();
  }
}

TEST(hub_random, whatever_happens_no_message_is_lost_and_none_comes_after_it_was_answered) {
  auto seed = std::random_device{}() % 1'000'000'000;
  if (auto* given = std::getenv("DAGGER_SEED"))
    seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  std::cout << "DAGGER_SEED=" << seed << "\n";
  for (auto i = 0u; i < 300; ++i) {
    auto x = random_world{seed + i};
    auto steps = 0;
    for (; steps < 300 && x.witness.problems().empty() && !HasFailure(); ++steps)
      x.step();
    if (x.witness.problems().empty()) {
      x.drain();
      x.witness.look_at_the_end();
    }
    for (auto& problem : x.witness.problems())
      ADD_FAILURE() << "DAGGER_SEED=" << seed + i << ", step " << steps << ": " << problem;
    if (HasFailure())
      return;
    auto twin = hub_world{};
    again(x.world.history, twin);
    ASSERT_EQ(twin.hub().dump(), x.world.hub().dump()) << "DAGGER_SEED=" << seed + i;
    ASSERT_TRUE(content(twin.disk()) == content(x.world.disk())) << "DAGGER_SEED=" << seed + i;
  }
}

} // namespace
