// How batches become rows: positions, `once` keys, ends of logs. The same for every
// store. Knows nothing of how rows are kept.
#pragma once

#include <dagger/store/store.hpp>

namespace dagger::store {

/// A write transaction; reading sees what it has written.
class transaction : public view {
public:
  virtual result<void> put(table t, std::string_view key, kind k, std::uint8_t version,
                           std::string_view body) = 0;

  virtual result<void> erase(table t, std::string_view key) = 0;
};

/// Writes the changes of all batches, and the row that says commit `number`.
result<committed> apply(transaction& to, std::uint64_t number,
                        std::span<const batch* const> batches);

/// Whether there is nothing in any of them.
bool all_empty(std::span<const batch* const> batches);

/// The rows that a new store begins with: its format and commit number 0.
result<void> found(transaction& to);

/// The body of a row that holds one varint.
result<std::optional<std::uint64_t>> number_of(view& v, table t, std::string_view key);

} // namespace dagger::store
