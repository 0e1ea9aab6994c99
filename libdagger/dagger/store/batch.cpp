// The group of changes: one arena for all bytes, one entry per change.
#include <dagger/check.hpp>
#include <dagger/store/store.hpp>

#include <limits>

namespace dagger::store {

namespace {

/// These rows are the store's own.
bool reserved(table t, std::string_view key) {
  return t == table::meta
      && (key == key::format || key == key::commit || key.starts_with("log_end "));
}

} // namespace

void batch::put(table t, std::string_view key, kind k, std::string_view body,
                std::uint8_t version) {
  check(t != table::log && t != table::once, "rows of logs are appended");
  check(!reserved(t, key), "the row belongs to the store");
  add({verb::put, t, k, version, {}, any_position, 0, 0, 0}, key, body);
}

void batch::erase(table t, std::string_view key) {
  check(!reserved(t, key), "the row belongs to the store");
  add({verb::erase, t, {}, 0, {}, any_position, 0, 0, 0}, key, {});
}

void batch::append(log_id log, kind k, std::string_view body, std::string_view once,
                   std::uint64_t expected) {
  ++appends_;
  has_messages_ |= log >= log_id::first_channel;
  add({verb::append, table::log, k, 1, log, expected, 0, 0, 0}, once, body);
}

void batch::add(entry x, std::string_view key, std::string_view body) {
  // A `once` key stands behind the namespace and the number of the log.
  check(x.verb == verb::append ? key.size() + 5 <= max_key_bytes
                               : !key.empty() && key.size() <= max_key_bytes,
        "a key has 1 to 511 bytes");
  check(body.size() <= std::numeric_limits<std::uint32_t>::max(), "a body has less than 4 GiB");
  x.key_at = arena_.size();
  x.body_at = x.key_at + key.size();
  x.end = x.body_at + body.size();
  arena_.append(key).append(body);
  entries_.push_back(x);
}

void batch::merge(const batch& other) {
  auto shift = arena_.size();
  auto count = other.entries_.size();
  entries_.reserve(entries_.size() + count);
  for (auto i = std::size_t{0}; i < count; ++i) {
    auto x = other.entries_[i];
    x.key_at += shift;
    x.body_at += shift;
    x.end += shift;
    entries_.push_back(x);
  }
  arena_.append(other.arena_);
  appends_ += other.appends_;
  has_messages_ |= other.has_messages_;
}

batch::change batch::operator[](std::size_t i) const {
  const auto& x = entries_[i];
  auto bytes = std::string_view{arena_};
  return {x.verb,
          x.table,
          x.kind,
          x.version,
          bytes.substr(x.key_at, x.body_at - x.key_at),
          bytes.substr(x.body_at, x.end - x.body_at),
          x.log,
          x.expected};
}

} // namespace dagger::store
