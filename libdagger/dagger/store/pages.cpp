// The layout of LMDB 0.9 data files (lmdb's mdb.c: MDB_page, MDB_node, MDB_db, MDB_meta),
// 64 bit, little-endian. Tables here have no duplicate keys, so no sub-pages.
#include <dagger/store/pages.hpp>

#include <dagger/store/disk.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dagger::store {

namespace {

constexpr std::uint32_t magic = 0xbeefc0de;
constexpr std::uint32_t version = 1;
constexpr std::uint64_t no_page = ~std::uint64_t{0};
constexpr std::size_t page_header = 16;
constexpr std::size_t node_header = 8;
constexpr std::size_t meta_bytes = 152;
constexpr std::size_t db_bytes = 48;
constexpr int max_depth = 32;
/// Enough to see what happened.
constexpr std::size_t max_errors = 100;

enum page_kind : std::uint16_t { branch = 1, leaf = 2, overflow = 4, meta_page = 8 };
constexpr std::uint16_t kinds = 0x6f; // with the kinds that our tables do not have
constexpr std::uint16_t dirty = 0x10;
constexpr std::uint16_t big_data = 1;
constexpr std::uint16_t sub_tree = 2;

template <class T>
T at(const char* bytes, std::size_t offset) {
  auto x = T{};
  std::memcpy(&x, bytes + offset, sizeof x);
  return x;
}

/// A B+ tree: MDB_db.
struct tree {
  std::uint16_t flags;
  std::uint16_t depth;
  std::uint64_t branches;
  std::uint64_t leaves;
  std::uint64_t overflows;
  std::uint64_t entries;
  std::uint64_t root;

  static tree read(const char* x) {
    return {at<std::uint16_t>(x, 4),  at<std::uint16_t>(x, 6),  at<std::uint64_t>(x, 8),
            at<std::uint64_t>(x, 16), at<std::uint64_t>(x, 24), at<std::uint64_t>(x, 32),
            at<std::uint64_t>(x, 40)};
  }
};

struct meta {
  std::size_t page_size;
  tree free_pages;
  tree tables;
  std::uint64_t last_page;
  std::uint64_t transaction;
};

error broken(const std::filesystem::path& file, std::string what) {
  return {code::store_corrupt, std::move(what), file, "restore a backup"};
}

/// A data file, read by page.
class page_file {
public:
  static result<page_file> open(const std::filesystem::path& path) {
    auto file = open_file(path, O_RDONLY);
    if (!file)
      return fail(std::move(file.error()));
    auto x = page_file{path, std::move(*file)};
    auto done = x.read_meta();
    return done ? result<page_file>{std::move(x)} : fail(std::move(done.error()));
  }

  const meta& last() const {
    return meta_;
  }

  const std::filesystem::path& path() const {
    return path_;
  }

  /// How many pages are whole.
  std::uint64_t pages() const {
    return size_ / meta_.page_size;
  }

  /// Whether pages [first, first + count) are.
  bool holds(std::uint64_t first, std::uint64_t count) const {
    return first < pages() && count <= pages() - first;
  }

  bool read(std::uint64_t page, char* to, std::size_t size) const {
    return ::pread(file_.get(), to, size, static_cast<off_t>(page * meta_.page_size))
        == static_cast<ssize_t>(size);
  }

  /// Whether a commit came while we looked.
  bool changed() const {
    auto now = page_file{path_, descriptor{::dup(file_.get())}};
    return now.read_meta() && now.meta_.transaction != meta_.transaction;
  }

private:
  page_file(std::filesystem::path path, descriptor file)
    : path_(std::move(path)),
      file_(std::move(file)) {}

  result<void> read_meta() {
    auto first = parse(0, "first");
    if (!first)
      return fail(std::move(first.error()));
    auto second = parse(static_cast<off_t>(first->page_size), "second");
    if (!second)
      return fail(std::move(second.error()));
    if (second->page_size != first->page_size)
      return fail(broken(path_, "its two meta pages speak of pages of different size"));
    // Transactions use them in turns: even numbers the first, odd ones the second.
    meta_ = second->transaction > first->transaction ? *second : *first;
    auto older = std::min(first->transaction, second->transaction);
    auto turn = meta_.transaction % 2 == (second->transaction > first->transaction ? 1u : 0u);
    if (meta_.transaction != 0 && (!turn || older + 1 != meta_.transaction))
      return fail(broken(path_, "its two meta pages do not follow one another"));
    // After the meta page: the file only grows.
    struct stat s;
    if (::fstat(file_.get(), &s) != 0)
      return fail(disk_error(errno, "cannot read it", path_));
    size_ = static_cast<std::uint64_t>(s.st_size);
    return {};
  }

