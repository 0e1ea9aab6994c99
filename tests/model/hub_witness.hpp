// Sees every batch of a hub that reaches the disk, in order, and says what is wrong with it. Knows
// rows and commands, and nothing of how the hub came to them.
#pragma once

#include "support/hub_world.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace dagger::model {

class hub_witness {
public:
  explicit hub_witness(test::hub_world& world);
  hub_witness(const hub_witness&) = delete;

  /// The engine has started anew: there are no members.
  void restarted();

  /// To be called when everybody who may want something has had it, and answered.
  void look_at_the_end();

  /// What was wrong, one line each.
  const std::vector<std::string>& problems() const {
    return problems_;
  }

  /// Groups that are there, with their options.
  std::vector<group_options> groups() const;

private:
  using position = std::uint64_t;
  using batch_in_flight = test::hub_world::batch_in_flight;
  using place = std::pair<store::log_id, position>;

  struct stored {
    message what;
    std::size_t bytes = 0;
    /// It was published under its id.
    bool known_by_id = false;
  };

  struct channel {
    std::string name;
    log::channel_row row;
    std::map<position, stored> rows;
    position end = 0;
    bool may_drop = false;
  };

  /// What a member has that counts, for its group.
  struct lease {
    log::member_id member = 0;
    std::uint32_t delivery = 0;
    timestamp until{};
  };

  /// What a group has done of a channel.
  struct progress {
    log::cursor_row row;
    std::set<position> ack_rows;
    std::set<position> acked;
    std::map<position, std::uint32_t> dead;
    std::map<position, lease> leases;
  };

  struct group {
    log::group_row row;
    std::map<store::log_id, progress> done;
    /// The batch that made it.
    std::size_t born = 0;
  };

  struct member {
    std::string group;
    std::string pattern;
    std::size_t max_in_flight = 0;
    std::set<std::tuple<store::log_id, position, std::uint32_t>> holds;
    /// Of one that listens alone: the last position that it got.
    std::map<store::log_id, position> last;
  };

  void see(const batch_in_flight& x, const std::vector<position>& positions);
  void see_event(const batch_in_flight& x);
  void see_join(const log::member_joined& x, const batch_in_flight& in);
  void see_answers(const log::deliveries_answered& x, timestamp now);
  void see_names(const store::batch::change& x);
  void see_group(const std::string& name, log::group_row row);
  void see_appends(const batch_in_flight& x, const std::vector<position>& positions);
  void see_letter(const message& x);
  void see_progress(const store::batch::change& x, timestamp now);
  void see_begin(group& g, channel& c, const log::cursor_row& row, timestamp now);
  void see_erased(const batch_in_flight& x);
  void see_accept(const log::messages_published& x, const log::accept& said,
                  const std::vector<position>& positions);
  void see_delivery(const log::deliver& x, timestamp now);
  void see_group_delivery(group& g, channel& c, const log::deliver& to, const log::delivered& x,
                          timestamp now);
  void see_listener_delivery(member& m, channel& c, position p, timestamp now);
  bool is_answered(const group& g, const channel& c, position p, timestamp now) const;
  bool is_answered_on_disk(const group& g, store::log_id log, position p) const;
  bool is_sent_back(const batch_in_flight& x, const stored& letter) const;
  void compare_logs();
  void look_for_litter();
  void look_at(const channel& c);
  void look_at(const group& g);
  void look_at_listener(log::member_id who, const member& m);
  group* group_of(std::uint32_t number);
  void wrong(const std::string& what);

  test::hub_world& world_;
  std::map<store::log_id, channel> channels_;
  std::map<std::string, store::log_id> logs_;
  std::map<std::string, group> groups_;
  std::map<log::member_id, member> members_;
  std::vector<std::string> problems_;
  std::size_t batches_ = 0;
};

} // namespace dagger::model
