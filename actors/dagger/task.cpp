// `dagger::task`: every call first looks whether the attempt still counts.
#include <dagger/task.hpp>

#include <dagger/actors/engine_impl.hpp>
#include <dagger/actors/run_folder.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/job.hpp>

#include <algorithm>

namespace dagger {

namespace {

task::impl& alive(task::impl& x) {
  x.check_not_lost();
  return x;
}

} // namespace

const std::string& task::job_id() const {
  return alive(impl_).given.job_id;
}

const std::string& task::name() const {
  return alive(impl_).given.task_name;
}

std::uint32_t task::visit() const {
  return alive(impl_).given.attempt.visit;
}

std::uint32_t task::attempt() const {
  return alive(impl_).given.attempt.attempt;
}

bool task::first_visit() const {
  return alive(impl_).given.first_visit;
}

std::string task::idempotency_key() const {
  auto& x = alive(impl_).given;
  return x.job_id + "/" + std::to_string(x.attempt.task) + "/" + std::to_string(x.attempt.visit);
}

std::stop_token task::stop_token() const {
  return alive(impl_).stop_token();
}

std::string task::reached(const std::string& path) const {
  auto& x = alive(impl_);
  auto view = x.where->views->read();
  return actors::reached(actors::folder_of(*view, x.given.attempt.job), path);
}

std::size_t task::woken_by() const {
  return alive(impl_).given.cause.condition;
}

const json& task::answer() const {
  return alive(impl_).answer;
}

const json& task::progress() const {
  return alive(impl_).progress;
}

const json& task::state() const {
  return alive(impl_).state;
}

const json& task::feedback() const {
  return alive(impl_).feedback;
}

bool task::deadline_passed() const {
  return alive(impl_).given.cause.deadline_passed;
}

const std::vector<dependency>& task::dependencies() const {
  return alive(impl_).dependencies();
}

const dependency& task::dependency_on(std::string_view name) const {
  auto& all = dependencies();
  auto i = std::ranges::find(all, name, &dependency::name);
  if (i == all.end())
    throw error{code::not_found, "'" + impl_.given.task_name + "' neither comes after '"
                                   + std::string{name} + "' nor has waited for it"};
  return *i;
}

task_ref task::add_task(task_options options) {
  return alive(impl_).add(std::move(options));
}

std::vector<task_ref> task::add_tasks(std::vector<task_options> options) {
  auto made = std::vector<task_ref>{};
  made.reserve(options.size());
  impl_.expect(options.size());
  for (auto& x : options)
    made.push_back(add_task(std::move(x)));
  return made;
}

void task::add_dependency(const task_ref& later, const task_ref& earlier) {
  alive(impl_).add_dependency(later, earlier);
}

void task::set_summary(std::string text) {
  alive(impl_).set_summary(std::move(text));
}

std::string task::submit(const job& x, on_parent_end when_done) {
  return alive(impl_).submit(x.spec(), when_done);
}

void task::publish(const std::string& channel, json data, const publish_options& options) {
  auto x = message{};
  x.data = payload::from(std::move(data));
  alive(impl_).publish(channel, std::move(x), options);
}

void task::publish_message(const std::string& channel, message x) {
  alive(impl_).publish(channel, std::move(x), {});
}

other_job task::look_at(std::string_view job_id) const {
  return alive(impl_).look_at(job_id);
}

void task::heartbeat(json progress) {
  alive(impl_).heartbeat(progress);
}

void task::emit(json chunk) {
  alive(impl_).emit(chunk);
}

json task::step(const std::string& name, const std::function<json()>& run) {
  return alive(impl_).step(name, run);
}

running_flow task::flow() {
  alive(impl_).check_may_change();
  return running_flow{impl_};
}

void running_flow::add_node(const json& node, const node_options& options) {
  alive(of_).change([&](auto& by, auto& job) { return by.add_node(job, node, options); });
}

void running_flow::remove_node(const std::string& node) {
  alive(of_).remove_node(node);
}

void running_flow::disable(const std::string& node) {
  alive(of_).change([&](auto& by, auto& job) { return by.enable(job, node, false); });
}

void running_flow::enable(const std::string& node) {
  alive(of_).change([&](auto& by, auto& job) { return by.enable(job, node, true); });
}

void running_flow::set_input(const std::string& node, const json& values) {
  alive(of_).change([&](auto& by, auto& job) { return by.set_input(job, node, values); });
}

outcome task::wait(task_ref what, wait_options options) {
  return wait(std::vector{std::move(what)}, std::move(options));
}

outcome task::wait(std::vector<task_ref> what, wait_options options) {
  return wait(condition::all_or_failure(std::move(what)), std::move(options));
}

outcome task::wait(condition what, wait_options options) {
  return wait(std::vector{std::move(what)}, std::move(options));
}

outcome task::wait(std::vector<condition> any_of, wait_options options) {
  return outcome{alive(impl_).suspend(std::move(any_of), std::move(options))};
}

outcome task::review(json output, wait_options options) {
  return outcome{outcome::reviewed{std::move(output), alive(impl_).review(std::move(options))}};
}

outcome task::skip(std::string reason) {
  alive(impl_).check_not_in_step("skip");
  return outcome{plan::skipped{std::move(reason)}};
}

void task::log(std::string_view text) {
  auto& x = alive(impl_);
  auto line = x.given.job_id + " " + x.given.task_name + ": " + std::string{text};
  x.where->logger->write(log_level::info, line);
}

} // namespace dagger
