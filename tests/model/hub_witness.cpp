// What each batch changes is taken in in the order: events, names, appends, progress,
// commands, erased messages.
#include "model/hub_witness.hpp"

#include <dagger/codec/json.hpp>

#include <algorithm>

namespace dagger::model {

namespace {

using verb = store::batch::verb;

} // namespace

hub_witness::hub_witness(test::hub_world& world) : world_(world) {
  world.watch = [this](auto& x, auto& positions) { see(x, positions); };
}

void hub_witness::wrong(const std::string& what) {
  problems_.push_back("batch " + std::to_string(batches_) + ": " + what);
}

void hub_witness::restarted() {
  members_.clear();
  for (auto& [name, g] : groups_)
    for (auto& [log, done] : g.done)
      done.leases.clear();
  compare_logs();
}

std::vector<group_options> hub_witness::groups() const {
  auto out = std::vector<group_options>{};
  for (auto& [name, g] : groups_)
    out.push_back(g.row.options);
  return out;
}

hub_witness::group* hub_witness::group_of(std::uint32_t number) {
  for (auto& [name, g] : groups_)
    if (g.row.number == number)
      return &g;
  return nullptr;
}

// -- one batch ----------------------------------------------------------------

void hub_witness::see(const batch_in_flight& x, const std::vector<position>& positions) {
  ++batches_;
  auto& writes = x.what.writes;
  see_event(x);
  for (auto i = std::size_t{0}; i < writes.size(); ++i)
    see_names(writes[i]);
  see_appends(x, positions);
  for (auto i = std::size_t{0}; i < writes.size(); ++i)
    see_progress(writes[i], x.when);
  for (auto& command : x.what.commands) {
    if (auto* here = std::get_if<log::deliver>(&command))
      see_delivery(*here, x.when);
    else if (auto* said = std::get_if<log::accept>(&command))
      see_accept(std::get<log::messages_published>(*x.why), *said, positions);
    else if (auto* why = std::get_if<log::give_up>(&command))
      wrong("the hub gives up: " + to_string(why->why));
  }
  see_erased(x);
}

void hub_witness::see_event(const batch_in_flight& x) {
  if (!x.why)
    return;
  if (auto* joined = std::get_if<log::member_joined>(&*x.why)) {
    see_join(*joined, x);
  } else if (auto* left = std::get_if<log::member_left>(&*x.why)) {
    members_.erase(left->member);
    for (auto& [name, g] : groups_)
      for (auto& [log, done] : g.done)
        std::erase_if(done.leases, [&](auto& l) { return l.second.member == left->member; });
  } else if (std::holds_alternative<log::everybody_left>(*x.why)) {
    members_.clear();
    for (auto& [name, g] : groups_)
      for (auto& [log, done] : g.done)
        done.leases.clear();
  } else if (auto* said = std::get_if<log::deliveries_answered>(&*x.why)) {
    see_answers(*said, x.when);
  } else if (auto* more = std::get_if<log::delivery_extended>(&*x.why)) {
    for (auto& [name, g] : groups_)
      if (auto found = g.done[more->log].leases.find(more->position);
          found != g.done[more->log].leases.end() && found->second.member == more->member
          && found->second.delivery == more->delivery)
        found->second.until = later(x.when, more->by);
  } else if (std::holds_alternative<log::time_passed>(*x.why)) {
    for (auto& [name, g] : groups_)
      for (auto& [log, done] : g.done)
        std::erase_if(done.leases, [&](auto& l) { return l.second.until <= x.when; });
  }
}

void hub_witness::see_join(const log::member_joined& x, const batch_in_flight& in) {
  for (auto& command : in.what.commands)
    if (std::holds_alternative<log::refuse>(command))
      return;
  members_[x.member] = {x.group ? x.group->name : "", x.pattern, x.max_in_flight, {}, {}};
}

void hub_witness::see_answers(const log::deliveries_answered& x, timestamp) {
  auto found = members_.find(x.member);
  if (found == members_.end())
    return;
  auto& m = found->second;
  for (auto& said : x.answers) {
    m.holds.erase({x.log, said.position, said.delivery});
    if (m.group.empty() || !groups_.contains(m.group))
      continue;
    auto& done = groups_.at(m.group).done[x.log];
    auto at = done.leases.find(said.position);
    if (at == done.leases.end() || at->second.member != x.member
        || at->second.delivery != said.delivery)
      continue;
    done.leases.erase(at);
    if (said.what == log::verdict::ack)
      done.acked.insert(said.position);
  }
}

/// Channels and groups that come and go.
void hub_witness::see_names(const store::batch::change& x) {
  if (x.table == store::table::channels && x.verb != verb::append) {
    auto name = std::string{store::key::name_of(x.key)};
    if (name.starts_with(' '))
      return;
    if (x.verb == verb::erase) {
      channels_.erase(logs_.at(name));
      for (auto& [group_name, g] : groups_)
        g.done.erase(logs_.at(name));
      logs_.erase(name);
      return;
    }
    auto row = *log::decode_channel(name, x.body);
    auto& c = channels_[row.log];
    c.name = name;
    c.row = row;
    c.may_drop = c.may_drop || row.options.on_full == on_full::drop_oldest;
    logs_[name] = row.log;
  } else if (x.table == store::table::groups && x.verb != verb::append) {
    auto name = std::string{store::key::name_of(x.key)};
    if (x.verb == verb::erase)
      groups_.erase(name);
    else
      see_group(name, *log::decode_group(name, x.body));
  }
}

void hub_witness::see_group(const std::string& name, log::group_row row) {
  auto [at, is_new] = groups_.try_emplace(name);
  at->second.row = std::move(row);
  if (is_new)
    at->second.born = batches_;
}

void hub_witness::see_appends(const batch_in_flight& x, const std::vector<position>& positions) {
  auto& writes = x.what.writes;
  for (auto i = std::size_t{0}, k = std::size_t{0}; i < writes.size(); ++i) {
    auto change = writes[i];
    if (change.verb != verb::append)
      continue;
    auto p = positions[k++];
    auto found = channels_.find(change.log);
    if (found == channels_.end())
      continue; // it was deleted while this was on its way
    auto& c = found->second;
    auto what = *log::decode_message(change.body);
    auto id = std::string{change.key};
    if (p < c.end) {
      if (auto at = c.rows.find(p); id.empty() || (at != c.rows.end() && at->second.what.id != id))
        wrong(c.name + "/" + std::to_string(p) + " is taken for the message '" + id + "'");
      continue;
    }
    if (p != c.end)
      wrong(c.name + ": position " + std::to_string(p) + " after " + std::to_string(c.end));
    for (auto& [q, old] : c.rows)
      if (!id.empty() && old.known_by_id && old.what.id == id
          && later(old.what.time, c.row.options.dedup_window) > x.when)
        wrong(c.name + "/" + std::to_string(p) + " is stored though " + std::to_string(q)
              + " has the same id, " + id);
    c.end = p + 1;
    c.rows[p] = {what, change.body.size(), !id.empty()};
    if (log::is_dead_letters(c.name))
      see_letter(what);
  }
}

void hub_witness::see_letter(const message& x) {
  auto& from = x.headers.at("dagger-channel");
  auto& who = x.headers.at("dagger-group");
  auto p = std::stoull(x.headers.at("dagger-position"));
  auto text = from + "/" + std::to_string(p) + " of " + who;
  if (!groups_.contains(who) || !logs_.contains(from))
    return wrong("a dead letter from nowhere: " + text);
  auto& g = groups_.at(who);
  auto& done = g.done[logs_.at(from)];
  done.leases.erase(p);
  if (done.acked.contains(p))
    wrong("a dead letter of what was answered: " + text);
  if (!done.dead.emplace(p, 0).second)
    wrong("two dead letters: " + text);
  if (std::stoul(x.headers.at("dagger-deliveries")) > g.row.options.max_deliver)
    wrong("it was delivered too often: " + text);
}

/// Cursors and acknowledgements: nobody is through with what he has not answered.
void hub_witness::see_progress(const store::batch::change& x, timestamp now) {
  if (x.verb == verb::append || (x.table != store::table::cursors && x.table != store::table::acks))
    return;
  auto parts = store::key::cursor_of(x.key);
  auto* g = group_of(parts.group);
  auto found = channels_.find(parts.log);
  if (!g || found == channels_.end()) {
    if (x.verb == verb::put)
      wrong("a row of nobody: " + store::readable(x.table, x.key));
    return;
  }
  if (x.table == store::table::cursors) {
    if (x.verb == verb::put)
      see_begin(*g, found->second, *log::decode_cursor(x.body), now);
    return;
  }
  auto p = store::key::delivery_of(x.key);
  auto& done = g->done[parts.log];
  if (x.verb == verb::erase)
    done.ack_rows.erase(p);
  else
    done.ack_rows.insert(p);
  if (x.verb == verb::put && !is_answered(*g, found->second, p, now) && g->row.options.dead_letters
      && !log::is_dead_letters(found->second.name))
    wrong("not answered: " + store::readable(x.table, x.key));
}

void hub_witness::see_begin(group& g, channel& c, const log::cursor_row& row, timestamp now) {
  auto& done = g.done[c.row.log];
  auto old = std::exchange(done.row, row);
  auto text = g.row.options.name + " of " + c.name + ": " + std::to_string(old.begin) + " to "
            + std::to_string(row.begin);
  if (row.begin < old.begin || row.lent < old.lent || row.lent < row.begin || row.begin > c.end)
    wrong("a cursor goes back, or too far: " + text);
  if (g.born == batches_)
    return; // that is where the group begins
  auto open = std::uint64_t{0};
  for (auto p = old.begin; p < row.begin; ++p)
    if (!is_answered(g, c, p, now) && !done.ack_rows.contains(p))
      ++open;
  auto allowed = row.dropped - old.dropped;
  if (!g.row.options.dead_letters || log::is_dead_letters(c.name))
    allowed += row.dead;
  if (open > allowed)
    wrong("a group goes past " + std::to_string(open) + " messages that are not answered: " + text);
  if (row.dropped > old.dropped && !c.may_drop)
    wrong("a group loses messages: " + text);
  std::erase_if(done.leases, [&](auto& x) { return x.first < row.begin; });
}

bool hub_witness::is_answered(const group& g, const channel& c, position p, timestamp now) const {
  auto& done = g.done.at(c.row.log);
  auto row = c.rows.find(p);
  if (row == c.rows.end() || done.acked.contains(p) || done.dead.contains(p))
    return true;
  auto& x = row->second.what;
  return (x.expires && *x.expires <= now)
      || (!x.only_for.empty() && x.only_for != g.row.options.name);
}

bool hub_witness::is_answered_on_disk(const group& g, store::log_id log, position p) const {
  auto found = g.done.find(log);
  return found != g.done.end()
      && (p < found->second.row.begin || found->second.ack_rows.contains(p));
}

/// Messages go in order, and only when no group needs them.
void hub_witness::see_erased(const batch_in_flight& x) {
  auto& writes = x.what.writes;
  for (auto i = std::size_t{0}; i < writes.size(); ++i) {
    auto change = writes[i];
    if (change.table != store::table::log || change.verb != verb::erase)
      continue;
    auto found = channels_.find(store::key::log_of(change.key));
    if (found == channels_.end())
      continue; // the channel goes
    auto& c = found->second;
    auto p = store::key::position_of(change.key);
    auto at = c.rows.find(p);
    auto text = c.name + "/" + std::to_string(p);
    if (at == c.rows.end() || at != c.rows.begin()) {
      wrong("erased out of order: " + text);
      continue;
    }
    if (!is_sent_back(x, at->second)) {
      for (auto& [name, g] : groups_)
        if (log::matches(g.row.options.pattern, c.name)
            && (!g.done.contains(c.row.log) || g.done.at(c.row.log).row.begin <= p))
          wrong("erased, and " + name + " needs it: " + text);
      if (at->second.known_by_id
          && later(at->second.what.time, c.row.options.dedup_window) > x.when)
        wrong("erased while its id counts: " + text);
    }
    c.rows.erase(at);
  }
}

/// Whether the dead letter goes back in the same batch.
bool hub_witness::is_sent_back(const batch_in_flight& x, const stored& letter) const {
  auto& writes = x.what.writes;
  auto who = letter.what.headers.find("dagger-group");
  if (who == letter.what.headers.end())
    return false;
  for (auto i = std::size_t{0}; i < writes.size(); ++i)
    if (writes[i].verb == verb::append) {
      auto back = *log::decode_message(writes[i].body);
      if (back.only_for == who->second && back.data.bytes() == letter.what.data.bytes())
        return true;
    }
  return false;
}

// -- commands -----------------------------------------------------------------

void hub_witness::see_accept(const log::messages_published& x, const log::accept& said,
                             const std::vector<position>& positions) {
  if (said.count != x.messages.size() || said.first + said.count > positions.size())
    return wrong("accepted are other messages than were published");
  auto log = logs_.find(x.channel);
  if (log == logs_.end())
    return;
  auto& c = channels_.at(log->second);
  for (auto i = std::size_t{0}; i < said.count; ++i) {
    auto p = positions[said.first + i];
    auto found = c.rows.find(p);
    auto what = *log::decode_message(x.messages[i].row);
    if (found == c.rows.end()
          ? what.id.empty()
          : found->second.what.id != what.id
              || (what.id.empty() && found->second.what.data.bytes() != what.data.bytes()))
      wrong("accepted, and not there: " + c.name + "/" + std::to_string(p));
  }
}

void hub_witness::see_delivery(const log::deliver& x, timestamp now) {
  auto found = members_.find(x.member);
  if (found == members_.end())
    return wrong("a delivery for nobody");
  auto& m = found->second;
  auto log = channels_.find(x.log);
  if (log == channels_.end())
    return wrong("a delivery of a channel that is gone");
  auto& c = log->second;
  if (c.name != *x.channel)
    wrong("a delivery with another name than " + c.name);
  for (auto& d : x.messages) {
    auto text = std::to_string(x.member) + " gets " + c.name + "/" + std::to_string(d.position);
    m.holds.emplace(x.log, d.position, d.delivery);
    auto row = c.rows.find(d.position);
    if (row == c.rows.end()) {
      wrong(text + ", which is not there");
      continue;
    }
    if (row->second.what.expires && *row->second.what.expires <= now)
      wrong(text + ", whose time is over");
    if (m.group.empty())
      see_listener_delivery(m, c, d.position, now);
    else
      see_group_delivery(groups_.at(m.group), c, x, d, now);
  }
  if (m.holds.size() > m.max_in_flight)
    wrong(std::to_string(x.member) + " has " + std::to_string(m.holds.size()) + " messages");
}

void hub_witness::see_group_delivery(group& g, channel& c, const log::deliver& to,
                                     const log::delivered& x, timestamp now) {
  auto p = x.position;
  auto text = g.row.options.name + " gets " + c.name + "/" + std::to_string(p);
  auto& done = g.done[c.row.log];
  auto& what = c.rows.at(p).what;
  if (!log::matches(g.row.options.pattern, c.name))
    wrong(text + ", which it does not want");
  if (done.acked.contains(p) || (!c.may_drop && is_answered_on_disk(g, c.row.log, p)))
    wrong(text + " again, after it was answered");
  if (done.leases.contains(p))
    wrong(text + " twice at the same time");
  if (x.delivery == 0 || x.delivery > g.row.options.max_deliver)
    wrong(text + " for the " + std::to_string(x.delivery) + "th time");
  if (!what.only_for.empty() && what.only_for != g.row.options.name)
    wrong(text + ", which is for " + what.only_for);
  if (g.row.options.ordered_by_key && !what.key.empty())
    for (auto& [q, other] : c.rows)
      if (q < p && other.what.key == what.key && !is_answered_on_disk(g, c.row.log, q))
        wrong(text + " before " + std::to_string(q) + ", which has the same key");
  done.leases[p] = {to.member, x.delivery, later(now, g.row.options.ack_wait)};
}

void hub_witness::see_listener_delivery(member& m, channel& c, position p, timestamp now) {
  auto text = m.pattern + " hears " + c.name + "/" + std::to_string(p);
  if (!log::matches(m.pattern, c.name))
    wrong(text + ", which it does not want");
  if (!c.rows.at(p).what.only_for.empty())
    wrong(text + ", which is for a group");
  if (auto last = m.last.find(c.row.log); last != m.last.end()) {
    if (p <= last->second)
      wrong(text + " after " + std::to_string(last->second));
    for (auto& [q, x] : c.rows)
      if (q > last->second && q < p && x.what.only_for.empty()
          && !(x.what.expires && *x.what.expires <= now))
        wrong(text + " without " + std::to_string(q));
  }
  m.last[c.row.log] = p;
}

} // namespace dagger::model