  result<meta> parse(off_t offset, std::string name) const {
    auto bytes = std::array<char, meta_bytes>{};
    auto size = ::pread(file_.get(), bytes.data(), bytes.size(), offset);
    if (size < 0)
      return fail(disk_error(errno, "cannot read it", path_));
    auto x = bytes.data();
    if (size != static_cast<ssize_t>(bytes.size()))
      return fail(broken(path_, "it ends before the end of its " + name + " meta page"));
    if (at<std::uint32_t>(x, 16) != magic || at<std::uint16_t>(x, 10) != meta_page
        || at<std::uint64_t>(x, 0) != (offset == 0 ? 0 : 1))
      return fail(broken(path_, "its " + name + " meta page is none; this is not a file of LMDB"));
    if (at<std::uint32_t>(x, 20) != version)
      return fail(broken(path_, "its " + name + " meta page is of another version of LMDB"));
    auto m = meta{at<std::uint32_t>(x, 40), tree::read(x + 40), tree::read(x + 88),
                  at<std::uint64_t>(x, 136), at<std::uint64_t>(x, 144)};
    auto power_of_two = (m.page_size & (m.page_size - 1)) == 0;
    if (m.page_size < 256 || m.page_size > 65'536 || !power_of_two || m.last_page < 1
        || m.last_page >= no_page / 65'536)
      return fail(broken(path_, "its " + name + " meta page makes no sense"));
    return m;
  }

  std::filesystem::path path_;
  descriptor file_;
  meta meta_{};
  std::uint64_t size_ = 0;
};

/// A depth-first walk over both trees of a commit and the trees in the second one's leaves.
class walker {
public:
  explicit walker(const page_file& file) : file_(file), used_(file.pages()), free_(file.pages()) {}

  std::vector<error> walk() {
    walk_tree(file_.last().free_pages, "free pages", inside::free_pages);
    walk_tree(file_.last().tables, "tables", inside::tables);
    for (auto i = std::size_t{0}; i < used_.size(); ++i)
      if (used_[i] && free_[i])
        report(i, "is in use and free");
    return std::move(errors_);
  }

  /// What is read when a store is opened: the root of the free pages, the list of the tables,
  /// and the table `first`.
  std::vector<error> walk_to(std::string_view first) {
    first_ = first;
    const auto& free = file_.last().free_pages;
    auto bytes = std::string(file_.last().page_size, '\0');
    if (free.root != no_page && take(free.root, bytes))
      node_count(free.root, bytes, free.depth == 1 ? leaf : branch);
    walk_tree(file_.last().tables, "tables", inside::names);
    return std::move(errors_);
  }

private:
  /// What the leaves of a tree hold.
  enum class inside { free_pages, tables, names, rows };

  /// The keys that a page may have: the first one, and one past the last, if there is one.
  struct range {
    std::string_view from;
    std::optional<std::string_view> to;
  };

  struct counts {
    std::uint64_t branches = 0;
    std::uint64_t leaves = 0;
    std::uint64_t overflows = 0;
    std::uint64_t entries = 0;
  };

  void report(std::uint64_t page, const std::string& what) {
    if (errors_.size() < max_errors)
      errors_.push_back(broken(file_.path(), "page " + std::to_string(page) + " " + what));
  }

  /// Reads a page and marks it as used; false if that cannot be.
  bool take(std::uint64_t page, std::string& bytes) {
    if (page < 2 || page > file_.last().last_page) {
      report(page, "is named, but does not exist");
    } else if (!file_.holds(page, 1) || !file_.read(page, bytes.data(), bytes.size())) {
      report(page, "lies behind the end of the file");
    } else if (at<std::uint64_t>(bytes.data(), 0) != page) {
      report(page, "says that it is another one");
    } else {
      return mark_used(page);
    }
    return false;
  }

