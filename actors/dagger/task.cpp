// `dagger::task`: every call first looks whether the attempt still counts.
#include <dagger/task.hpp>

#include <dagger/actors/storable.hpp>
#include <dagger/actors/visit.hpp>
#include <dagger/codec/utf8.hpp>

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
  return visit() == 1;
}

std::string task::idempotency_key() const {
  auto& x = alive(impl_).given;
  return x.job_id + "/" + std::to_string(x.attempt.task) + "/" + std::to_string(x.attempt.visit);
}

std::stop_token task::stop_token() const {
  return alive(impl_).stop_token();
}

const json& task::state() const {
  return alive(impl_).state;
}

const json& task::feedback() const {
  return alive(impl_).feedback;
}

bool task::deadline_passed() const {
  return alive(impl_).given.deadline_passed;
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
  if (text.size() > limits::summary_bytes)
    text.resize(limits::summary_bytes);
  alive(impl_).summary = to_valid_utf8(text);
}

outcome task::wait(task_ref what, wait_options options) {
  return wait(std::vector{std::move(what)}, std::move(options));
}

outcome task::wait(std::vector<task_ref> what, wait_options options) {
  return wait(condition::all_or_failure(std::move(what)), std::move(options));
}

outcome task::wait(condition what, wait_options options) {
  alive(impl_);
  auto state = payload{};
  if (!options.state.is_null()) {
    auto text = actors::to_payload(options.state, "the state");
    if (!text)
      throw std::move(text.error());
    state = std::move(*text);
  }
  auto made = plan::suspended{};
  made.any_of.push_back(std::move(what));
  made.state = std::move(state);
  made.deadline = options.deadline;
  made.on_deadline = options.on_deadline;
  return outcome{std::move(made)};
}

outcome task::skip(std::string reason) {
  alive(impl_);
  return outcome{plan::skipped{std::move(reason)}};
}

void task::log(std::string_view text) {
  auto& x = alive(impl_);
  auto line = x.given.job_id + " " + x.given.task_name + ": " + std::string{text};
  x.where->logger->write(log_level::info, line);
}

} // namespace dagger
