// `dagger graph`: a file, or a job of a store as it stands.
#include "command.hpp"
#include "job_file.hpp"
#include "output_file.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/actors/job_picture.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/graph/render.hpp>
#include <dagger/graph/spec_text.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <sys/stat.h>

namespace dagger::apps {

namespace {

struct graph_options {
  std::string what;
  std::string store;
  std::string format = "dot";
  std::string file;
};

/// What there is to draw; of a file, also what it says.
struct subject {
  graph::picture picture;
  std::optional<graph::spec> file = {};
};

using drawn = tl::expected<subject, std::vector<error>>;

drawn subject_in_file(const graph_options& given) {
  auto loaded = load_job_file(given.what, {.agents = {}, .allow_unknown_agents = true});
  if (!loaded.file)
    return tl::unexpected(std::move(loaded.problems));
  auto picture = graph::picture_of(*loaded.file);
  return subject{std::move(picture), std::move(loaded.file)};
}

result<graph::picture> picture_of_job(const std::string& id, const std::filesystem::path& place) {
  const auto damage = damage_watch{place};
  const auto opened = open_for_reading(place);
  if (!opened)
    return fail(opened.error());
  const auto view = (*opened)->read();
  const auto job = stored_job(*view, id, place);
  if (!job)
    return fail(job.error());
  const auto tasks = plan::tasks_of(*view, job->number);
  if (!tasks)
    return fail(tasks.error());
  return actors::picture_of(job->id, *tasks);
}

/// A file if there is one of that name or it looks like one, else a job.
drawn subject_of(const graph_options& given) {
  struct stat found {};
  const bool exists = ::stat(given.what.c_str(), &found) == 0;
  const bool looks_like_a_file = given.what.find_first_of("./") != given.what.npos;
  const auto place = chosen_store(given.store);
  if (exists || looks_like_a_file)
    return subject_in_file(given);
  if (!place)
    return tl::unexpected(
      std::vector<error>{{code::not_found,
                          "there is no file '" + given.what + "', and no store to look for a job",
                          {},
                          "name a file, or add --store DIR"}});
  auto of_job = picture_of_job(given.what, *place);
  if (!of_job)
    return tl::unexpected(std::vector{std::move(of_job.error())});
  return subject{std::move(*of_job)};
}

result<std::string> text_of(const subject& x, const std::string& format) {
  if (format == "yaml" && !x.file)
    return fail(code::invalid_input, "yaml is for files: a job may have tasks that no file says",
                {}, "use --format json");
  if (format == "yaml")
    return graph::to_yaml_text(*x.file);
  if (format == "json" && x.file && x.file->kind == graph::file_kind::flow)
    return graph::to_json_text(*x.file);
  if (format == "mermaid")
    return graph::to_mermaid(x.picture);
  if (format == "json")
    return to_pretty_text(graph::to_json(x.picture)) + "\n";
  auto dot = graph::to_dot(x.picture);
  return format == "svg" ? draw_svg(dot) : result<std::string>{std::move(dot)};
}

exit_code draw(program& self, const graph_options& given) {
  const auto found = subject_of(given);
  if (!found) {
    self.out.complain(found.error());
    return code_of(found.error().front());
  }
  const auto text = text_of(*found, given.format);
  if (!text) {
    self.out.complain(text.error());
    return exit_code::failed;
  }
  if (given.file.empty()) {
    self.out.print(*text);
    return exit_code::done;
  }
  if (const auto written = write_file(given.file, *text); !written) {
    self.out.complain(written.error());
    return exit_code::failed;
  }
  return exit_code::done;
}

} // namespace

action declare_graph(options& to) {
  auto given = std::make_shared<graph_options>();
  to.argument(given->what, "FILE|ID", "A flow or job file, or the id of a job in the store");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  to.one_of(given->format, "--format", {"dot", "mermaid", "json", "yaml", "svg"},
            "Default: dot; yaml, and json of a flow file, print the file; svg needs Graphviz");
  to.value(given->file, "-o,--output", "FILE", "Writes there instead of standard output");
  return [given](program& self) { return draw(self, *given); };
}

} // namespace dagger::apps