  bool mark_used(std::uint64_t page) {
    if (used_[page]) {
      report(page, "is used twice");
      return false;
    }
    used_[page] = true;
    return true;
  }

  /// How many nodes a page has; 0 if its header is damaged.
  std::size_t node_count(std::uint64_t page, const std::string& bytes, page_kind expected) {
    auto flags = at<std::uint16_t>(bytes.data(), 10);
    auto lower = at<std::uint16_t>(bytes.data(), 12);
    auto upper = at<std::uint16_t>(bytes.data(), 14);
    if ((flags & kinds & ~dirty) != expected) {
      report(page, "is of the wrong kind");
      return 0;
    }
    if (lower < page_header || lower % 2 != 0 || lower > upper || upper > bytes.size()) {
      report(page, "has a damaged header");
      return 0;
    }
    return (lower - page_header) / 2;
  }

  /// The bytes of node `i` and the key in them, or null if they are not in the page.
  const char* node(std::uint64_t page, const std::string& bytes, std::size_t i) {
    auto offset = std::size_t{at<std::uint16_t>(bytes.data(), page_header + 2 * i)};
    auto upper = std::size_t{at<std::uint16_t>(bytes.data(), 14)};
    if (offset >= upper && offset + node_header <= bytes.size()) {
      auto* x = bytes.data() + offset;
      auto size = node_header + at<std::uint16_t>(x, 6);
      if (size <= bytes.size() - offset)
        return x;
    }
    report(page, "has a damaged node");
    return nullptr;
  }

  void walk_tree(const tree& t, const std::string& name, inside what) {
    if (t.root == no_page)
      return;
    if (what != inside::free_pages && t.flags != 0)
      return report(t.root, "is the root of " + name + ", which has keys of another kind");
    if (t.depth == 0 || t.depth > max_depth)
      return report(t.root, "is the root of a tree of impossible depth");
    auto before = errors_.size();
    auto seen = counts{};
    walk_page(t.root, t.depth, what, {}, seen);
    if (errors_.size() == before
        && (seen.branches != t.branches || seen.leaves != t.leaves || seen.overflows != t.overflows
            || seen.entries != t.entries))
      report(t.root, "is the root of " + name + ", whose pages are not as many as counted");
  }

  void walk_page(std::uint64_t page, int depth, inside what, const range& keys, counts& seen) {
    auto bytes = std::string(file_.last().page_size, '\0');
    if (!take(page, bytes))
      return;
    auto count = node_count(page, bytes, depth > 1 ? branch : leaf);
    ++(depth > 1 ? seen.branches : seen.leaves);
    auto nodes = std::vector<const char*>{};
    for (auto i = std::size_t{0}; i < count; ++i)
      if (auto* x = node(page, bytes, i))
        nodes.push_back(x);
    if (what != inside::free_pages && count < (depth > 1 ? 2 : 1))
      report(page, "has too few nodes");
    check_order(page, depth, what, keys, nodes);
    for (auto i = std::size_t{0}; i < nodes.size(); ++i)
      if (depth > 1) {
        auto low = at<std::uint32_t>(nodes[i], 0);
        auto child = low | static_cast<std::uint64_t>(at<std::uint16_t>(nodes[i], 4)) << 32;
        auto next = i + 1 < nodes.size() ? std::optional{key_of(nodes[i + 1])} : keys.to;
        walk_page(child, depth - 1, what, {i == 0 ? keys.from : key_of(nodes[i]), next}, seen);
      } else {
        ++seen.entries;
        walk_leaf(page, nodes[i], bytes.data() + bytes.size(), what, seen);
      }
  }

  static std::string_view key_of(const char* node) {
    return {node + node_header, at<std::uint16_t>(node, 6)};
  }

  /// Keys ascend and stay in the range that the page above gives. The first key of a branch is
  /// never looked at; the keys of free pages are numbers.
  void check_order(std::uint64_t page, int depth, inside what, const range& keys,
                   const std::vector<const char*>& nodes) {
    auto less = [&](std::string_view a, std::string_view b) {
      if (what != inside::free_pages)
        return a < b;
      auto number = [](std::string_view x) {
        return x.size() == 8 ? at<std::uint64_t>(x.data(), 0) : 0;
      };
      return number(a) < number(b);
    };
    auto first = depth > 1 ? std::size_t{1} : std::size_t{0};
    for (auto i = first; i < nodes.size(); ++i) {
      auto key = key_of(nodes[i]);
      auto after_last = i > first ? less(key_of(nodes[i - 1]), key) : !less(key, keys.from);
      if (!after_last || (keys.to && !less(key, *keys.to)))
        return report(page, "has keys in the wrong order");
    }
  }

