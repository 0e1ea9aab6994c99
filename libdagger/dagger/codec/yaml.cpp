// The only file that knows yaml-cpp. Builds values from the parser's events, so that every
// limit holds before anything is built; yaml-cpp's own tree is not used.
#include <dagger/codec/yaml.hpp>

#include <dagger/codec/utf8.hpp>
#include <dagger/codec/yaml_text.hpp>
#include <dagger/limits.hpp>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <iterator>
#include <streambuf>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace dagger {

namespace {

/// Ends the parsing; never leaves this file.
struct stop {
  position at;
  std::string message;
  std::string hint;
};

position to_position(const YAML::Mark& mark) {
  return {static_cast<std::uint32_t>(std::max(mark.line, 0) + 1),
          static_cast<std::uint32_t>(std::max(mark.column, 0) + 1)};
}

/// Hands out the text, and stops a scanner that swallows too much of it without giving
/// anything out.
class source final : public std::streambuf {
public:
  explicit source(std::string_view text) : text_(text) {}

  void gave_something() {
    last_ = at_;
  }

protected:
  std::streamsize xsgetn(char* out, std::streamsize size) override {
    if (at_ - last_ > limits::yaml_lookahead_bytes)
      throw stop{yaml_text::place_of(text_, last_),
                 "a single value of more than " + std::to_string(limits::yaml_lookahead_bytes >> 20)
                   + " MiB",
                 "write the file as JSON (.json), or the value as several lines"};
    auto taken = text_.copy(out, static_cast<std::size_t>(size), at_);
    at_ += taken;
    return static_cast<std::streamsize>(taken);
  }

  int_type underflow() override {
    return at_ < text_.size() ? traits_type::to_int_type(text_[at_]) : traits_type::eof();
  }

  int_type uflow() override {
    return at_ < text_.size() ? traits_type::to_int_type(text_[at_++]) : traits_type::eof();
  }

  int_type pbackfail(int_type) override {
    if (at_ == 0)
      return traits_type::eof();
    return traits_type::to_int_type(text_[--at_]);
  }

private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t last_ = 0;
};

/// A value on its way into its parent.
struct part {
  json value;
  places::node place;
  std::size_t height = 0;
};

struct child {
  std::string key;
  bool merge = false;
  part it;
};

/// A list or map that is not closed yet.
struct frame {
  bool map = false;
  bool has_key = false;
  bool merge = false;
  position at;
  position key_at;
  YAML::anchor_t anchor = 0;
  std::string key;
  std::vector<child> children;
};

/// What an anchor stands for, and what a copy of it costs.
struct anchored {
  part it;
  std::size_t nodes = 0;
  std::size_t bytes = 0;
};

void measure(const json& value, std::size_t& nodes, std::size_t& bytes) {
  ++nodes;
  if (value.is_string())
    bytes += value.get_ref<const std::string&>().size();
  else if (value.is_array())
    for (auto& element : value)
      measure(element, nodes, bytes);
  else if (value.is_object())
    for (auto& [name, member] : value.items()) {
      bytes += name.size();
      measure(member, nodes, bytes);
    }
}

std::size_t height_of(const json& value) {
  auto height = std::size_t{0};
  if (value.is_structured())
    for (auto& child : value)
      height = std::max(height, height_of(child));
  return height + (value.is_structured() ? 1 : 0);
}

class builder final : public YAML::EventHandler {
public:
  builder(std::string_view text, source& in, document& out) : text_(text), in_(in), out_(out) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1)
      throw stop{to_position(mark), "more than one document in a file", "split the file at '---'"};
  }

  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count();
    auto at = null_place(mark);
    if (expects_key())
      return put_bad_key(at, "null");
    put({nullptr, leaf(at), 0}, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    count();
    auto at = to_position(mark);
    auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw stop{at, "an alias inside the value that it repeats", {}};
    auto& source = found->second;
    if (frames_used_ + source.it.height > limits::nesting)
      throw too_deep(at);
    alias_nodes_ += source.nodes;
    alias_bytes_ += source.bytes;
    if (alias_nodes_ > limits::alias_nodes || alias_bytes_ > limits::alias_bytes)
      throw stop{at,
                 "aliases repeat more than " + std::to_string(limits::alias_nodes) + " values or "
                   + std::to_string(limits::alias_bytes >> 20) + " MiB of text",
                 {}};
    auto copy = source.it;
    copy.place.value = at;
    put(std::move(copy), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    count();
    last_scalar_ = mark;
    auto at = to_position(mark);
    if (expects_key()) {
      remember(anchor, {value, leaf(at), 0});
      return put_key(at, value, tag == "?" && value == "<<");
    }
    put({scalar(at, tag, value), leaf(at), 0}, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, "tag:yaml.org,2002:seq", anchor, false);
  }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, "tag:yaml.org,2002:map", anchor, true);
  }

  void OnSequenceEnd() override {
    auto& it = top();
    auto made = part{json::array(), leaf(it.at), 0};
    auto& list = made.value.get_ref<json::array_t&>();
    list.reserve(it.children.size());
    for (auto& element : it.children)
      list.push_back(std::move(element.it.value));
    close(std::move(made));
  }

  void OnMapEnd() override {
    auto& it = top();
    auto& children = it.children;
    merge(children);
    auto by_key = [](auto& a, auto& b) { return a.key < b.key; };
    std::stable_sort(children.begin(), children.end(), by_key);
    find_duplicates(children);
    auto made = part{json::object(), leaf(it.at), 0};
    auto& object = made.value.get_ref<json::object_t&>();
    for (auto& member : children)
      object.emplace_hint(object.end(), std::move(member.key), std::move(member.it.value));
    close(std::move(made));
  }

  /// yaml-cpp takes the end of the text for the missing quote of the last scalar.
  void check_last_quote() const {
    if (yaml_text::has_open_quote(text_, static_cast<std::size_t>(last_scalar_.pos)))
      throw stop{to_position(last_scalar_), "not YAML: a quote is not closed", {}};
  }

