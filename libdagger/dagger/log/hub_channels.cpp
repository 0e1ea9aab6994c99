// Channels: made, set up, read, written to, and gone.
#include <dagger/log/hub_impl.hpp>

#include <dagger/check.hpp>

#include <array>

namespace dagger::log {

namespace {

/// Rows that are read at once for one who is behind.
constexpr auto rows_ahead = std::size_t{256};
constexpr auto bytes_ahead = std::size_t{1} << 20;

/// Stands in the table of channels for one that is gone.
std::string buried_name(store::log_id log) {
  return " " + std::to_string(static_cast<std::uint32_t>(log));
}

/// Why the new schema must not follow the one that is there, if it must not.
std::optional<error> incompatible(const channel_options& there, const channel_options& wanted) {
  auto wrong = schema::incompatibilities(there.schema, wanted.schema, there.compatibility);
  if (wrong.empty())
    return std::nullopt;
  constexpr auto words = std::array<std::string_view, 4>{"", "backward", "forward", "full"};
  return error{code::conflict,
               "the new schema of the channel '" + there.name + "' is not compatible ("
                 + std::string{words[static_cast<std::size_t>(there.compatibility)]}
                 + ") with the one that it has:\n" + schema::to_text(wrong),
               {},
               "set `compatibility: none` first if that is meant"};
}

/// An id is the end of a key.
std::optional<error> longer_than_a_key(const std::string& id) {
  auto most = store::max_key_bytes - store::key::once(store::log_id::first_channel, "").size();
  if (id.size() <= most)
    return std::nullopt;
  return error{code::invalid_input, "the id of a message has " + std::to_string(id.size())
                                      + " bytes, at most " + std::to_string(most) + " are allowed"};
}

} // namespace

/// The channel with this log, which has a name.
channel& hub::impl::load(store::log_id log) {
  if (auto found = channels_.find(log); found != channels_.end())
    return found->second;
  auto& name = name_of_.at(log);
  auto row = channel_row{};
  row.log = log;
  if (log >= store::log_id::first_channel) {
    auto found = need(find_channel(*view_, name));
    check(found.has_value(), "a channel that is not in memory is on disk");
    row = std::move(*found);
  }
  auto& c = channels_[log];
  c.name = std::make_shared<const std::string>(name);
  c.row = std::move(row);
  c.end = need(store::end_of(*view_, log));
  c.first = c.end;
  auto prefix = store::key::log(log, 0).substr(0, 5);
  need(store::scan_prefix(*view_, store::table::log, prefix, [&](auto key, const auto&) {
    c.first = store::key::position_of(key);
    return false;
  }));
  c.arrivals_are_cut = has_forgotten_;
  if (!is_ours(c)) {
    find_readers(c);
    return c;
  }
  c.bytes = c.row.bytes_before;
  auto from = store::key::log(log, std::max(c.row.counted_to, c.first));
  need(view_->scan(store::table::log, from, store::direction::up,
                   [&](auto key, const store::record& x) {
                     if (!key.starts_with(prefix))
                       return false;
                     c.bytes += x.body.size();
                     return true;
                   }));
  find_readers(c);
  // What the last one who had it in memory wanted to erase may be there still.
  to_trim_.insert(log);
  return c;
}

/// Notes who wants its messages now.
void hub::impl::find_readers(channel& c) {
  group_index_.match(*c.name, [&](group_number g) {
    if (!groups_.at(g).members.empty())
      c.groups.insert(g);
  });
  listener_index_.match(*c.name, [&](member_id m) { c.listeners.insert(m); });
}

/// Whether somebody would get a message of this channel now.
bool hub::impl::is_read(std::string_view name) const {
  auto found = false;
  group_index_.match(name, [&](group_number g) { found |= !groups_.at(g).members.empty(); });
  listener_index_.match(name, [&](member_id) { found = true; });
  return found;
}

channel* hub::impl::find(std::string_view name) {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : &load(found->second);
}

channel& hub::impl::ensure(const std::string& name) {
  if (auto* c = find(name))
    return *c;
  return create({.name = name});
}

channel& hub::impl::create(channel_options options) {
  auto log = static_cast<store::log_id>(next_log_++);
  auto name = options.name;
  names_.emplace(name, log);
  name_of_.emplace(log, name);
  auto& c = channels_[log];
  c.name = std::make_shared<const std::string>(name);
  c.row.log = log;
  c.row.created = now_;
  c.row.schema_version = options.schema.is_null() ? 0 : 1;
  c.row.options = std::move(options);
  find_readers(c);
  save(c);
  write_end(store::key::channels_end, next_log_);
  return c;
}

/// Writes down which number comes next.
void hub::impl::write_end(std::string_view key, std::uint64_t next) {
  auto end = std::string{};
  writer{end}.varint(next);
  out_.writes.put(store::table::meta, key, store::kind::meta, end);
}

/// Writes the row, with the count of what the channel holds.
void hub::impl::save(channel& c) {
  if (!is_ours(c))
    return;
  c.row.counted_to = c.end;
  c.row.bytes_before = c.bytes;
  out_.writes.put(store::table::channels, store::key::channel(*c.name), store::kind::channel,
                  encode(c.row));
}

row_ptr hub::impl::as_message(const channel& c, row_ptr row) {
  if (is_ours(c))
    return row;
  return std::make_shared<const std::string>(need(engine_log_->as_message(*view_, *row)));
}

/// The row at this position, or null.
row_ptr hub::impl::row_at(channel& c, std::uint64_t position) {
  if (position < c.first || position >= c.end)
    return nullptr;
  if (position >= c.tail_first && position - c.tail_first < c.tail.size())
    return c.tail[position - c.tail_first];
  if (position < c.ahead_first || position - c.ahead_first >= c.ahead.size()) {
    c.ahead.clear();
    c.ahead_first = position;
    auto size = std::size_t{0};
    need(view_->scan(store::table::log, store::key::log(c.row.log, position), store::direction::up,
                     [&](auto key, const store::record& x) {
                       if (store::key::log_of(key) != c.row.log
                           || store::key::position_of(key) != position + c.ahead.size())
                         return false;
                       size += x.body.size();
                       c.ahead.push_back(
                         as_message(c, std::make_shared<const std::string>(x.body)));
                       return c.ahead.size() < rows_ahead && size < bytes_ahead;
                     }));
  }
  auto at = position - c.ahead_first;
  return at < c.ahead.size() ? c.ahead[at] : nullptr;
}

void hub::impl::on(const channel_declared& x) {
  if (auto fit = check_channel(x.options); !fit)
    return refuse(x.client, std::move(fit.error()));
  auto* c = find(x.options.name);
  if (!c) {
    create(x.options);
    return done(x.client, 1);
  }
  if (c->row.options == x.options)
    return done(x.client, 0);
  if (auto why = incompatible(c->row.options, x.options))
    return refuse(x.client, std::move(*why));
  if (c->row.options.schema != x.options.schema)
    ++c->row.schema_version;
  c->row.options = x.options;
  save(*c);
  trim(*c);
  done(x.client, 1);
}

void hub::impl::on(const channel_wanted& x) {
  if (auto fit = check_writable(x.name); !fit)
    return refuse(x.client, std::move(fit.error()));
  ensure(x.name);
  done(x.client, 1);
}

void hub::impl::on(const channel_deleted& x) {
  auto* c = find(x.name);
  if (!c)
    return refuse(x.client, {code::not_found, "there is no channel '" + x.name + "'"});
  if (!is_ours(*c))
    return refuse(x.client,
                  {code::invalid_input, "the channel '" + x.name + "' is the engine's own"});
  auto log = c->row.log;
  if (auto [from, who] = needed_from(*c); !x.force && from < c->end)
    return refuse(x.client,
                  {code::conflict,
                   "the group '" + who + "' has not answered "
                     + std::to_string(c->end - std::max(from, c->first)) + " of its messages",
                   {},
                   "with --force they are lost"});
  for (auto& [number, g] : groups_) {
    // The sweep will not see rows that are on their way, should the group be gone by then.
    if (auto at = g.cursors.find(log); at != g.cursors.end()) {
      at->second.erase(out_.writes);
      g.cursors.erase(at);
    }
    g.ready.erase(log);
    alarms_.set(number, log, std::nullopt);
  }
  for (auto& [who, m] : members_) {
    m.next.erase(log);
    m.ready.erase(log);
  }
  alarms_.set(no_group, log, std::nullopt);
  out_.writes.erase(store::table::channels, store::key::channel(x.name));
  channels_.erase(log);
  names_.erase(x.name);
  name_of_.erase(log);
  bury(log, given_ + 1);
  done(x.client, 1);
}

/// The channel's name is free; its rows go by and by.
void hub::impl::bury(store::log_id log, std::uint64_t last_batch) {
  auto row = channel_row{};
  row.log = log;
  row.created = now_;
  out_.writes.put(store::table::channels, store::key::channel(buried_name(log)),
                  store::kind::channel, encode(row));
  buried_.emplace(log, last_batch);
  want_sweep();
}

/// Erases some rows of a channel that is gone, or the last trace of it.
void hub::impl::sweep_buried() {
  if (buried_.empty())
    return;
  auto [log, last_batch] = *buried_.begin();
  auto keys = std::vector<std::pair<store::table, std::string>>{};
  auto gather = [&](store::table t, const std::string& prefix) {
    need(store::scan_prefix(*view_, t, prefix, [&](auto key, const auto&) {
      if (keys.size() < erasable_)
        keys.emplace_back(t, key);
      return keys.size() < erasable_;
    }));
  };
  gather(store::table::log, store::key::log(log, 0).substr(0, 5));
  gather(store::table::once, store::key::once(log, ""));
  for (auto& [number, g] : groups_)
    for (auto t : {store::table::cursors, store::table::acks, store::table::attempts})
      gather(t, store::key::cursor(number, log));
  for (auto& [t, key] : keys)
    out_.writes.erase(t, key);
  erasable_ -= std::min(erasable_, keys.size());
  // What was on its way when the channel went comes to light only then; its batch wants a sweep.
  if (confirmed_ < last_batch)
    return;
  if (keys.empty()) {
    out_.writes.erase(store::table::channels, store::key::channel(buried_name(log)));
    buried_.erase(log);
  }
  if (!buried_.empty())
    want_sweep();
}

/// Why the channel takes no messages now, if it does not.
std::optional<error> hub::impl::no_room(channel& c) {
  if (!c.held_by.empty())
    trim(c);
  if (c.held_by.empty())
    return std::nullopt;
  return error{code::channel_full,
               "the channel '" + *c.name + "' is full: the group '" + c.held_by
                 + "' has not answered its oldest messages",
               {},
               "let the group go on, raise `retention`, or set `on_full: drop_oldest`"};
}

void hub::impl::on(const messages_published& x) {
  if (auto fit = check_writable(x.channel); !fit)
    return refuse(x.client, std::move(fit.error()));
  for (auto& m : x.messages)
    if (auto too_long = longer_than_a_key(m.id))
      return refuse(x.client, std::move(*too_long));
  if (x.needs_reader && !is_read(x.channel))
    return refuse(x.client, {code::no_responders, "nobody reads the channel '" + x.channel + "'"});
  auto& c = ensure(x.channel);
  if (auto why = no_room(c))
    return refuse(x.client, std::move(*why));
  auto first = appends_;
  auto delayed = std::size_t{0};
  for (auto& m : x.messages)
    if (m.due && *m.due > now_) {
      delay(c, m);
      ++delayed;
    } else {
      append(c, m.id, m.row);
    }
  out_.commands.emplace_back(accept{x.client, first, x.messages.size() - delayed, delayed});
}

void hub::impl::append(channel& c, const std::string& id, const std::string& row) {
  if (!id.empty())
    forget_old_id(c, id);
  out_.writes.append(c.row.log, store::kind::message, row, id);
  ++appends_;
}

/// An id counts as long as the window is; then it is as if it had never come.
void hub::impl::forget_old_id(const channel& c, const std::string& id) {
  auto key = store::key::once(c.row.log, id);
  auto position = need(store::number_of(*view_, store::table::once, key));
  if (!position)
    return;
  for (auto& [batch, log, name] : reissued_)
    if (log == c.row.log && name == id)
      return;
  auto row = need(view_->get(store::table::log, store::key::log(c.row.log, *position)));
  if (row && later(need(decode_head(row->body)).time, c.row.options.dedup_window) > now_)
    return;
  out_.writes.erase(store::table::once, key);
  reissued_.emplace_back(given_ + 1, c.row.log, id);
}

void hub::impl::on(const messages_appended& x) {
  if (x.log < store::log_id::first_channel && !channels_.contains(x.log))
    return; // the engine's own, and nobody reads it
  if (!name_of_.contains(x.log)) {
    if (!buried_.contains(x.log))
      bury(x.log, confirmed_);
    return;
  }
  auto& c = load(x.log);
  auto end = x.first + x.rows.size();
  if (x.first >= c.end)
    for (auto& row : x.rows)
      c.bytes += row->size();
  c.end = std::max(c.end, end);
  note_arrival(c, x.first);
  remember(c, x);
  for (auto number : c.groups) {
    cursor_of(groups_.at(number), c).grow(c.end);
    wake(number, x.log);
  }
  for (auto who : c.listeners) {
    auto& m = members_.at(who);
    m.next.try_emplace(x.log, x.first);
    m.ready.insert(x.log);
    busy_members_.insert(who);
  }
  if (c.end - c.row.counted_to >= limits::rows_per_count)
    save(c);
  to_trim_.insert(x.log); // after those who are there have had them
}

void hub::impl::note_arrival(channel& c, std::uint64_t first) {
  if (!c.arrivals.empty() && c.arrivals.back().first == now_)
    return;
  c.arrivals.emplace_back(now_, first);
  if (c.arrivals.size() > limits::arrivals) {
    c.arrivals.pop_front();
    c.arrivals_are_cut = true;
  }
}

/// Keeps the newest rows for those who read along.
void hub::impl::remember(channel& c, const messages_appended& x) {
  if (c.groups.empty() && c.listeners.empty()) {
    c.tail.clear();
    c.tail_bytes = 0;
    return;
  }
  if (c.tail.empty() || c.tail_first + c.tail.size() != x.first) {
    c.tail.clear();
    c.tail_bytes = 0;
    c.tail_first = x.first;
  }
  for (auto& row : x.rows) {
    c.tail.push_back(as_message(c, row));
    c.tail_bytes += c.tail.back()->size();
  }
  while (c.tail.size() > limits::tail_messages || c.tail_bytes > limits::tail_bytes) {
    c.tail_bytes -= c.tail.front()->size();
    c.tail.pop_front();
    ++c.tail_first;
  }
}

void hub::impl::drop_idle_channels() {
  if (channels_.size() <= kept_channels_ || given_ != confirmed_ || !out_.writes.empty())
    return;
  std::erase_if(channels_, [this](auto& x) {
    auto& c = x.second;
    auto idle = c.groups.empty() && c.listeners.empty() && c.held_by.empty();
    has_forgotten_ |= idle && (c.arrivals_are_cut || !c.arrivals.empty());
    return idle;
  });
  kept_channels_ = std::max(limits::idle_channels, 2 * channels_.size());
}

} // namespace dagger::log
