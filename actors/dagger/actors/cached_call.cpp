// Keys of calls, rows of the table `cache`, files.
#include <dagger/actors/cached_call.hpp>

#include <dagger/actors/descriptor.hpp>
#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/run_folder.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/codec/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace dagger::actors {

namespace {

/// Part of every key: another one when what makes calls equal changes.
constexpr auto way_of_hashing = 1;

result<digest> content_of(const std::string& path) {
  auto file = descriptor{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  auto hash = digest_of_pieces{};
  auto buffer = std::string(1 << 16, '\0');
  while (file.get() >= 0) {
    auto n = ::read(file.get(), buffer.data(), buffer.size());
    if (n == 0)
      return hash.value();
    if (n < 0 && errno != EINTR)
      break;
    if (n > 0)
      hash.add({buffer.data(), static_cast<std::size_t>(n)});
  }
  return fail(code::unavailable, "cannot read '" + path + "': " + std::strerror(errno));
}

json to_json(const plan::file_identity& x) {
  auto made = json::array({x.path, x.size, x.modified});
  if (x.content) {
    made.push_back(x.content->high);
    made.push_back(x.content->low);
  }
  return made;
}

/// The members of a value that its schema declares as `format: path`.
std::vector<std::string> paths_in(const json& schema, const json& value) {
  auto found = std::vector<std::string>{};
  auto members = schema.is_object() ? schema.find("properties") : schema.end();
  if (!schema.is_object() || members == schema.end() || !members->is_object() || !value.is_object())
    return found;
  for (auto& [name, of_member] : members->items())
    if (of_member.is_object() && of_member.value("format", json(nullptr)) == "path")
      if (auto path = value.find(name); path != value.end() && path->is_string())
        found.push_back(path->get<std::string>());
  return found;
}

/// The file as it stands; the error not_found. `by_content`: its time does not matter, its bytes
/// do.
result<plan::file_identity> identity_of(const std::string& folder, const std::string& path,
                                        bool by_content) {
  auto here = reached(folder, path);
  struct ::stat about {};
  if (::stat(here.c_str(), &about) != 0)
    return fail(code::not_found, "'" + path + "': " + std::strerror(errno));
  auto made = plan::file_identity{.path = path, .size = static_cast<std::uint64_t>(about.st_size)};
  if (by_content && S_ISREG(about.st_mode)) {
    auto content = content_of(here);
    if (!content)
      return fail(std::move(content.error()));
    made.content = *content;
  } else {
    made.modified = std::int64_t{about.st_mtim.tv_sec} * 1'000'000'000 + about.st_mtim.tv_nsec;
  }
  return made;
}

/// All of them, or nothing if one cannot be read.
std::optional<std::vector<plan::file_identity>>
identities_of(const std::string& folder, std::vector<std::string> paths, bool by_content) {
  std::ranges::sort(paths);
  paths.erase(std::unique(paths.begin(), paths.end()), paths.end());
  auto made = std::vector<plan::file_identity>{};
  for (auto& path : paths) {
    auto one = identity_of(folder, path, by_content);
    if (!one)
      return std::nullopt;
    made.push_back(std::move(*one));
  }
  return made;
}

digest hash_of(const json& x) {
  return digest128(to_text(x));
}

json outputs_of(const node_visit& node) {
  auto made = json::array();
  for (auto& x : node.program().outputs)
    made.push_back({x.name, x.schema, x.file});
  return {std::move(made), node.output_paths()};
}

bool are_unchanged(const std::string& folder, const std::vector<plan::file_identity>& files) {
  return std::ranges::all_of(files, [&](auto& x) {
    auto present = identity_of(folder, x.path, x.content.has_value());
    return present && *present == x;
  });
}

} // namespace

std::optional<cached_call> cached_call::of(const node_visit& node, const agent& action,
                                           const json& input, store::view& view,
                                           const plan::assignment& given) {
  auto& program = node.program();
  if (!program.cache || action.version.empty())
    return std::nullopt;
  auto made = cached_call{};
  made.rule_ = *program.cache;
  auto paths = node.input_files();
  for (auto& path : paths_in(action.input, input))
    paths.push_back(std::move(path));
  made.folder_ = node.folder();
  auto files = identities_of(made.folder_, std::move(paths), made.rule_.hash_content);
  if (!files)
    return std::nullopt;
  made.inputs_ = std::move(*files);
  made.is_whole_ = given.first_visit || made.inputs_.empty();
  auto folder = full_folder(made.folder_);
  auto call =
    json{{"way", way_of_hashing},       {"action", action.name}, {"version", action.version},
         {"input", node.plain_input()}, {"folder", folder},      {"files", json::array()},
         {"outputs", outputs_of(node)}};
  for (auto& file : made.inputs_)
    call["files"].push_back(to_json(file));
  if (node.scope().contains("previous")) // the same again is what a `repeat` is for
    call["iteration"] = given.task_name;
  made.call_ = hash_of(call);
  made.place_ = made.call_;
  if (made.rule_.up_to_date)
    made.place_ = hash_of(
      {"node", folder, value_of(plan::job_of(view, given.attempt.job)).name, given.task_name});
  return made;
}

bool cached_call::counts(const plan::cached_row& row, timestamp now) const {
  return row.call == call_ && row.until > now && (!rule_.ttl || later(row.made, *rule_.ttl) > now)
      && are_unchanged(folder_, row.files);
}

std::optional<plan::cached_row> cached_call::find(store::view& view, const plan::cached_row* recent,
                                                  timestamp now) const {
  auto row = std::optional<plan::cached_row>{};
  if (auto stored = value_of(view.get(store::table::cache, store::key::cached(place_))))
    row = value_of(plan::decode_cached(stored->body));
  if (recent && (!row || row->made < recent->made))
    row = *recent;
  return row && counts(*row, now) ? row : std::nullopt;
}

std::optional<plan::kept_output> cached_call::keep(const node_visit& node, const agent& action,
                                                   const json& output) const {
  if (!is_whole_ || !are_unchanged(folder_, inputs_))
    return std::nullopt;
  auto written = node.output_paths();
  for (auto& path : paths_in(action.output, output))
    written.push_back(std::move(path));
  auto files = identities_of(folder_, std::move(written), rule_.hash_content);
  if (!files)
    return std::nullopt;
  return plan::kept_output{.place = place_,
                           .call = call_,
                           .keep = rule_.ttl.value_or(limits::result_age),
                           .files = std::move(*files)};
}

std::optional<plan::kept_output> cached_call::renewed(const plan::cached_row& row,
                                                      timestamp now) const {
  if (rule_.ttl || later(now, duration{limits::result_age} / 2) < row.until)
    return std::nullopt;
  return plan::kept_output{
    .place = place_, .call = call_, .keep = limits::result_age, .files = row.files};
}

std::string cached_call::reason(const plan::cached_row& row) const {
  return (rule_.up_to_date ? "up to date since " : "the output of an equal call of ")
       + to_rfc3339(row.made);
}

// -- who waits for whom -------------------------------------------------------

std::unique_ptr<calls_in_progress::turn>
calls_in_progress::begin(const std::shared_ptr<calls_in_progress>& board, const key& what,
                         bool may_wait, const std::stop_token& stop) {
  auto guard = std::unique_lock{board->mutex_};
  if (may_wait)
    board->ended_.wait(guard, stop, [&] { return !board->open_.contains(what); });
  if (!board->open_.insert(what).second)
    return nullptr;
  return std::make_unique<turn>(board, what);
}

calls_in_progress::row_ptr calls_in_progress::recent(const key& what) const {
  auto guard = std::lock_guard{mutex_};
  auto found = std::ranges::find(recent_, what, &std::pair<key, row_ptr>::first);
  return found == recent_.end() ? nullptr : found->second;
}

void calls_in_progress::end(const key& what, row_ptr made) {
  auto guard = std::lock_guard{mutex_};
  open_.erase(what);
  if (made) {
    std::erase_if(recent_, [&](auto& x) { return x.first == what; });
    recent_.emplace_back(what, std::move(made));
    if (recent_.size() > most_recent)
      recent_.pop_front();
  }
  ended_.notify_all();
}

} // namespace dagger::actors
