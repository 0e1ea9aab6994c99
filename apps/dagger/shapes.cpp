// Values for programs and texts for people.
#include "shapes.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace dagger::apps {

namespace {

void put_time(json& to, const char* name, const std::optional<timestamp>& x) {
  if (x)
    to[name] = to_rfc3339(*x);
}

} // namespace

json to_json(const error& x) {
  auto made = json{{"code", x.code}, {"message", x.message}};
  if (!x.where.empty())
    made["where"] = x.where;
  if (!x.hint.empty())
    made["hint"] = x.hint;
  return made;
}

json to_json(const agent_description& x) {
  return {{"name", x.name},
          {"description", x.description},
          {"version", x.version},
          {"input", x.input},
          {"output", x.output},
          {"concurrency", x.concurrency},
          {"cooperative", x.cooperative}};
}

json to_json(const plan::job_status& x) {
  auto tasks = json{{"total", x.tasks}};
  for (auto i = std::size_t{0}; i < x.counts.size(); ++i)
    if (x.counts[i] > 0)
      tasks[std::string{dagger::to_text(static_cast<task_state>(i))}] = x.counts[i];
  auto made = json{{"id", x.id},
                   {"name", x.name},
                   {"state", dagger::to_text(x.state)},
                   {"created", to_rfc3339(x.created)},
                   {"tags", x.tags},
                   {"tasks", std::move(tasks)}};
  put_time(made, "ended", x.ended);
  return made;
}

json brief(const plan::task_status& x) {
  auto made = json{{"state", dagger::to_text(x.state)}, {"attempts", x.starts}};
  put_time(made, "started", x.started);
  put_time(made, "ended", x.ended);
  if (x.error)
    made["error"] = to_json(*x.error);
  if (!x.cached.empty())
    made["cached"] = x.cached;
  return made;
}

std::string why_of(const plan::transition& x) {
  const auto between = x.code.empty() || x.message.empty() ? "" : ": ";
  return x.code + between + printable(x.message);
}

std::string printable(std::string_view text) {
  auto clean = std::string{text};
  for (auto& c : clean)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return clean;
}

std::string human(duration x) {
  const auto ms = std::max<std::int64_t>(x.count(), 0);
  auto text = std::array<char, 32>{};
  const auto two = [&](std::int64_t unit, const char* format, std::int64_t part) {
    std::snprintf(text.data(), text.size(), format, static_cast<long long>(ms / unit),
                  static_cast<long long>(ms % unit / part));
  };
  if (ms < 1'000)
    std::snprintf(text.data(), text.size(), "%lldms", static_cast<long long>(ms));
  else if (ms < 60'000)
    two(1'000, "%lld.%llds", 100);
  else if (ms < 3'600'000)
    two(60'000, "%lldm%02llds", 1'000);
  else if (ms < 86'400'000)
    two(3'600'000, "%lldh%02lldm", 60'000);
  else
    two(86'400'000, "%lldd%02lldh", 3'600'000);
  return text.data();
}

std::string human_span(std::optional<timestamp> from, std::optional<timestamp> to,
                       timestamp present) {
  if (!from)
    return {};
  return human(std::chrono::duration_cast<duration>(to.value_or(present) - *from));
}

timestamp now() {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::size_t width(std::string_view text) {
  auto columns = std::size_t{0};
  auto in_escape = false;
  for (const char c : text) {
    in_escape = in_escape || c == '\x1b';
    if (!in_escape && (c & 0xc0) != 0x80)
      ++columns;
    if (c == 'm')
      in_escape = false;
  }
  return columns;
}

std::string cut(std::string text, std::size_t columns) {
  auto seen = std::size_t{0};
  for (auto i = std::size_t{0}; i < text.size(); ++i)
    if ((text[i] & 0xc0) != 0x80 && ++seen > columns) {
      text.resize(i);
      break;
    }
  return text;
}

std::vector<std::string> table::lines() const {
  auto widths = std::vector<std::size_t>{};
  for (const auto& row : rows_)
    for (auto i = std::size_t{0}; i < row.size(); ++i) {
      widths.resize(std::max(widths.size(), i + 1));
      widths[i] = std::max(widths[i], width(row[i]));
    }
  auto all = std::vector<std::string>{};
  for (const auto& row : rows_) {
    auto line = std::string{};
    for (auto i = std::size_t{0}; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size())
        line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    all.push_back(std::move(line));
  }
  return all;
}

} // namespace dagger::apps
