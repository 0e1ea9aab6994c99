// Notes are for the case that this process is killed: nothing is synced, since no group outlives a
// crash of the machine.
#include <dagger/actions/children.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace dagger::actions {

namespace {

constexpr auto line_size = std::size_t{80};

const std::string& boot_id() {
  static const auto id = [] {
    auto text = std::string{};
    std::ifstream{"/proc/sys/kernel/random/boot_id"} >> text;
    return text.empty() ? std::string{"unknown"} : text;
  }();
  return id;
}

/// What /proc says of a process; the name in parentheses may hold anything.
struct process {
  char state = '?';
  pid_t group = 0;
  std::string start_time = {};
};

std::optional<process> look_at(const std::string& pid) {
  auto text = std::string{};
  std::getline(std::ifstream{"/proc/" + pid + "/stat"}, text);
  auto name_end = text.rfind(')');
  if (name_end == std::string::npos)
    return {};
  auto fields = std::istringstream{text.substr(name_end + 1)};
  auto found = process{};
  auto ignored = std::string{};
  fields >> found.state >> ignored >> found.group;
  for (auto i = 6; i < 22; ++i)
    fields >> ignored;
  fields >> found.start_time;
  return found;
}

struct noted {
  std::string group;
  std::string start_time;
  std::string boot;
};

std::vector<noted> read_notes(const std::filesystem::path& file) {
  auto notes = std::vector<noted>{};
  auto in = std::ifstream{file};
  for (auto x = noted{}; in >> x.group >> x.start_time >> x.boot;)
    if (x.boot == boot_id()
        && std::ranges::all_of(x.group, [](char c) { return c >= '0' && c <= '9'; }))
      notes.push_back(x);
  return notes;
}

/// Processes of the group that do something; zombies wait for their parent only.
bool lives(pid_t group) {
  auto problem = std::error_code{};
  for (const auto& entry : std::filesystem::directory_iterator{"/proc", problem}) {
    auto name = entry.path().filename().string();
    if (name[0] < '0' || name[0] > '9')
      continue;
    auto x = look_at(name);
    if (x && x->group == group && x->state != 'Z')
      return true;
  }
  return false;
}

/// Whether the group is the one that was noted. A leader that has ended leaves its number to its
/// group: nobody else can have it then.
bool is_same(const noted& x) {
  auto leader = look_at(x.group);
  if (leader)
    return leader->start_time == x.start_time;
  return lives(static_cast<pid_t>(std::stol(x.group)));
}

} // namespace

std::filesystem::path children_file(const std::filesystem::path& store) {
  return store.empty() ? std::filesystem::path{} : store / "children";
}

children::note::note(note&& other) noexcept
  : owner_(std::exchange(other.owner_, nullptr)),
    line_(other.line_) {}

children::note& children::note::operator=(note&& other) noexcept {
  std::swap(owner_, other.owner_);
  std::swap(line_, other.line_);
  return *this;
}

children::note::~note() {
  if (!owner_)
    return;
  auto lock = std::lock_guard{owner_->mutex_};
  owner_->write(line_, {});
  owner_->used_[line_] = false;
}

children::children(const std::filesystem::path& file) {
  if (!file.empty())
    file_ =
      actors::descriptor{::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
}

void children::write(std::size_t line, const std::string& text) {
  auto padded = text;
  padded.resize(line_size - 1, ' ');
  padded += '\n';
  [[maybe_unused]] auto n =
    ::pwrite(file_.get(), padded.data(), padded.size(), static_cast<off_t>(line * line_size));
}

children::note children::add(pid_t group) {
  if (file_.get() < 0)
    return {};
  auto x = look_at(std::to_string(group));
  if (!x)
    return {};
  auto lock = std::lock_guard{mutex_};
  auto free = static_cast<std::size_t>(std::ranges::find(used_, false) - used_.begin());
  if (free == used_.size())
    used_.push_back(false);
  used_[free] = true;
  write(free, std::to_string(group) + " " + x->start_time + " " + boot_id());
  return note{this, free};
}

std::size_t end_left_behind(const std::filesystem::path& file) {
  auto groups = std::vector<pid_t>{};
  for (const auto& x : read_notes(file))
    if (x.group.size() < 10 && x.group != "0" && x.group != "1" && is_same(x))
      groups.push_back(static_cast<pid_t>(std::stol(x.group)));
  for (auto group : groups)
    ::kill(-group, SIGKILL);
  using namespace std::chrono_literals;
  for (auto waited = 0ms; waited < 2s && std::ranges::any_of(groups, lives); waited += 5ms)
    std::this_thread::sleep_for(5ms);
  return groups.size();
}

} // namespace dagger::actions
