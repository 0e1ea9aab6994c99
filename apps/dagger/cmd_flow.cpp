// `dagger flow`: changes a run that goes on.
#include "acting.hpp"
#include "ending.hpp"
#include "given_value.hpp"
#include "shapes.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/codec/utf8.hpp>
#include <dagger/graph/file.hpp>
#include <dagger/store/lock.hpp>

#include <memory>
#include <unistd.h>
#include <vector>

namespace dagger::apps {

namespace {

struct flow_arguments {
  std::string id;
  std::string change;
  std::string node;
  std::vector<std::string> values;
  std::string file;
  std::string store;
  bool json = false;
};

error misuse(std::string message, std::string hint) {
  return {code::misuse, std::move(message), {}, std::move(hint)};
}

result<actors::control_request> addition(const flow_arguments& given) {
  if (given.file.empty() || !given.node.empty())
    return fail(misuse("add-node takes its nodes from a file and nothing else",
                       "give it with -f FILE, or -f - for standard input"));
  auto text = read_named_file(given.file, "-f wants a file with a node, or a list of nodes");
  if (!text)
    return fail(std::move(text.error()));
  const auto name = given.file == "-" ? std::string{"standard input"} : given.file;
  if (invalid_utf8(*text) != text->npos)
    return fail(code::invalid_input, "not UTF-8", name);
  const auto beside = given.file == "-" ? std::filesystem::current_path()
                                        : std::filesystem::absolute(given.file).parent_path();
  return actors::control_add_node{given.id, std::move(*text), name, beside.string()};
}

result<json> values_in(const std::vector<std::string>& words) {
  auto made = json::object();
  for (const auto& word : words) {
    auto read = graph::parse_input_argument(word);
    if (!read)
      return fail(std::move(read.error()));
    made[read->first] = std::move(read->second);
  }
  return made;
}

result<actors::control_request> request_of(const flow_arguments& given) {
  if (given.change == "add-node")
    return addition(given);
  if (!given.file.empty())
    return fail(misuse("-f is for add-node", {}));
  if (given.node.empty())
    return fail(misuse(given.change + " wants the id of a node", {}));
  const auto sets = given.change == "set-input";
  if (sets == given.values.empty())
    return fail(misuse(sets ? "set-input wants values" : given.change + " takes no values",
                       sets ? "write them like name=value" : ""));
  if (given.change == "remove-node")
    return actors::control_remove_node{given.id, given.node};
  if (given.change == "enable")
    return actors::control_enable{given.id, given.node};
  if (given.change == "disable")
    return actors::control_disable{given.id, given.node};
  auto values = values_in(given.values);
  if (!values)
    return fail(std::move(values.error()));
  return actors::control_set_input{given.id, given.node, std::move(*values)};
}

/// The run as it stands afterwards.
result<json> shape_after(const flow_arguments& given, const std::filesystem::path& place) {
  const auto damage = damage_watch{place};
  const auto opened = open_for_reading(place);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  const auto job = stored_job(*view, given.id, place);
  if (!job)
    return fail(job.error());
  auto made = to_json(*job);
  made["change"] = given.change;
  if (!given.node.empty())
    made["node"] = given.node;
  return made;
}

exit_code refuse(program& self, const std::vector<error>& why) {
  self.out.complain(why);
  return code_of(why.front());
}

exit_code change(program& self, const flow_arguments& given) {
  const auto place = acted_on(given.store);
  if (!place)
    return refuse(self, {place.error()});
  const auto what = request_of(given);
  if (!what)
    return refuse(self, {what.error()});
  if (const auto problems = act_on(self, *place, "flow", *what); !problems.empty())
    return refuse(self, problems);
  if (!given.json) {
    if (self.out.is_terminal(STDERR_FILENO) && !store::holder_of(*place))
      self.out.note(how_to_go_on(self, given.id, *place));
    return exit_code::done;
  }
  const auto shape = shape_after(given, *place);
  if (!shape)
    return refuse(self, {shape.error()});
  self.out.print_json(*shape);
  return exit_code::done;
}

} // namespace

action declare_flow(options& to) {
  auto given = std::make_shared<flow_arguments>();
  to.argument(given->id, "ID", "The id of a run that has not ended");
  to.argument_of(given->change, "CHANGE",
                 {"add-node", "remove-node", "enable", "disable", "set-input"},
                 "What is to become of it");
  to.argument(given->node, "NODE", "The node, but for add-node; it must not have started", false);
  to.arguments(given->values, "name=value",
               "With set-input: values of inputs, JSON if it is JSON, else a text", false);
  to.value(given->file, "-f,--file", "FILE|-",
           "With add-node: a node as a flow file says it, or a list of them");
  to.value(given->store, "--store", "DIR", "Where the run is; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Prints the run as it stands afterwards as JSON");
  return [given](program& self) { return change(self, *given); };
}

} // namespace dagger::apps
