// `dagger channel create|show|delete`: one channel.
#include "channel_acting.hpp"
#include "channel_shapes.hpp"
#include "given_value.hpp"

#include <dagger/codec/document.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/yaml.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct channel_arguments {
  std::string store;
  std::string verb;
  std::string name;
  std::string file;
  bool force = false;
  bool json = false;
};

error wrong(std::string what) {
  return {code::invalid_input, std::move(what)};
}

/// What a channel file says; the name on the command line is the file's, if that has none.
result<channel_options> read_options(const channel_arguments& given) {
  auto said = json::object();
  if (!given.file.empty()) {
    const auto text = read_named_file(given.file, "a channel file");
    if (!text)
      return fail(text.error());
    const auto read = parse_yaml(*text);
    if (!read)
      return fail(read.error().code, read.error().message, given.file + ":" + read.error().where);
    if (!read->faults.empty()) {
      const auto& first = read->faults.front();
      return fail(code::invalid_input, first.message, given.file + ":" + to_text(first.at));
    }
    said = read->value;
    if (!said.is_object())
      return fail(code::invalid_input, "a channel file is a mapping: `channel: orders`",
                  given.file);
  }
  if (!given.name.empty()) {
    if (said.contains("channel") && said["channel"] != given.name)
      return fail(code::invalid_input,
                  "it is about the channel " + to_text(said["channel"]) + ", not '" + given.name
                    + "'",
                  given.file);
    said["channel"] = given.name;
  }
  auto made = log::channel_from(said);
  if (!made && !given.file.empty())
    made.error().where = given.file + ": " + made.error().where;
  return made;
}

exit_code create(program& self, const channel_arguments& given) {
  const auto place = channel_store(given.store, needs::a_place);
  const auto said = read_options(given);
  if (!place)
    return refuse(self, place.error());
  if (!said)
    return refuse(self, said.error());
  if (auto fit = log::check_channel(*said); !fit)
    return refuse(self, fit.error());
  const auto done = ask_channels(self, *place, "channel create",
                                 actors::control_declare{log::to_json(*said)}, [&](engine& by) {
                                   by.channel(*said).get();
                                   return json::object();
                                 });
  return done ? exit_code::done : refuse(self, done.error());
}

exit_code remove(program& self, const channel_arguments& given) {
  const auto place = channel_store(given.store, needs::a_store);
  if (!place)
    return refuse(self, place.error());
  const auto done =
    ask_channels(self, *place, "channel delete",
                 actors::control_delete_channel{given.name, given.force}, [&](engine& by) {
                   by.remove_channel(given.name, given.force).get();
                   return json::object();
                 });
  return done ? exit_code::done : refuse(self, done.error());
}

exit_code show(program& self, const channel_arguments& given) {
  const auto place = channel_store(given.store, needs::a_store);
  if (!place)
    return refuse(self, place.error());
  const auto damage = damage_watch{*place};
  const auto opened = open_for_reading(*place);
  if (!opened)
    return refuse(self, opened.error());
  const auto view = (*opened)->read();
  const auto found = log::channel_state_of(*view, given.name);
  if (!found)
    return refuse(self, found.error());
  if (!*found)
    return refuse(self, {code::not_found, "there is no channel '" + given.name + "'",
                         place->string(), "dagger channels lists them"});
  const auto shape = to_json(**found);
  if (given.json)
    self.out.print_json(shape);
  else
    self.out.print(to_pretty_text(shape) + "\n");
  return exit_code::done;
}

exit_code act(program& self, const channel_arguments& given) {
  if (given.verb == "create") {
    if (given.name.empty() && given.file.empty())
      return refuse(self, wrong("a name or -f FILE is missing"));
    return create(self, given);
  }
  if (given.name.empty())
    return refuse(self, wrong("the name of the channel is missing"));
  return given.verb == "show" ? show(self, given) : remove(self, given);
}

} // namespace

action declare_channel(options& to) {
  auto given = std::make_shared<channel_arguments>();
  to.argument_of(given->verb, "create|show|delete", {"create", "show", "delete"},
                 "What to do; create sets one up anew that is there");
  to.argument(given->name, "NAME", "The channel; create takes it from the file if it is not given",
              false);
  to.value(given->file, "-f,--file", "FILE",
           "Of create: how it is set up, in YAML or JSON (channel.schema.json); - is standard "
           "input");
  to.flag(given->force, "--force", "Of delete: even if a group waits for messages of it");
  to.value(given->store, "--store", "DIR", "Where it is; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Of show: prints JSON on one line if that is no terminal");
  return [given](program& self) { return act(self, *given); };
}

} // namespace dagger::apps