private:
  static places::node leaf(position at) {
    auto made = places::node{};
    made.value = made.key = at;
    return made;
  }

  static stop too_deep(position at) {
    return {at, "nested deeper than " + std::to_string(limits::nesting) + " levels", {}};
  }

  frame& top() {
    return frames_[frames_used_ - 1];
  }

  bool expects_key() {
    return frames_used_ > 0 && top().map && !top().has_key;
  }

  void count() {
    in_.gave_something();
    if (++nodes_ > limits::file_nodes)
      throw stop{{}, "more than " + std::to_string(limits::file_nodes) + " values", {}};
  }

  void add_fault(position at, std::string message, std::string hint = {}) {
    if (out_.faults.size() >= limits::problems)
      throw stop{at, std::move(message), std::move(hint)};
    out_.faults.push_back({at, std::move(message), std::move(hint)});
  }

  /// The mark of a null that is not written is that of the next token; the last written
  /// character before it (`-` or `:`) tells more.
  position null_place(const YAML::Mark& mark) const {
    auto at = std::min(static_cast<std::size_t>(std::max(mark.pos, 0)), text_.size());
    auto rest = text_.substr(at, 4);
    if (rest.starts_with('~') || rest == "null" || rest == "Null" || rest == "NULL")
      return to_position(mark);
    auto line_start = at - std::min(at, static_cast<std::size_t>(std::max(mark.column, 0)));
    if (text_.substr(line_start, at - line_start).find_first_not_of(" \t") != text_.npos)
      return to_position(mark);
    auto last = text_.find_last_not_of(" \t\r\n", at == 0 ? 0 : at - 1);
    return last == text_.npos ? to_position(mark) : place_back(mark, at, last);
  }

  position place_back(const YAML::Mark& mark, std::size_t at, std::size_t last) const {
    auto between = text_.substr(last, at - last);
    auto lines = std::count(between.begin(), between.end(), '\n');
    auto newline = last == 0 ? text_.npos : text_.rfind('\n', last - 1);
    auto column = newline == text_.npos ? last + 1 : last - newline;
    return {static_cast<std::uint32_t>(mark.line + 1 - lines), static_cast<std::uint32_t>(column)};
  }

  void open(const YAML::Mark& mark, const std::string& tag, std::string_view core,
            YAML::anchor_t anchor, bool map) {
    count();
    auto at = to_position(mark);
    if (frames_used_ == limits::nesting)
      throw too_deep(at);
    if (tag != "?" && tag != "!" && tag != core)
      add_fault(at, "unknown tag '" + tag + "'", "only the tags of the core schema are read");
    if (frames_used_ == frames_.size())
      frames_.emplace_back();
    auto& it = frames_[frames_used_++];
    it.map = map;
    it.has_key = it.merge = false;
    it.at = at;
    it.anchor = anchor;
    it.children.clear();
  }

  /// Ends the innermost list or map, whose value is `made`.
  void close(part made) {
    auto& it = top();
    auto children = std::vector<places::node>{};
    children.reserve(it.children.size());
    for (auto& x : it.children) {
      made.height = std::max(made.height, x.it.height);
      children.push_back(x.it.place);
    }
    ++made.height;
    out_.places.adopt(made.place, children);
    auto anchor = it.anchor;
    --frames_used_;
    if (expects_key())
      return put_bad_key(made.place.value, made.value.is_array() ? "a list" : "a map");
    put(std::move(made), anchor);
  }

  void remember(YAML::anchor_t anchor, const part& it) {
    if (anchor == 0)
      return;
    auto& kept = anchors_[anchor] = anchored{it, 0, 0};
    measure(it.value, kept.nodes, kept.bytes);
  }

  void put(part it, YAML::anchor_t anchor) {
    remember(anchor, it);
    if (frames_used_ == 0) {
      out_.value = std::move(it.value);
      out_.places.set_root(it.place);
      return;
    }
    auto& parent = top();
    if (expects_key()) // an alias
      return it.value.is_string() ? put_key(it.place.value, it.value.get<std::string>(), false)
                                  : put_bad_key(it.place.value, it.value.type_name());
    if (parent.map) {
      it.place.key = parent.key_at;
      it.place.name = places::hash_of(parent.key);
      parent.has_key = false;
    }
    parent.children.push_back({std::move(parent.key), parent.merge, std::move(it)});
    parent.key.clear();
    parent.merge = false;
  }

  void put_key(position at, std::string key, bool merge) {
    auto& parent = top();
    parent.key = std::move(key);
    parent.key_at = at;
    parent.merge = merge;
    parent.has_key = true;
  }

  void put_bad_key(position at, std::string_view what) {
    add_fault(at, "a key must be a text, not " + std::string{what}, "put it in quotes");
    put_key(at, "key at " + to_text(at), false);
  }

  json scalar(position at, const std::string& tag, const std::string& value) {
    constexpr auto core = std::string_view{"tag:yaml.org,2002:"};
    if (tag == "!" || tag == "tag:yaml.org,2002:str")
      return value;
    auto made = resolve_plain_scalar(value);
    if (made.is_discarded()) {
      add_fault(at, "JSON has no number for '" + value + "'",
                "put it in quotes if it is meant as text");
      return nullptr;
    }
    if (tag == "?")
      return made;
    auto name = std::string_view{tag}.substr(tag.starts_with(core) ? core.size() : 0);
    if (name == "float" && made.is_number())
      return made.get<double>();
    auto fits = (name == "int" && made.is_number_integer()) || (name == "bool" && made.is_boolean())
             || (name == "null" && made.is_null());
    if (name.size() == tag.size()
        || (name != "int" && name != "bool" && name != "null" && name != "float"))
      add_fault(at, "unknown tag '" + tag + "'", "only the tags of the core schema are read");
    else if (!fits)
      add_fault(at, "'" + value + "' is no " + std::string{name} + ", as its tag says");
    return made;
  }

  /// Takes the `<<` members out and adds what they say where nothing before them does.
  void merge(std::vector<child>& children) {
    auto is_own = [](auto& x) { return !x.merge; };
    auto middle = std::stable_partition(children.begin(), children.end(), is_own);
    if (middle == children.end())
      return;
    auto merged =
      std::vector<child>(std::make_move_iterator(middle), std::make_move_iterator(children.end()));
    children.erase(middle, children.end());
    auto known = std::unordered_set<std::string>{};
    for (auto& x : children)
      known.insert(x.key);
    for (auto& x : merged) {
      if (!x.it.value.is_array()) {
        merge_map(children, known, x.it.value, x.it.place);
        continue;
      }
      for (auto i = std::size_t{0}; i < x.it.value.size(); ++i)
        merge_map(children, known, x.it.value[i], out_.places.element(x.it.place, i));
    }
  }

  void merge_map(std::vector<child>& children, std::unordered_set<std::string>& known, json& map,
                 const places::node& place) {
    if (!map.is_object())
      return add_fault(place.value,
                       "'<<' takes a map or a list of maps, not " + std::string{map.type_name()});
    for (auto& [name, value] : map.items()) {
      if (!known.insert(name).second)
        continue;
      auto member = out_.places.member(place, places::hash_of(name));
      auto height = height_of(value);
      children.push_back({name, false, {std::move(value), member ? *member : place, height}});
    }
  }

  void find_duplicates(std::vector<child>& sorted) {
    for (auto i = std::size_t{1}; i < sorted.size(); ++i)
      if (sorted[i].key == sorted[i - 1].key)
        add_fault(sorted[i].it.place.key, "duplicate key '" + sorted[i].key + "', first at "
                                            + to_text(sorted[i - 1].it.place.key));
  }

  std::string_view text_;
  source& in_;
  document& out_;
  std::vector<frame> frames_;
  std::size_t frames_used_ = 0;
  std::unordered_map<YAML::anchor_t, anchored> anchors_;
  std::size_t nodes_ = 0;
  std::size_t alias_nodes_ = 0;
  std::size_t alias_bytes_ = 0;
  YAML::Mark last_scalar_;
  int documents_ = 0;
};