  /// One row, in a page that ends at `end`.
  void walk_leaf(std::uint64_t page, const char* x, const char* end, inside what, counts& seen) {
    auto size = std::size_t{at<std::uint32_t>(x, 0)};
    auto flags = at<std::uint16_t>(x, 4);
    auto* data = key_of(x).data() + key_of(x).size();
    auto room = std::string_view{data, static_cast<std::size_t>(end - data)};
    auto named = what == inside::tables || what == inside::names;
    auto big = flags == big_data;
    if (named ? flags != sub_tree || size != db_bytes : flags != 0 && !big)
      return report(page, "has a row of the wrong kind");
    if ((big ? sizeof(std::uint64_t) : size) > room.size())
      return report(page, "has a row that does not end in it");
    auto value = room.substr(0, size);
    auto bytes = std::string{};
    if (big) {
      bytes = walk_overflow(at<std::uint64_t>(room.data(), 0), size, what, seen);
      value = bytes;
    }
    if (what == inside::tables || (what == inside::names && key_of(x) == first_))
      walk_tree(tree::read(value.data()), "a table", inside::rows);
    if (what == inside::free_pages)
      mark_free(page, value);
  }

  /// The pages of a value that has its own; their bytes if they name free pages.
  std::string walk_overflow(std::uint64_t page, std::size_t size, inside what, counts& seen) {
    auto needed = (page_header - 1 + size) / file_.last().page_size + 1;
    auto bytes = std::string(page_header, '\0');
    if (!take(page, bytes))
      return {};
    // A value that was larger once keeps its pages.
    auto count = std::uint64_t{at<std::uint32_t>(bytes.data(), 12)};
    if ((at<std::uint16_t>(bytes.data(), 10) & kinds & ~dirty) != overflow || count < needed) {
      report(page, "is of the wrong kind");
      return {};
    }
    if (!file_.holds(page, count) || page + count - 1 > file_.last().last_page) {
      report(page, "begins a value that does not end in the file");
      return {};
    }
    seen.overflows += count;
    for (auto i = page + 1; i < page + count; ++i)
      mark_used(i);
    if (what != inside::free_pages)
      return {};
    bytes.resize(page_header + size);
    file_.read(page, bytes.data(), bytes.size());
    return bytes.substr(page_header);
  }

  /// A row of the free pages: how many, and their numbers.
  void mark_free(std::uint64_t page, std::string_view value) {
    auto count = value.size() < 8 ? 0 : at<std::uint64_t>(value.data(), 0);
    if (value.size() < 8 || count > value.size() / 8 - 1)
      return report(page, "has a damaged list of free pages");
    for (auto i = std::size_t{1}; i <= count; ++i) {
      auto x = at<std::uint64_t>(value.data(), 8 * i);
      if (x < 2 || x > file_.last().last_page || (x < free_.size() && free_[x]))
        return report(page, "has a damaged list of free pages");
      // A file may end before free pages that were never written.
      if (x < free_.size())
        free_[x] = true;
    }
  }

  const page_file& file_;
  std::string_view first_;
  std::vector<bool> used_;
  std::vector<bool> free_;
  std::vector<error> errors_;
};

} // namespace

result<void> check_header(const std::filesystem::path& path, std::string_view first) {
  while (true) {
    auto file = page_file::open(path);
    if (!file)
      return fail(std::move(file.error()));
    // Pages at the end that are free need not be there; which ones are only a walk tells.
    auto w = walker{*file};
    auto whole = file->holds(0, file->last().last_page + 1);
    auto errors = whole ? w.walk_to(first) : w.walk();
    if (errors.empty())
      return {};
    // A writer in another process may have taken the pages for something newer.
    if (!file->changed())
      return fail(std::move(errors.front()));
  }
}

std::vector<error> check_pages(const std::filesystem::path& path) {
  auto file = page_file::open(path);
  if (!file)
    return {std::move(file.error())};
  return walker{*file}.walk();
}

} // namespace dagger::store
