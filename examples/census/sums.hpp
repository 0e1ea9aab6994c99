// What is added up, from batches of files over folders to the whole tree. The order of adding
// changes nothing.
#pragma once

#include <dagger/dagger.hpp>

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace census {

struct tally {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;

  tally& operator+=(const tally& other);
};

struct large_file {
  std::uint64_t bytes = 0;
  std::string path; // as it is shown

  /// The largest first, then by path.
  friend std::strong_ordering operator<=>(const large_file& a, const large_file& b);
  friend bool operator==(const large_file&, const large_file&) = default;
};

struct sums {
  tally all;
  std::uint64_t directories = 0;
  std::map<std::string, tally> by_extension;
  std::vector<large_file> largest; // ten at most

  void add_file(std::string_view extension, tally one, std::string path);
  void add(const sums& other);
  /// Keeps the largest ten in order; after the last `add`.
  void tidy();

  static sums from(const dagger::json& x);
  dagger::json to_json() const;
};

/// The part of the name from its last dot; "" if there is none or only a leading one.
std::string_view extension_of(std::string_view name);

} // namespace census
