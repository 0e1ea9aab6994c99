// LMDB's own pages, read from the file and not through its map: so damage is an
// error here, where LMDB would end the process. Knows nothing of records.
#pragma once

#include <dagger/result.hpp>

#include <filesystem>
#include <string_view>
#include <vector>

namespace dagger::store {

/// Whether LMDB can open a data file: its two meta pages, the list of tables, the pages of the
/// table `first`, and, if the file is shorter than it says, every page. Error: store_corrupt.
result<void> check_header(const std::filesystem::path& file, std::string_view first);

/// Walks all pages that the last commit reaches: each in the file, of the right kind, used once,
/// not free, as many as counted, keys in order. Whoever lets others write meanwhile holds a read
/// transaction.
std::vector<error> check_pages(const std::filesystem::path& file);

} // namespace dagger::store
