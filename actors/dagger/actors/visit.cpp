// From an assignment to a report.
//
//   prepare: load payloads ─► resolve references ─► check the input
//   the agent's function, or its actor
//   conclude: check the output ─► report with all that was collected
#include <dagger/actors/visit.hpp>

#include <dagger/actors/node_visit.hpp>
#include <dagger/actors/order.hpp>
#include <dagger/actors/storable.hpp>
#include <dagger/codec/json.hpp>
#include <dagger/codec/utf8.hpp>
#include <dagger/graph/reference.hpp>

#include <algorithm>

namespace dagger {

namespace {

json to_feedback(const std::vector<schema::violation>& xs) {
  auto list = json::array();
  for (auto& x : xs)
    list.push_back({{"pointer", x.pointer}, {"message", x.message}});
  return {{"violations", std::move(list)}};
}

/// Texts of errors are recorded: they must be short, and fit to be shown.
std::string tidied(std::string text) {
  if (text.size() > limits::error_bytes)
    text.resize(limits::error_bytes);
  return to_valid_utf8(text);
}

} // namespace

task::impl::impl(std::shared_ptr<const actors::workplace> place, actors::agent_ptr who,
                 plan::assignment what, std::shared_ptr<const actors::attempt_control> control)
  : where(std::move(place)),
    agent(std::move(who)),
    given(std::move(what)),
    control_(std::move(control)) {}

task::impl::~impl() = default;

void task::impl::check_not_lost() const {
  if (control_->lost.stop_requested())
    throw error{code::attempt_lost, "this attempt is over, what it still does is void"};
}

std::stop_token task::impl::stop_token() const {
  return control_->stop.get_token();
}

json task::impl::load(store::view& view, store::slot which,
                      const plan::stored_payload& from) const {
  if (!from.present)
    return nullptr;
  if (from.is_inline()) {
    auto value = parse_json(from.bytes);
    if (!value)
      throw std::move(value.error());
    return std::move(*value);
  }
  auto text = plan::load(view, given.attempt.job, given.attempt.task, which, from);
  if (!text)
    throw std::move(text.error());
  return text->value();
}

result<void> task::impl::prepare() {
  try {
    auto view = actors::lazy_view{*where->views};
    input = load(view, store::slot::input, given.input);
    state = load(view, store::slot::state, given.state);
    feedback = load(view, store::slot::feedback, given.feedback);
    answer = load(view, store::slot::answer, given.answer);
    progress = load(view, store::slot::progress, given.progress);
    if (given.compensates)
      input = undoing_input(view);
    if (given.templated)
      if (auto done = evaluate(view); !done || skipped)
        return done;
  } catch (error& x) {
    return fail(std::move(x));
  }
  auto wrong = agent->input.check(input);
  if (!wrong.empty())
    return fail(code::invalid_input, schema::to_text(wrong));
  return {};
}

bool task::impl::is_left_out() const {
  auto& ask = where->before_attempt;
  if (!ask || !given.first_visit)
    return false;
  auto choice = ask({.job_id = given.job_id,
                     .task = given.task_name,
                     .agent = agent->options.name,
                     .attempt = given.attempt.attempt,
                     .input = input});
  return choice == attempt_choice::skip;
}

/// What the task got that is to be undone, and what it has returned.
json task::impl::undoing_input(store::view& view) const {
  auto reader = actors::program_reader{view, *where->programs, given.attempt.job};
  auto undone = reader.task(*given.compensates);
  return {{"inputs", reader.input_of(undone)}, {"outputs", reader.output_of(undone)}};
}

/// Turns a template, or the program of a node, into what the agent gets.
result<void> task::impl::evaluate(store::view& view) {
  if (!graph::is_program(input) && !graph::part_in(input)) {
    auto value = resolved(view, input);
    if (!value)
      return fail(std::move(value.error()));
    input = std::move(*value);
    return {};
  }
  node = std::make_unique<actors::node_visit>(view, *where->programs, given, input);
  auto value = node->evaluate();
  if (!value)
    return fail(std::move(value.error()));
  if (*value)
    input = std::move(**value);
  else
    skipped = node->left_out();
  return {};
}

result<json> task::impl::resolved(store::view& view, const json& tmpl) {
  if (!dependencies_)
    read_dependencies(view);
  auto find = [&](std::string_view name) {
    return std::find_if(dependencies_->begin(), dependencies_->end(),
                        [&](auto& x) { return x.name == name; });
  };
  return actors::filled(
    tmpl, actors::inputs_of(view, given.attempt.job),
    [&](std::string_view name) { return find(name) != dependencies_->end(); },
    [&](std::string_view name) { return find(name)->completed() ? &find(name)->output : nullptr; });
}

const std::vector<dependency>& task::impl::dependencies() {
  if (!dependencies_) {
    auto view = where->views->read();
    read_dependencies(*view);
  }
  return *dependencies_;
}

void task::impl::read_dependencies(store::view& view) {
  auto rows = plan::tasks_of(view, given.attempt.job, given.dependencies);
  if (!rows)
    throw std::move(rows.error());
  auto found = std::vector<dependency>{};
  found.reserve(rows->size());
  for (auto& row : *rows) {
    auto output = json{};
    if (row.state == task_state::completed && row.output.present) {
      auto value =
        plan::load_value(view, given.attempt.job, row.number, store::slot::output, row.output);
      if (!value)
        throw std::move(value.error());
      output = std::move(*value);
    }
    found.push_back({std::move(row.name), std::move(row.agent), row.state, std::move(output),
                     std::move(row.summary), std::move(row.error)});
  }
  dependencies_ = std::move(found);
}

plan::report task::impl::failed(failure why, json more) const {
  why.message = tidied(std::move(why.message));
  why.code = tidied(std::move(why.code));
  auto made = plan::report{};
  made.attempt = given.attempt;
  auto text = more.is_null() ? payload{} : payload::from_bytes(to_text(more));
  made.outcome = plan::failed{std::move(why), std::move(text)};
  return made;
}

plan::report task::impl::violated(const std::vector<schema::violation>& wrong) const {
  return failed({.code = std::string{code::invalid_output}, .message = schema::to_text(wrong)},
                to_feedback(wrong));
}

/// Gives a node's files their names, once all else is right; the report of the attempt if it is
/// not.
std::optional<plan::report> task::impl::finish_node(json& output) const {
  if (auto fine = actors::check_shape(output, "the output"); !fine)
    return failed(actors::to_failure(fine.error()));
  auto wrong = agent->output.check(output);
  if (!wrong.empty())
    return violated(wrong);
  auto found = node->finish(output);
  if (!found)
    return failed(actors::to_failure(found.error()));
  return found->empty() ? std::nullopt : std::optional{violated(*found)};
}

/// The text of an output that is good, or the report of an attempt that failed for it.
task::impl::checked task::impl::check_output(json& output) const {
  if (node)
    if (auto ended = finish_node(output))
      return tl::unexpected{std::move(*ended)};
  auto text = actors::to_payload(output, "the output");
  if (!text)
    return tl::unexpected{failed(actors::to_failure(text.error()))};
  auto wrong = agent->output.check(output);
  if (!wrong.empty())
    return tl::unexpected{violated(wrong)};
  return std::move(*text);
}

plan::report task::impl::conclude(outcome&& x) {
  auto made = plan::report{};
  made.attempt = given.attempt;
  if (auto* why = std::get_if<failure>(&x.value_))
    return failed(std::move(*why));
  if (auto* output = std::get_if<json>(&x.value_)) {
    auto text = check_output(*output);
    if (!text)
      return std::move(text.error());
    made.keep = keep(*output, *text);
    auto end = plan::completed{std::move(*text)};
    if (made.keep)
      end.place = made.keep->place;
    made.outcome = std::move(end);
  } else if (auto* review = std::get_if<outcome::reviewed>(&x.value_)) {
    auto text = check_output(review->output);
    if (!text)
      return std::move(text.error());
    review->how.output = std::move(*text);
    made.outcome = std::move(review->how);
  } else if (auto* wait = std::get_if<plan::suspended>(&x.value_)) {
    made.outcome = std::move(*wait);
  } else {
    made.outcome = std::get<plan::skipped>(std::move(x.value_));
  }
  made.added = std::move(added_);
  made.dependencies = std::move(new_dependencies_);
  made.summary = std::move(summary_);
  made.jobs = std::move(jobs_);
  made.messages = std::move(messages_);
  return made;
}

} // namespace dagger

