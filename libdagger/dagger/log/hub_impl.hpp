// What stands behind `log::hub`: the state, and one function per event.
#pragma once

#include <dagger/log/hub.hpp>
#include <dagger/log/pattern_index.hpp>
#include <dagger/store/apply.hpp>

#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace dagger::log {

using group_number = std::uint32_t;

/// Stands for the channel itself where an alarm wants a group.
inline constexpr group_number no_group = 0xffff'ffff;

/// A channel of which more than the name is in memory.
struct channel {
  std::shared_ptr<const std::string> name;
  channel_row row;
  /// One past the last position; the oldest position that is left.
  std::uint64_t end = 0;
  std::uint64_t first = 0;
  /// Of the rows that are left.
  std::uint64_t bytes = 0;
  /// The newest rows, for those who read along; then what was read ahead of one who is behind.
  std::deque<row_ptr> tail;
  std::uint64_t tail_first = 0;
  std::size_t tail_bytes = 0;
  std::vector<row_ptr> ahead;
  std::uint64_t ahead_first = 0;
  /// Who wants its messages now.
  std::set<group_number> groups;
  std::set<member_id> listeners;
  /// The group that keeps it fuller than it may be.
  std::string held_by;
  /// Some of it is to go as soon as the groups are through with it.
  bool waits_for_groups = false;
  /// When the newest messages came, with the first position of each time.
  std::deque<std::pair<timestamp, std::uint64_t>> arrivals;
  /// There were more of these, since the hub began.
  bool arrivals_are_cut = false;
};

struct group {
  group_row row;
  std::map<store::log_id, cursor> cursors;
  std::vector<member_id> members;
  /// Channels that may have something for it.
  std::set<store::log_id> ready;
  /// Whose turn it was.
  std::size_t member_turn = 0;
  store::log_id channel_turn{};
};

struct member {
  /// `no_group`: it listens alone.
  group_number group = no_group;
  std::string pattern;
  /// How many messages it may get now.
  std::size_t credit = 0;
  /// What it has and has not answered, whether or not it is still its turn: only these answers give
  /// it credit.
  std::set<std::tuple<store::log_id, std::uint64_t, std::uint32_t>> holds;
  /// The next position of each channel; of one that listens alone.
  std::map<store::log_id, std::uint64_t> next;
  std::set<store::log_id> ready;
  store::log_id channel_turn{};
};

/// Whether the hub writes to it and takes from it: it is no log of the engine.
inline bool is_ours(const channel& c) {
  return c.row.log >= store::log_id::first_channel;
}

/// What is to happen by itself, by time.
class alarms {
public:
  void set(group_number group, store::log_id log, std::optional<timestamp> when);
  std::optional<timestamp> first() const;
  /// Takes the first one away if it is due.
  std::optional<std::pair<group_number, store::log_id>> take(timestamp now);

private:
  std::map<std::pair<group_number, store::log_id>, timestamp> when_;
  std::set<std::tuple<timestamp, group_number, store::log_id>> order_;
};

struct hub::impl {
  // hub.cpp
  void restore();
  effects run(const event& what, store::view& committed, timestamp now);
  void finish();
  void touch(group_number g, store::log_id log) {
    touched_.emplace(g, log);
  }
  void settle_cursor(group_number g, store::log_id log);
  void wake(group_number g, store::log_id log);

  // hub_channels.cpp
  channel& load(store::log_id log);
  channel* find(std::string_view name);
  channel& ensure(const std::string& name);
  channel& create(channel_options options);
  void find_readers(channel& c);
  bool is_read(std::string_view name) const;
  void write_end(std::string_view key, std::uint64_t next);
  void save(channel& c);
  row_ptr row_at(channel& c, std::uint64_t position);
  row_ptr as_message(const channel& c, row_ptr row);
  void on(const channel_declared& x);
  void on(const channel_wanted& x);
  void on(const channel_deleted& x);
  void on(const messages_published& x);
  void on(const messages_appended& x);
  std::optional<error> no_room(channel& c);
  void forget_old_id(const channel& c, const std::string& id);
  void remember(channel& c, const messages_appended& x);
  void note_arrival(channel& c, std::uint64_t first);
  void append(channel& c, const std::string& id, const std::string& row);
  void bury(store::log_id log, std::uint64_t last_batch);
  void sweep_buried();
  void drop_idle_channels();

  // hub_members.cpp
  void on(const member_joined& x);
  void on(const member_left& x);
  void on(const member_finished& x);
  void on(const quiet_wanted& x);
  void on(const everybody_left&);
  void on(const group_deleted& x);
  std::optional<error> refusal(const member_joined& x) const;
  void join_group(const member_joined& x);
  void listen(const member_joined& x);
  group& create_group(const member_joined& x);
  void erase_group(group_number number);
  void forget_in_time(const group& g);
  std::uint64_t begin_of(channel& c, const start& from);
  std::uint64_t position_at(channel& c, timestamp time);
  std::uint64_t arrived_at(channel& c, timestamp time);
  void on(const looked_again& x);
  bool is_quiet(const quiet_wanted& x) const;
  void look_whether_quiet();
  void leave(member_id who);
  template <class F>
  void each_matching(std::string_view pattern, F&& visit);