tl::unexpected<error> refuse(position at, std::string message, std::string hint = {}) {
  return fail(code::invalid_input, std::move(message), to_text(at), std::move(hint));
}

/// What yaml-cpp says, in plainer words where it is terse.
std::string syntax_error(const std::string& said) {
  auto plain = said == "end of sequence flow not found" ? "a '[' is not closed"
             : said == "end of map flow not found"      ? "a '{' is not closed"
                                                        : said;
  return "not YAML: " + plain;
}

result<document> parse_checked(std::string_view text) {
  auto made = document{};
  auto in = source{text};
  auto stream = std::istream{&in};
  auto events = builder{text, in, made};
  try {
    auto parser = YAML::Parser{stream};
    if (!parser.HandleNextDocument(events))
      return refuse({}, "the file is empty");
    parser.HandleNextDocument(events);
    events.check_last_quote();
  } catch (const stop& x) {
    return refuse(x.at, x.message, x.hint);
  } catch (const YAML::ParserException& x) {
    auto at = x.mark.is_null() ? position{} : to_position(x.mark);
    auto tab = yaml_text::indented_with_tab(text, at);
    return refuse(at, syntax_error(x.msg), tab ? "indent with spaces, tabs do not count" : "");
  } catch (const YAML::Exception& x) {
    return refuse({}, "not YAML: " + x.msg);
  }
  return made;
}

} // namespace

result<document> parse_yaml(std::string_view text) {
  if (text.size() > limits::file_bytes)
    return refuse({}, "larger than " + std::to_string(limits::file_bytes >> 20) + " MiB");
  if (auto bad = invalid_utf8(text); bad != text.npos)
    return refuse(yaml_text::place_of(text, bad), "not UTF-8", "save the file as UTF-8");
  if (auto bad = yaml_text::forbidden_character(text); bad != text.npos)
    return refuse(yaml_text::place_of(text, bad),
                  "control character " + std::to_string(static_cast<int>(text[bad])),
                  "write it as an escape in double quotes");
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  return parse_checked(text);
}

} // namespace dagger
