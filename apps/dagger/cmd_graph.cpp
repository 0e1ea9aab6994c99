// `dagger graph`: a file, or a job of a store as it stands.
#include "command.hpp"
#include "job_file.hpp"
#include "output_file.hpp"
#include "store_access.hpp"
#include "stored_job.hpp"

#include <dagger/actors/job_picture.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/graph/render.hpp>

#include <filesystem>
#include <memory>
#include <sys/stat.h>

namespace dagger::apps {

namespace {

struct graph_options {
  std::string what;
  std::string store;
  std::string format = "dot";
  std::string file;
};

using drawn = tl::expected<graph::picture, std::vector<error>>;

drawn picture_of_file(const graph_options& given) {
  auto loaded = load_job_file(given.what, {.agents = {}, .allow_unknown_agents = true});
  if (!loaded.file)
    return tl::unexpected(std::move(loaded.problems));
  return graph::picture_of(*loaded.file);
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
drawn picture_for(const graph_options& given) {
  struct stat found {};
  const bool exists = ::stat(given.what.c_str(), &found) == 0;
  const bool looks_like_a_file = given.what.find_first_of("./") != given.what.npos;
  const auto place = chosen_store(given.store);
  if (exists || looks_like_a_file)
    return picture_of_file(given);
  if (!place)
    return tl::unexpected(
      std::vector<error>{{code::not_found,
                          "there is no file '" + given.what + "', and no store to look for a job",
                          {},
                          "name a file, or add --store DIR"}});
  auto of_job = picture_of_job(given.what, *place);
  if (!of_job)
    return tl::unexpected(std::vector{std::move(of_job.error())});
  return std::move(*of_job);
}

result<std::string> text_of(const graph::picture& x, const std::string& format) {
  if (format == "mermaid")
    return graph::to_mermaid(x);
  if (format == "json")
    return to_pretty_text(graph::to_json(x)) + "\n";
  auto dot = graph::to_dot(x);
  return format == "svg" ? draw_svg(dot) : result<std::string>{std::move(dot)};
}

exit_code draw(program& self, const graph_options& given) {
  const auto picture = picture_for(given);
  if (!picture) {
    self.out.complain(picture.error());
    return code_of(picture.error().front());
  }
  const auto text = text_of(*picture, given.format);
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
  to.argument(given->what, "FILE|ID", "A job file, or the id of a job in the store");
  to.value(given->store, "--store", "DIR", "Where the job is; default: $DAGGER_STORE");
  to.one_of(given->format, "--format", {"dot", "mermaid", "json", "svg"},
            "Default: dot; svg needs Graphviz");
  to.value(given->file, "-o,--output", "FILE", "Writes there instead of standard output");
  return [given](program& self) { return draw(self, *given); };
}

} // namespace dagger::apps