  // hub_deliveries.cpp
  void on(const deliveries_answered& x);
  void on(const delivery_extended& x);
  cursor& cursor_of(group& g, channel& c);
  void pump(group& g);
  void pump(member_id who, member& m);
  member_id next_member(group& g) const;
  void dead_letter(group& g, channel& c, const given_up& x);
  void hand_over(member_id to, channel& c, std::vector<delivered> messages);

  // hub_delayed.cpp
  void on(const delayed_cancelled& x);
  void delay(channel& c, const outgoing& x);
  void erase_delayed(const std::string& key, const delayed_message& x);
  void send_due();
  void look_for_due();
  std::optional<timestamp> first_due() const;

  // hub_retention.cpp
  void on(const time_passed&);
  void on(const sweep_due&);
  void on(const dead_letters_redriven& x);
  bool is_over(const channel& c) const;
  std::pair<std::uint64_t, std::string> needed_from(channel& c);
  void trim(channel& c);
  void erase_first(channel& c, const message_head& head, std::size_t size);
  void drop_oldest(channel& c);
  void redrive_some();
  void want_sweep();

  void refuse(client_id client, error why);
  void done(client_id client, std::uint64_t count = 0);

  /// The one that can be read as a channel.
  std::optional<engine_log> engine_log_;
  std::map<std::string, store::log_id, std::less<>> names_;
  std::unordered_map<store::log_id, std::string> name_of_;
  std::map<store::log_id, channel> channels_;
  std::map<group_number, group> groups_;
  std::map<std::string, group_number, std::less<>> group_numbers_;
  std::map<member_id, member> members_;
  pattern_index<group_number> group_index_;
  pattern_index<member_id> listener_index_;
  alarms alarms_;
  std::uint32_t next_log_ = static_cast<std::uint32_t>(store::log_id::first_channel);
  group_number next_group_ = 1;
  /// Logs of channels that are gone, of which rows are left; each with the last batch that may
  /// have written to it.
  std::map<store::log_id, std::uint64_t> buried_;
  /// Channels of which more could go than one event erases.
  std::set<store::log_id> untrimmed_;
  /// Dead letters on their way back: who asked, the channel, up to which position.
  struct redrive {
    client_id client;
    std::string from;
    std::string to;
    std::uint64_t next;
    std::uint64_t end;
    std::uint64_t count;
  };
  std::deque<redrive> redrives_;
  /// When the first delayed message may be due.
  std::optional<timestamp> next_due_;
  /// Delayed messages by key that came, and that went, in batches that are not confirmed.
  std::map<std::string, std::pair<std::uint64_t, delayed_message>> new_delayed_;
  std::map<std::string, std::uint64_t> gone_delayed_;
  std::uint64_t delayed_number_ = 0;
  /// Who waits until groups have nothing to do.
  std::vector<quiet_wanted> quiet_;
  /// A `look_again` is on its way for them.
  bool looking_ = false;
  /// Beyond so many channels in memory it is worth looking for idle ones: those that were not idle
  /// the last time may be so again only when somebody has left.
  std::size_t kept_channels_ = limits::idle_channels;
  /// Channels that had messages have left memory.
  bool has_forgotten_ = false;
  std::uint64_t given_ = 0;
  std::uint64_t confirmed_ = 0;
  /// Ids that were published anew in batches that are not confirmed.
  std::deque<std::tuple<std::uint64_t, store::log_id, std::string>> reissued_;

  // Of the event that is being applied.
  store::view* view_ = nullptr;
  timestamp now_{};
  effects out_;
  std::size_t appends_ = 0;
  std::size_t erasable_ = 0;
  bool wants_sweep_ = false;
  std::set<std::pair<group_number, store::log_id>> touched_;
  std::set<group_number> busy_groups_;
  std::set<member_id> busy_members_;
  std::set<store::log_id> to_trim_;
};

/// The value, or the end of the event: what throws here is caught in `run`.
template <class T>
T need(result<T> x) {
  if (!x)
    throw std::move(x.error());
  if constexpr (!std::is_void_v<T>)
    return std::move(*x);
}

/// Rows of one channel for a cursor.
class channel_rows : public source {
public:
  channel_rows(hub::impl& in, channel& of) : in_(in), of_(of) {}

  result<row_ptr> at(std::uint64_t position) override {
    return in_.row_at(of_, position);
  }

private:
  hub::impl& in_;
  channel& of_;
};

} // namespace dagger::log
