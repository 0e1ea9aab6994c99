// Sums, and their JSON.
#include "sums.hpp"

#include <algorithm>

namespace census {

namespace {

using dagger::json;

constexpr std::size_t largest_kept = 10;

json to_json(const tally& x) {
  return {{"files", x.files}, {"bytes", x.bytes}, {"lines", x.lines}};
}

tally tally_from(const json& x) {
  return {x.at("files"), x.at("bytes"), x.at("lines")};
}

} // namespace

std::string_view extension_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == name.npos || dot == 0 ? std::string_view{} : name.substr(dot);
}

tally& tally::operator+=(const tally& other) {
  files += other.files;
  bytes += other.bytes;
  lines += other.lines;
  return *this;
}

std::strong_ordering operator<=>(const large_file& a, const large_file& b) {
  const auto by_size = b.bytes <=> a.bytes;
  return by_size != 0 ? by_size : a.path <=> b.path;
}

void sums::add_file(std::string_view extension, tally one, std::string path) {
  all += one;
  auto known = by_extension.find(std::string{extension});
  if (known == by_extension.end())
    known = by_extension.emplace(extension, tally{}).first;
  known->second += one;
  largest.push_back({one.bytes, std::move(path)});
}

void sums::add(const sums& other) {
  all += other.all;
  directories += other.directories;
  for (const auto& [extension, part] : other.by_extension)
    by_extension[extension] += part;
  largest.insert(largest.end(), other.largest.begin(), other.largest.end());
}

void sums::tidy() {
  std::ranges::sort(largest);
  largest.resize(std::min(largest.size(), largest_kept));
}

sums sums::from(const json& x) {
  auto made = sums{};
  made.all = tally_from(x);
  made.directories = x.at("directories");
  for (const auto& [extension, part] : x.at("by_extension").items())
    made.by_extension[extension] = tally_from(part);
  for (const auto& file : x.at("largest"))
    made.largest.push_back({file.at("bytes"), file.at("path")});
  return made;
}

json sums::to_json() const {
  auto made = census::to_json(all);
  made["directories"] = directories;
  auto& extensions = made["by_extension"] = json::object();
  for (const auto& [extension, part] : by_extension)
    extensions[extension] = census::to_json(part);
  auto& files = made["largest"] = json::array();
  for (const auto& file : largest)
    files.push_back({{"path", file.path}, {"bytes", file.bytes}});
  return made;
}

} // namespace census
