// `dagger store`: looks at a store as a whole.
#include "checked_store.hpp"
#include "command.hpp"
#include "shapes.hpp"
#include "store_access.hpp"

#include <dagger/store/store.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct store_options {
  std::string what;
  std::string to;
  std::string store;
  bool json = false;
};

using done = result<exit_code>;

json to_json(const std::filesystem::path& place, const store::statistics& x) {
  auto rows = json::object();
  for (auto i = std::size_t{0}; i < x.rows.size(); ++i)
    rows[std::string{store::table_names[i]}] = x.rows[i];
  auto made = json{{"store", place.string()},
                   {"commits", x.commits},
                   {"bytes_used", x.bytes_used},
                   {"bytes_file", x.bytes_file},
                   {"rows", std::move(rows)}};
  const auto holder = store::holder_of(place);
  made["holder"] = holder ? json(*holder) : json(nullptr);
  return made;
}

done show_info(console& out, const std::filesystem::path& place, const store_options& given) {
  const auto damage = damage_watch{place};
  const auto opened = open_for_reading(place);
  if (!opened)
    return fail(opened.error());
  const auto measured = (*opened)->measure();
  if (!measured)
    return fail(measured.error());
  const auto shape = to_json(place, *measured);
  if (given.json) {
    out.print_json(shape);
    return exit_code::done;
  }
  auto rows = table{};
  rows.add({"store", printable(place.string())});
  rows.add({"held by", shape["holder"].is_null() ? "nobody" : shape["holder"].get<std::string>()});
  rows.add({"commits", std::to_string(measured->commits)});
  rows.add({"used", std::to_string(measured->bytes_used) + " bytes"});
  rows.add({"file", std::to_string(measured->bytes_file) + " bytes"});
  for (auto i = std::size_t{0}; i < measured->rows.size(); ++i)
    if (measured->rows[i] > 0)
      rows.add({std::string{store::table_names[i]}, std::to_string(measured->rows[i]) + " rows"});
  for (const auto& line : rows.lines())
    out.print(line + "\n");
  return exit_code::done;
}

done check_store(console& out, const std::filesystem::path& place, const store_options& given) {
  const auto found = check_apart(place);
  if (!found)
    return fail(found.error());
  if (given.json) {
    auto list = json::array();
    for (const auto& x : *found)
      list.push_back(apps::to_json(x));
    out.print_json({{"store", place.string()}, {"valid", found->empty()}, {"problems", list}});
  } else {
    out.complain(*found);
    if (found->empty())
      out.print("store " + place.string() + ": valid\n");
  }
  return found->empty() ? exit_code::done : exit_code::store;
}

done back_up(console& out, const std::filesystem::path& place, const store_options& given) {
  if (given.to.empty())
    return fail(code::invalid_input, "backup needs the directory to write to", "dagger store",
                "dagger store backup DIR");
  const auto damage = damage_watch{place};
  if (auto copied = store::backup(place, given.to); !copied)
    return fail(std::move(copied.error()));
  if (given.json)
    out.print_json({{"store", place.string()}, {"backup", given.to}});
  else
    out.print("store " + place.string() + ": copied to " + given.to + "\n");
  return exit_code::done;
}

done compact_store(console& out, const std::filesystem::path& place, const store_options& given) {
  const auto damage = damage_watch{place};
  const auto sizes = store::compact(place);
  if (!sizes)
    return fail(sizes.error());
  if (given.json)
    out.print_json(
      {{"store", place.string()}, {"bytes_before", sizes->first}, {"bytes_after", sizes->second}});
  else
    out.print("store " + place.string() + ": " + std::to_string(sizes->first) + " bytes before, "
              + std::to_string(sizes->second) + " after\n");
  return exit_code::done;
}

done run(console& out, const store_options& given) {
  const auto place = needed_store(given.store);
  if (!place)
    return fail(place.error());
  if (auto there = must_exist(*place); !there)
    return fail(std::move(there.error()));
  if (given.what != "backup" && !given.to.empty())
    return fail(code::invalid_input, "unexpected argument '" + given.to + "'",
                "dagger store " + given.what, "the store is named with --store DIR");
  if (given.what == "info")
    return show_info(out, *place, given);
  if (given.what == "check")
    return check_store(out, *place, given);
  if (given.what == "backup")
    return back_up(out, *place, given);
  return compact_store(out, *place, given);
}

} // namespace

action declare_store(options& to) {
  auto given = std::make_shared<store_options>();
  to.argument_of(
    given->what, "ACTION", {"info", "check", "backup", "compact"},
    "info: sizes and counts; check: verifies every record and how they belong together; "
    "backup: a copy, also of a store in use; compact: gives free pages back");
  to.argument(given->to, "DIR", "Of backup: where to; it must not exist", false);
  to.value(given->store, "--store", "DIR", "The store; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) {
    const auto end = run(self.out, *given);
    if (end)
      return *end;
    self.out.complain(end.error());
    return code_of(end.error());
  };
}

} // namespace dagger::apps