namespace dagger::actors {

namespace {

/// Errors of the store that the next attempt may not meet.
bool may_pass(std::string_view code) {
  return code == code::limit || code == code::unavailable;
}

} // namespace

failure to_failure(const error& x) {
  auto text = x.where.empty() ? x.message : x.where + ": " + x.message;
  return {.code = x.code.empty() ? std::string{code::exception} : x.code,
          .message = std::move(text)};
}

plan::report guarded(task::impl& self, const std::function<plan::report()>& run) {
  try {
    return run();
  } catch (const error& x) {
    return self.failed(to_failure(x));
  } catch (const std::exception& x) {
    return self.failed({.message = x.what()});
  } catch (...) {
    return self.failed({.message = "threw something that is no std::exception"});
  }
}

std::optional<plan::report> ended_before(task::impl& self) {
  auto ready = false;
  auto ended = guarded(self, [&] {
    auto done = self.prepare();
    if (done && self.skipped)
      return self.conclude(task{self}.skip(*self.skipped));
    if (done)
      if (auto made = self.reuse())
        return std::move(*made);
    if (done && self.is_left_out())
      return self.conclude(task{self}.skip("skipped by hand"));
    ready = done.has_value();
    if (ready)
      return plan::report{};
    auto why = to_failure(done.error());
    why.retryable = may_pass(why.code);
    return self.failed(std::move(why));
  });
  return ready ? std::nullopt : std::optional{std::move(ended)};
}

plan::report perform(task::impl& self) {
  if (auto ended = ended_before(self))
    return std::move(*ended);
  return guarded(self, [&] {
    auto handle = task{self};
    return self.conclude(self.agent->options.run(handle, self.input));
  });
}

} // namespace dagger::actors
