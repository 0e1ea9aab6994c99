// What goes: messages that are old or too many, with time; and dead letters, back.
#include <dagger/log/hub_impl.hpp>

namespace dagger::log {

namespace {

/// Dead letters that one event sends back.
constexpr auto letters_at_once = std::size_t{256};

} // namespace

void hub::impl::on(const time_passed&) {
  send_due();
  while (auto due = alarms_.take(now_)) {
    auto [number, log] = *due;
    if (number == no_group) {
      if (name_of_.contains(log))
        trim(load(log));
    } else if (log == store::log_id{}) {
      erase_group(number);
    } else {
      groups_.at(number).cursors.at(log).expire(now_);
      wake(number, log);
    }
  }
}

void hub::impl::on(const sweep_due&) {
  redrive_some();
  sweep_buried();
  if (!redrives_.empty())
    want_sweep();
  to_trim_.merge(untrimmed_);
  untrimmed_.clear();
}

/// Whether there are more messages than there may be.
bool hub::impl::is_over(const channel& c) const {
  auto& may = c.row.options.retention;
  return (may.max_messages > 0 && c.end - c.first > may.max_messages)
      || (may.max_bytes > 0 && c.bytes > may.max_bytes);
}

/// From where on groups need messages, and which one needs the oldest.
std::pair<std::uint64_t, std::string> hub::impl::needed_from(channel& c) {
  auto least = c.end;
  auto who = std::string{};
  group_index_.match(*c.name, [&](group_number number) {
    auto& g = groups_.at(number);
    auto begin = std::uint64_t{0};
    if (auto found = g.cursors.find(c.row.log); found != g.cursors.end())
      begin = found->second.begin();
    else if (auto row =
               need(view_->get(store::table::cursors, store::key::cursor(number, c.row.log))))
      begin = need(decode_cursor(row->body)).begin;
    if (begin < least) {
      least = begin;
      who = g.row.options.name;
    }
  });
  return {least, who};
}

/// Erases the oldest messages as far as the channel's limits want it and the groups let it.
void hub::impl::trim(channel& c) {
  if (!is_ours(c))
    return;
  auto max_age = c.row.options.retention.max_age;
  c.held_by.clear();
  c.waits_for_groups = false;
  if (!is_over(c) && max_age == duration{0})
    return;
  if (is_over(c) && c.row.options.on_full == on_full::drop_oldest)
    drop_oldest(c);
  auto [needed, who] = needed_from(c);
  auto erased = false;
  auto again = std::optional<timestamp>{};
  while (c.first < c.end) {
    auto row = row_at(c, c.first);
    if (!row)
      break; // not yet on disk for us
    auto head = need(decode_head(*row));
    auto old = max_age > duration{0} && later(head.time, max_age) <= now_;
    if (!is_over(c) && !old) {
      if (max_age > duration{0})
        again = later(head.time, max_age);
      break;
    }
    if (c.first >= needed) {
      c.waits_for_groups = true;
      c.held_by = is_over(c) ? who : std::string{};
      break;
    }
    auto known_until = later(head.time, c.row.options.dedup_window);
    if (!head.id.empty() && known_until > now_) {
      again = known_until;
      break;
    }
    if (erasable_ == 0) {
      untrimmed_.insert(c.row.log);
      want_sweep();
      break;
    }
    erase_first(c, head, row->size());
    erased = true;
  }
  alarms_.set(no_group, c.row.log, again);
  if (erased)
    save(c);
}

void hub::impl::erase_first(channel& c, const message_head& head, std::size_t size) {
  auto log = c.row.log;
  out_.writes.erase(store::table::log, store::key::log(log, c.first));
  if (!head.id.empty()) {
    auto key = store::key::once(log, head.id);
    auto anew = std::ranges::any_of(
      reissued_, [&](auto& x) { return std::get<1>(x) == log && std::get<2>(x) == head.id; });
    auto position = need(store::number_of(*view_, store::table::once, key));
    if (!anew && position == c.first)
      out_.writes.erase(store::table::once, key);
  }
  ++c.first;
  c.bytes -= std::min<std::uint64_t>(c.bytes, size);
  --erasable_;
}

/// Takes the oldest messages away from the groups that are behind.
void hub::impl::drop_oldest(channel& c) {
  auto& may = c.row.options.retention;
  auto first = c.first;
  if (may.max_messages > 0 && c.end - c.first > may.max_messages)
    first = c.end - may.max_messages;
  for (auto left = c.bytes; may.max_bytes > 0 && left > may.max_bytes && first < c.end;) {
    auto row = row_at(c, first);
    if (!row || first - c.first >= erasable_)
      break;
    left -= std::min<std::uint64_t>(left, row->size());
    ++first;
  }
  auto behind = std::vector<group_number>{};
  group_index_.match(*c.name, [&](group_number number) { behind.push_back(number); });
  for (auto number : behind) {
    auto& x = cursor_of(groups_.at(number), c);
    auto before = x.row().dropped;
    x.drop_before(first);
    c.row.dropped += x.row().dropped - before;
    settle_cursor(number, c.row.log);
    wake(number, c.row.log); // what it lost may have kept it from others
  }
}

void hub::impl::on(const dead_letters_redriven& x) {
  if (auto fit = check_writable(x.channel); !fit)
    return refuse(x.client, std::move(fit.error()));
  auto from = dead_letters_of(x.channel);
  auto* c = find(from);
  if (!c || c->first == c->end)
    return done(x.client, 0);
  for (auto& other : redrives_)
    if (other.from == from)
      return refuse(x.client, {code::conflict, "they are on their way back already"});
  redrives_.push_back({x.client, from, x.channel, c->first, c->end, 0});
  redrive_some();
  if (!redrives_.empty())
    want_sweep();
}

/// Some dead letters go back; each is in one of the two channels after a crash.
void hub::impl::redrive_some() {
  if (redrives_.empty())
    return;
  auto& x = redrives_.front();
  auto* from = find(x.from);
  for (auto n = std::size_t{0}; from && x.next < x.end && n < letters_at_once; ++n) {
    auto row = row_at(*from, x.next);
    if (row) {
      auto letter = need(decode_message(*row));
      letter.only_for = letter.headers["dagger-group"];
      std::erase_if(letter.headers, [](auto& h) { return h.first.starts_with("dagger-"); });
      letter.time = now_;
      auto& to = ensure(x.to);
      from = find(x.from);
      out_.writes.append(to.row.log, store::kind::message, encode(letter));
      ++appends_;
      out_.writes.erase(store::table::log, store::key::log(from->row.log, x.next));
      from->bytes -= std::min<std::uint64_t>(from->bytes, row->size());
      ++x.count;
    }
    ++x.next;
    if (from->first < x.next)
      from->first = x.next;
  }
  if (from)
    save(*from);
  if (from && x.next < x.end)
    return;
  done(x.client, x.count);
  redrives_.pop_front();
}

} // namespace dagger::log
