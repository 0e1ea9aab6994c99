// Places of values, and the second pass over JSON text that finds them.
#include <dagger/codec/document.hpp>

#include <dagger/codec/hash.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/limits.hpp>

#include <algorithm>
#include <charconv>

namespace dagger {

namespace {

/// The list index that `step` says, or `count` if it says none below it.
std::size_t index_of(std::string_view step, std::size_t count) {
  auto index = std::size_t{0};
  auto end = step.data() + step.size();
  auto [stop, failure] = std::from_chars(step.data(), end, index);
  return failure == std::errc{} && stop == end ? std::min(index, count) : count;
}

/// Walks valid JSON text whose nesting is bounded.
class scanner {
public:
  scanner(std::string_view text, document& out) : text_(text), out_(out) {}

  places::node value() {
    full_ = full_ || ++count_ > limits::file_nodes;
    auto made = places::node{};
    if (full_)
      return made;
    blanks();
    made.value = here();
    if (text_[at_] == '{' || text_[at_] == '[')
      container(made, text_[at_] == '{');
    else if (text_[at_] == '"')
      string();
    else
      at_ = std::min(text_.find_first_of(",]} \t\r\n", at_), text_.size());
    return made;
  }

  /// There are more values than a file may have; the walk was not finished.
  bool full() const {
    return full_;
  }

private:
  position here() const {
    return {line_, static_cast<std::uint32_t>(at_ - line_start_ + 1)};
  }

  void blanks() {
    for (; text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n';
         ++at_)
      if (text_[at_] == '\n') {
        ++line_;
        line_start_ = at_ + 1;
      }
  }

  /// The string at the place, quotes included.
  std::string_view string() {
    auto begin = at_++;
    while (text_[at_] != '"')
      at_ += text_[at_] == '\\' ? 2 : 1;
    ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void container(places::node& made, bool object) {
    auto children = std::vector<places::node>{};
    auto close = object ? '}' : ']';
    ++at_;
    blanks();
    while (text_[at_] != close) {
      auto key = here();
      auto name = std::uint64_t{0};
      if (object) {
        auto quoted = string();
        name = places::hash_of(quoted.find('\\') == std::string_view::npos
                                 ? quoted.substr(1, quoted.size() - 2)
                                 : json::parse(quoted).get<std::string>());
        blanks();
        ++at_; // the colon
      }
      auto child = value();
      if (full_)
        return;
      child.name = name;
      child.key = object ? key : child.value;
      children.push_back(child);
      blanks();
      if (text_[at_] == ',')
        ++at_;
      blanks();
    }
    ++at_;
    if (object)
      find_duplicates(children);
    out_.places.adopt(made, children);
  }

  void find_duplicates(const std::vector<places::node>& children) {
    auto sorted = std::vector<const places::node*>{};
    sorted.reserve(children.size());
    for (auto& child : children)
      sorted.push_back(&child);
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](auto* a, auto* b) { return a->name < b->name; });
    for (auto i = std::size_t{1}; i < sorted.size(); ++i)
      if (sorted[i]->name == sorted[i - 1]->name)
        out_.faults.push_back(
          {sorted[i]->key, "duplicate key, first at " + to_text(sorted[i - 1]->key), {}});
  }

  std::string_view text_;
  document& out_;
  std::size_t count_ = 0;
  bool full_ = false;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;
};

} // namespace

std::string to_text(position x) {
  return std::to_string(x.line) + ":" + std::to_string(x.column);
}

position places::key(std::string_view pointer) const {
  auto& found = find(pointer);
  return found.name != 0 ? found.key : found.value;
}

void places::adopt(node& parent, const std::vector<node>& children) {
  parent.first = static_cast<std::uint32_t>(nodes_.size());
  parent.count = static_cast<std::uint32_t>(children.size());
  nodes_.insert(nodes_.end(), children.begin(), children.end());
}

const places::node* places::member(const node& parent, std::uint64_t name) const {
  auto begin = nodes_.data() + parent.first;
  auto end = begin + parent.count;
  auto found = std::find_if(begin, end, [&](auto& child) { return child.name == name; });
  return found == end ? nullptr : found;
}

std::uint64_t places::hash_of(std::string_view name) {
  return hash64(name) | 1;
}

const places::node& places::find(std::string_view pointer) const {
  auto found = &root_;
  for (auto& step : pointer_steps(pointer)) {
    if (found->count == 0)
      break;
    if (nodes_[found->first].name == 0) {
      auto index = index_of(step, found->count);
      if (index == found->count)
        break;
      found = &nodes_[found->first + index];
    } else if (auto child = member(*found, hash_of(step))) {
      found = child;
    } else {
      break;
    }
  }
  return *found;
}

result<document> parse_json_document(std::string_view text) {
  auto value = parse_json(text);
  if (!value)
    return fail(value.error());
  auto made = document{};
  made.value = std::move(*value);
  // A byte order mark is the one thing before the value that the scanner does not skip.
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  auto walk = scanner{text, made};
  made.places.set_root(walk.value());
  if (walk.full())
    return fail(code::limit, "more than " + std::to_string(limits::file_nodes) + " values", "1:1");
  return made;
}

std::vector<std::string> pointer_steps(std::string_view pointer) {
  auto steps = std::vector<std::string>{};
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    auto raw = pointer.substr(0, pointer.find('/'));
    auto& step = steps.emplace_back();
    for (auto i = std::size_t{0}; i < raw.size(); ++i) {
      auto escaped = raw[i] == '~' && i + 1 < raw.size();
      step += !escaped ? raw[i] : raw[++i] == '1' ? '/' : '~';
    }
    pointer.remove_prefix(raw.size());
  }
  return steps;
}

std::string join_pointer(std::string_view pointer, std::string_view step) {
  auto made = std::string{pointer} + '/';
  for (auto c : step)
    if (c == '~')
      made += "~0";
    else if (c == '/')
      made += "~1";
    else
      made += c;
  return made;
}

std::string to_path(std::string_view pointer) {
  auto made = std::string{};
  for (auto& step : pointer_steps(pointer)) {
    auto plain = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
          || c == '-' || c == '$';
    };
    auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!step.empty() && std::all_of(step.begin(), step.end(), digit))
      made += "[" + step + "]";
    else if (!step.empty() && std::all_of(step.begin(), step.end(), plain))
      made += (made.empty() ? "" : ".") + step;
    else
      made += "[" + to_text(json(step)) + "]";
  }
  return made;
}

} // namespace dagger
