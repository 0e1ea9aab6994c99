// What tests of stores share: commits of one batch, all rows of a view as plain values.
#pragma once

#include <dagger/store/store.hpp>

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace dagger::store {

/// Everything that a reader can know of a row.
struct row {
  dagger::store::kind kind;
  int version;
  std::uint64_t commit;
  std::string body;

  friend bool operator==(const row&, const row&) = default;
};

inline row to_row(const record& x) {
  return {x.kind, x.version, x.commit, std::string{x.body}};
}

using table_rows = std::map<std::string, row>;
using all_rows = std::array<table_rows, table_count>;

/// All rows of a snapshot. A failure of the test if one cannot be read.
inline all_rows rows_of(view& v) {
  auto all = all_rows{};
  for (auto t = std::size_t{0}; t < table_count; ++t) {
    auto done = v.scan(static_cast<table>(t), {}, direction::up, [&](auto key, const record& x) {
      all[t].emplace(key, to_row(x));
      return true;
    });
    EXPECT_TRUE(done) << to_string(done.error());
  }
  return all;
}

inline all_rows rows_of(const store& s) {
  return rows_of(*s.read());
}

inline result<committed> commit(store& s, const batch& b) {
  const auto* p = &b;
  return s.commit({&p, 1});
}

/// Commits a batch that cannot fail.
inline committed must_commit(store& s, const batch& b) {
  auto done = commit(s, b);
  if (!done)
    throw done.error();
  return *done;
}

/// The body of a row, or nothing. A failure of the test if it cannot be read.
inline std::optional<std::string> body_of(view& v, table t, std::string_view key) {
  auto x = v.get(t, key);
  EXPECT_TRUE(x) << to_string(x.error());
  return x && *x ? std::optional{std::string{(*x)->body}} : std::nullopt;
}

/// Opens a store that must open.
inline std::unique_ptr<store> must_open(const std::filesystem::path& directory,
                                        lmdb_options options = {}) {
  auto s = open_lmdb(directory, options);
  if (!s)
    throw s.error();
  return std::move(*s);
}

} // namespace dagger::store
