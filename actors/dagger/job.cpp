// The job builder, and results read back from the store.
#include <dagger/job.hpp>

#include <dagger/actors/job_picture.hpp>
#include <dagger/actors/job_result.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/actors/value_of.hpp>
#include <dagger/graph/render.hpp>

#include <algorithm>

namespace dagger {

using actors::value_of;

namespace {

void demand_shape(const json& x, std::string_view what) {
  if (auto ok = actors::check_shape(x, what); !ok)
    throw error{code::invalid_input, ok.error().message};
}

} // namespace

job::job(std::string id) {
  spec_.id = std::move(id);
}

task_ref job::add(task_options options) {
  demand_shape(options.input, "the input");
  spec_.tasks.push_back(plan::to_spec(std::move(options)));
  return task_ref::nth(static_cast<std::uint32_t>(spec_.tasks.size() - 1));
}

job& job::name(std::string text) {
  spec_.name = std::move(text);
  return *this;
}

job& job::description(std::string text) {
  spec_.description = std::move(text);
  return *this;
}

job& job::tags(std::vector<std::string> words) {
  spec_.tags = std::move(words);
  return *this;
}

job& job::priority(std::int32_t value) {
  spec_.priority = value;
  return *this;
}

job& job::inputs(json values) {
  demand_shape(values, "the inputs");
  spec_.inputs = payload::from(std::move(values));
  return *this;
}

job& job::outputs(json references) {
  demand_shape(references, "the outputs");
  spec_.outputs = payload::from(std::move(references));
  return *this;
}

job& job::allowed_agents(std::vector<std::string> names) {
  spec_.allowed_agents = std::move(names);
  return *this;
}

job& job::limits(job_limits bounds) {
  spec_.limits = bounds;
  return *this;
}

job& job::on_stall(stall_action what, std::string planning_agent) {
  spec_.stall_action = what;
  spec_.planning_agent = std::move(planning_agent);
  return *this;
}

job& job::on_failure(dagger::on_failure policy) {
  spec_.on_failure = policy;
  return *this;
}

job& job::resources(dagger::resources share) {
  spec_.resources = std::move(share);
  return *this;
}

struct job_result::impl {
  std::shared_ptr<const actors::snapshots> views;
  std::string id;
  std::uint64_t number = 0;
  job_state state = job_state::completed;
};

job_result actors::make_job_result(std::shared_ptr<const snapshots> views, std::string id,
                                   std::uint64_t number, job_state state) {
  return job_result{std::make_shared<const job_result::impl>(
    job_result::impl{std::move(views), std::move(id), number, state})};
}

job_state job_result::state() const {
  return impl_->state;
}

const std::string& job_result::id() const {
  return impl_->id;
}

bool job_result::completed() const {
  return impl_->state == job_state::completed;
}

json job_result::outputs() const {
  auto view = impl_->views->read();
  auto job = value_of(plan::find_job(*view, impl_->id));
  if (!job)
    throw error{code::not_found, "job '" + impl_->id + "' is not in the store any more"};
  return value_of(plan::outputs_of(*view, *job));
}

json job_result::operator[](std::string_view name) const {
  auto all = outputs();
  if (auto i = all.find(name); i != all.end())
    return *i;
  auto view = impl_->views->read();
  auto rows = value_of(plan::tasks_of(*view, impl_->number));
  auto row = std::ranges::find_if(
    rows, [&](const plan::task_status& x) { return x.name == name && !x.replaced; });
  if (row == rows.end())
    throw error{code::not_found, "job '" + impl_->id + "' has neither an output nor a task '"
                                   + std::string{name} + "'"};
  if (row->state != task_state::completed)
    throw error{code::not_found, "task '" + row->name + "' of job '" + impl_->id
                                   + "' has no output: it is " + std::string{to_text(row->state)}};
  return value_of(plan::load(*view, impl_->number, row->number, store::slot::output, row->output))
    .value();
}

std::vector<plan::task_status> job_result::tasks() const {
  return value_of(plan::tasks_of(*impl_->views->read(), impl_->number));
}

std::vector<plan::job_event> job_result::history() const {
  return value_of(plan::history(*impl_->views->read(), impl_->number));
}

std::string job_result::dot() const {
  return graph::to_dot(actors::picture_of(impl_->id, tasks()));
}

std::string job_result::mermaid() const {
  return graph::to_mermaid(actors::picture_of(impl_->id, tasks()));
}

std::optional<error> job_result::failure() const {
  if (completed() || !finished(impl_->state))
    return std::nullopt;
  auto job = value_of(plan::find_job(*impl_->views->read(), impl_->id));
  if (job && job->code == code::timeout)
    return error{code::timeout, "the deadline of job '" + impl_->id + "' has passed"};
  auto rows = tasks();
  auto first = static_cast<const plan::task_status*>(nullptr);
  for (auto& x : rows)
    if (x.state == task_state::failed && !x.optional && !x.replaced && x.error
        && (!first || x.ended.value_or(timestamp::max()) < first->ended.value_or(timestamp::max())))
      first = &x;
  if (!first)
    return error{impl_->state == job_state::cancelled ? code::cancelled : code::exception,
                 "job '" + impl_->id + "' is " + std::string{to_text(impl_->state)}};
  auto why = *first->error;
  why.where = first->name;
  return why;
}

} // namespace dagger
