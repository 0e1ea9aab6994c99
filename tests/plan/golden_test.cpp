// The bytes of a fixed history, as tests/golden/plan_history.txt holds them: rows of a
// released version must be readable for ever, so they do not change by accident.
#include <support/bare_planner.hpp>

#include <support/histories.hpp>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

namespace dagger::test {

namespace {

using namespace std::chrono_literals;

std::string hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  auto out = std::string{};
  for (const auto c : bytes) {
    const auto x = static_cast<unsigned char>(c);
    out += digits[x >> 4];
    out += digits[x & 15];
  }
  return out.empty() ? "-" : out;
}

std::string told(const store::batch& b) {
  auto out = std::ostringstream{};
  for (auto i = std::size_t{0}; i < b.size(); ++i) {
    const auto c = b[i];
    const auto kind = static_cast<int>(c.kind);
    const auto version = static_cast<int>(c.version);
    if (c.verb == store::batch::verb::append)
      out << "append " << static_cast<std::uint32_t>(c.log) << " at " << c.expected << " kind "
          << kind << "." << version << " " << hex(c.body) << "\n";
    else if (c.verb == store::batch::verb::erase)
      out << "erase " << name_of(c.table) << " " << hex(c.key) << "\n";
    else
      out << "put " << name_of(c.table) << " " << hex(c.key) << " kind " << kind << "." << version
          << " " << hex(c.body) << "\n";
  }
  return out.str();
}

plan::task_spec task_of(std::string name, std::string agent, std::vector<task_ref> after = {}) {
  auto t = plan::task_spec{};
  t.name = std::move(name);
  t.agent = std::move(agent);
  t.after = std::move(after);
  t.input = text_payload(R"({"n":1})");
  return t;
}

plan::job_spec fixed_job() {
  auto root = task_of("root", "a");
  root.description = "the first one";
  root.kind = task_kind::objective;
  root.total_timeout = 1h;
  auto flaky = task_of("flaky", "b");
  flaky.retry = retry_policy{.max_attempts = 2,
                             .initial = 1s,
                             .backoff = backoff::linear,
                             .jitter = 0.5,
                             .retry_on = {"unavailable"},
                             .abort_on = {"x.stop"}};
  flaky.timeout = 5s;
  flaky.priority = -3;
  flaky.optional = true;
  auto once = task_of("once", "b", {"flaky"});
  once.at_most_once = true;
  once.templated = true;
  auto spec = job_of("golden", {root, flaky, once, task_of("", "b", {"root", "once"})});
  spec.description = "a fixed history";
  spec.priority = 7;
  spec.tags = {"red", "blue"};
  spec.created_by = "a test";
  spec.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  spec.inputs = text_payload(R"({"topic":")" + std::string(150, 'x') + R"("})");
  spec.outputs = text_payload(R"({"report":"root.report"})");
  spec.allowed_agents = {"a", "b"};
  return spec;
}

void join(bare_planner& p) {
  p.apply(plan::agent_joined{.agent = "a", .slots = 2, .retry = {}, .timeout = {}});
  p.apply(plan::agent_joined{.agent = "b", .slots = 1, .retry = {}, .timeout = 30s});
}

/// A bit of everything that is written.
std::string fixed_history() {
  auto p = bare_planner{};
  join(p);
  p.submit(fixed_job());
  p.now += 10ms;
  auto r = plan::report{};
  r.attempt = {1, 0, 1, 1};
  r.added = {task_of("child", "a"), task_of("", "a", {task_ref::nth(0)})};
  r.dependencies = {{"once", task_ref::nth(1)}};
  r.summary = "asked two";
  auto wait = plan::suspended{};
  wait.any_of = {condition::all_or_failure({task_ref::nth(0), task_ref::nth(1)}),
                 condition::time(10min)};
  wait.state = text_payload("[1,2,3]");
  wait.deadline = 5min;
  wait.on_deadline = on_deadline::wake;
  r.outcome = wait;
  p.apply(plan::tasks_reported{{r}});
  p.now += 10ms;
  auto violations = text_payload(R"({"violations":[]})");
  p.report({1, 1, 1, 1},
           plan::failed{{.code = "unavailable", .message = "no route"}, std::move(violations)});
  p.pass_to(*p.real().wake_at());
  p.report({1, 4, 1, 1}, plan::completed{text_payload(std::string(200, '9'))});
  p.now += 1s;
  p.open(); // two run: both are interrupted
  join(p);
  p.report({1, 5, 1, 2}, plan::skipped{"not needed"});
  p.now += 31s;
  p.pass_to(p.now);
  p.report({1, 1, 1, 3}, plan::abandoned{});
  auto last = plan::report{};
  last.attempt = {1, 0, 2, 1};
  last.outcome = plan::completed{text_payload(R"({"report":"short"})")};
  last.keep =
    plan::kept_output{.place = {1, 2},
                      .call = {3, 4},
                      .keep = 1h,
                      .files = {{.path = "out.txt", .size = 300, .modified = 1'000'000'000'000},
                                {.path = "in", .size = 1, .content = digest{5, 6}}}};
  p.apply(plan::tasks_reported{{last}});
  while (p.real().wake_at())
    p.pass_to(*p.real().wake_at());
  auto out = std::string{};
  for (const auto& b : p.batches)
    out += told(b) + "\n";
  return out;
}

} // namespace

TEST(golden, the_rows_of_a_fixed_history_have_not_changed) {
  const auto path = std::string{DAGGER_GOLDEN_FOLDER} + "/plan_history.txt";
  const auto now = fixed_history();
  if (std::getenv("DAGGER_GOLDEN_WRITE")) {
    auto out = std::ofstream{path, std::ios::binary};
    out << now;
    ASSERT_TRUE(out.good()) << path;
    return;
  }
  auto in = std::ifstream{path, std::ios::binary};
  ASSERT_TRUE(in.good()) << path << "; DAGGER_GOLDEN_WRITE=1 writes it";
  const auto before = std::string{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_EQ(now, before) << "if that is meant, run with DAGGER_GOLDEN_WRITE=1 and say so in the"
                            " change log: stores of older versions hold the old rows";
}

TEST(golden, the_same_history_gives_the_same_bytes_again) {
  EXPECT_EQ(fixed_history(), fixed_history());
}

} // namespace dagger::test
