// What a group has done of a channel, held against its slow twin: every short history over small
// alphabets, then long ones from printed seeds; each may crash anywhere with any of its batches.
#include "model/cursor_model.hpp"

#include <dagger/log/cursor.hpp>

#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <random>

namespace {

using namespace dagger;
using namespace std::chrono_literals;

constexpr auto this_group = std::uint32_t{7};
constexpr auto this_log = static_cast<store::log_id>(1'024);

/// All messages that were ever published.
class messages : public log::source {
public:
  void add(std::string key, std::optional<timestamp> expires) {
    auto x = message{};
    x.key = std::move(key);
    x.expires = expires;
    rows_.push_back(std::make_shared<const std::string>(log::encode(x)));
  }

  result<log::row_ptr> at(std::uint64_t position) override {
    return position < rows_.size() ? rows_[position] : nullptr;
  }

  std::uint64_t end() const {
    return rows_.size();
  }

private:
  std::vector<log::row_ptr> rows_;
};

/// A cursor, its rows, its twin; and batches that are not on disk yet, each with the twin as it is
/// when that is on disk.
class world {
public:
  explicit world(const group_options& options)
    : options_(options),
      twin_(options),
      twin_on_disk_(options),
      cursor_(this_group, this_log, options_) {}

  void step(char symbol) {
    trace_ += symbol;
    switch (symbol) {
    case 'p': // messages of two keys, and some that do not last
      return publish(rows_.end() % 3 == 2 ? "b" : "a", {});
    case 'e':
      return publish("", now_ + 12s);
    case 'E':
      return publish("a", now_ + 12s);
    case 't':
      return take(1, 1);
    case 'T':
      return take(2, 2);
    case 'a':
      return answer_first(1, log::verdict::ack);
    case 'A':
      return answer_last(2, log::verdict::ack);
    case 'n':
      return answer_last(1, log::verdict::nak);
    case 'N':
      return answer_first(2, log::verdict::nak);
    case 'x':
      return answer_first(1, log::verdict::term);
    case 'w':
      now_ += 10s;
      cursor_.expire(now_);
      twin_.expire(now_);
      return end_step();
    case 'l':
      cursor_.give_back(1, now_);
      twin_.give_back(1, now_);
      return end_step();
    case 'd':
      cursor_.drop_before(twin_.behind(2));
      twin_.drop(2);
      return end_step();
    case 's': // everything so far is on disk
      while (!in_flight_.empty())
        commit_one();
      return;
    case 'c':
      while (!in_flight_.empty())
        commit_one();
      return crash();
    case 'C': // what is in flight is lost, but for the first batch
      if (!in_flight_.empty())
        commit_one();
      return crash();
    }
  }

private:
  void publish(std::string key, std::optional<timestamp> expires) {
    rows_.add(key, expires);
    cursor_.grow(rows_.end());
    twin_.publish(key, expires);
    // A message is on disk before anyone hears of it.
    twin_on_disk_.publish(key, expires);
    for (auto& x : in_flight_)
      x.second.publish(key, expires);
    end_step();
  }

  void take(log::member_id who, std::size_t n) {
    auto got = cursor_.take(who, n, 1 << 20, rows_, now_);
    ASSERT_TRUE(got) << trace_ << ": " << to_string(got.error());
    auto positions = std::vector<std::pair<std::uint64_t, std::uint32_t>>{};
    for (auto& x : *got)
      positions.emplace_back(x.position, x.delivery);
    ASSERT_EQ(positions, twin_.take(who, n, now_)) << trace_;
    end_step();
  }

  void answer_first(log::member_id who, log::verdict what) {
    if (auto xs = twin_.on_their_way(who); !xs.empty())
      settle(who, xs.front(), what);
  }

  void answer_last(log::member_id who, log::verdict what) {
    if (auto xs = twin_.on_their_way(who); !xs.empty())
      settle(who, xs.back(), what);
    else
      settle(who, {0, 1}, what);
  }

  void settle(log::member_id who, log::answer x, log::verdict what) {
    if (rows_.end() == 0)
      return;
    x.what = what;
    ASSERT_EQ(cursor_.settle(who, x, now_), twin_.settle(who, x, now_)) << trace_;
    end_step();
  }

  void end_step() {
    auto given_up = std::vector<std::uint64_t>{};
    for (auto& x : cursor_.take_given_up())
      given_up.push_back(x.position);
    ASSERT_EQ(given_up, twin_.take_given_up()) << trace_;
    auto writes = store::batch{};
    cursor_.flush(writes);
    in_flight_.emplace_back(std::move(writes), twin_);
    compare();
  }

  void compare() {
    // How far the group has been lent to is how it is written, not what is true.
    auto text = cursor_.dump();
    auto from = text.find(" lent ");
    text.erase(from, text.find(" expired") - from);
    ASSERT_EQ(text, twin_.dump()) << trace_;
  }

  /// There are no rows of messages that nobody asks for any more.
  void look_for_litter() {
    auto view = disk_->read();
    auto begin = std::uint64_t{0};
    if (auto row = view->get(store::table::cursors, store::key::cursor(this_group, this_log));
        row && *row)
      begin = log::decode_cursor((*row)->body)->begin;
    for (auto t : {store::table::acks, store::table::attempts})
      ASSERT_TRUE(store::scan_prefix(*view, t, store::key::cursor(this_group, this_log),
                                     [&](auto key, const auto&) {
                                       EXPECT_GE(store::key::delivery_of(key), begin) << trace_;
                                       return true;
                                     }));
  }

  void commit_one() {
    const auto* batch = &in_flight_.front().first;
    ASSERT_TRUE(disk_->commit({&batch, 1}));
    twin_on_disk_ = std::move(in_flight_.front().second);
    in_flight_.pop_front();
  }

  void crash() {
    in_flight_.clear();
    look_for_litter();
    auto view = disk_->read();
    auto again = log::cursor::restore(*view, this_group, this_log, options_, rows_);
    ASSERT_TRUE(again) << trace_ << ": " << to_string(again.error());
    cursor_ = std::move(*again);
    cursor_.grow(rows_.end());
    twin_ = twin_on_disk_;
    twin_.crash();
    end_step();
  }

  group_options options_;
  messages rows_;
  model::cursor_model twin_;
  model::cursor_model twin_on_disk_;
  log::cursor cursor_;
  std::unique_ptr<store::store> disk_ = store::make_memory();
  std::deque<std::pair<store::batch, model::cursor_model>> in_flight_;
  timestamp now_{1h};
  std::string trace_;
};

group_options options(bool ordered) {
  auto x = group_options{.name = "g", .pattern = "c"};
  x.ack_wait = 15s;
  x.max_deliver = 2;
  x.backoff = {duration{5'000}, duration{20'000}};
  x.ordered_by_key = ordered;
  return x;
}

/// Every history of `length` steps over the alphabet, after `begin`.
void every_history(std::string_view alphabet, std::size_t length, const group_options& how,
                   std::string_view begin) {
  auto at = std::vector<std::size_t>(length, 0);
  auto count = std::size_t{0};
  for (;;) {
    auto w = world{how};
    for (auto symbol : begin)
      w.step(symbol);
    for (auto i : at)
      w.step(alphabet[i]);
    ++count;
    if (testing::Test::HasFailure())
      return;
    auto i = length;
    while (i > 0 && ++at[i - 1] == alphabet.size())
      at[--i] = 0;
    if (i == 0)
      break;
  }
  std::cout << count << " histories\n";
}

/// What the alphabets are about.
struct alphabet {
  const char* name;
  const char* symbols;
  bool ordered;
  const char* begin;
};

constexpr alphabet alphabets[] = {
  {"answers", "pTaAnc", false, "pp"},  {"keys", "ptTaAc", true, "pppp"},
  {"time", "tTnwlc", true, "ppep"},    {"lost_batches", "tTaNsC", true, "pppp"},
  {"ends", "tTxwNC", false, "ppe"},    {"losses", "tTAndC", true, "pppppp"},
  {"expiry", "tTawnC", true, "pEEpe"},
};

void every_history(std::size_t length) {
  for (auto& x : alphabets) {
    SCOPED_TRACE(x.name);
    every_history(x.symbols, length, options(x.ordered), x.begin);
  }
}

TEST(cursor_history, short_ones_follow_the_model) {
  every_history(6);
}

TEST(long_cursor_history, of_eight_steps_follow_the_model) {
  every_history(8);
}

TEST(cursor_history, long_ones_follow_the_model) {
  auto seed = std::random_device{}();
  if (auto* given = std::getenv("DAGGER_SEED"))
    seed = static_cast<unsigned>(std::strtoul(given, nullptr, 10));
  std::cout << "DAGGER_SEED=" << seed << "\n";
  auto random = std::mt19937{seed};
  constexpr auto symbols = std::string_view{"pppppeEttTTaaaAAAnNxwldscC"};
  for (auto i = 0; i < 400; ++i) {
    auto w = world{options(i % 2 == 1)};
    for (auto k = 0; k < 300; ++k) {
      w.step(symbols[random() % symbols.size()]);
      if (HasFailure())
        return;
    }
  }
}

} // namespace
