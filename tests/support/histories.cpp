// The walk through all histories; the random one stands in wander.cpp.
#include <support/every.hpp>
#include <support/histories.hpp>

#include <algorithm>

namespace dagger::test {

namespace {

/// One history as it was chosen: symbols and how many batches were left in flight.
struct trace {
  std::vector<std::pair<std::uint32_t, std::size_t>> steps;
  /// How many batches there were after each step.
  std::vector<std::size_t> marks;
  std::vector<store::batch> batches;
};

class walker {
public:
  walker(const alphabet& a, disk mode) : alphabet_(a), mode_(mode) {}

  walk_result all(std::uint32_t length, std::uint32_t rest_every) {
    auto choices = every{};
    while (result_.problem.empty() && choices.next()) {
      auto now = trace{};
      one(choices, length, rest_every, now);
      last_ = std::move(now);
    }
    return result_;
  }

private:
  void one(every& choices, std::uint32_t length, std::uint32_t rest_every, trace& now) {
    auto world = planner_world{alphabet_.options};
    world.walked_before(!last_.steps.empty());
    alphabet_.join(world);
    if (alphabet_.begin)
      alphabet_.begin(world);
    world.commit_all();
    auto known = true; // walked before, up to here
    auto full = true;
    for (auto i = std::uint32_t{0}; i < length && world.ok(); ++i) {
      const auto s = choices.choice(static_cast<std::uint32_t>(alphabet_.symbols.size()));
      known = known && i < last_.steps.size() && last_.steps[i].first == s;
      world.walked_before(known);
      if (!alphabet_.symbols[s].happen(world)) {
        full = false;
        break;
      }
      const auto n = static_cast<std::uint32_t>(world.in_flight());
      const auto left = mode_ == disk::at_once ? 0 : choices.choice(n + 1);
      known = known && last_.steps[i].second == left;
      world.walked_before(known);
      world.commit(n - left);
      now.steps.emplace_back(s, left);
      now.marks.push_back(world.batches().size());
      ++result_.steps;
      if (known)
        compare_batches(world, i);
      else
        world.check();
    }
    result_.histories += full ? 1 : 0;
    world.walked_before(false);
    if (full && world.ok())
      at_the_end(world, rest_every);
    if (!world.ok())
      result_.problem = told(now, world.problem());
    now.batches = world.batches();
  }

  void compare_batches(planner_world& world, std::size_t step) {
    const auto from = step == 0 ? std::size_t{0} : last_.marks[step - 1];
    if (world.batches().size() != last_.marks[step]
        || !std::equal(world.batches().begin() + static_cast<std::ptrdiff_t>(from),
                       world.batches().end(),
                       last_.batches.begin() + static_cast<std::ptrdiff_t>(from)))
      world.fail("the same history gave other batches than before");
  }

  void at_the_end(planner_world& world, std::uint32_t rest_every) {
    if (result_.histories % rest_every != 0)
      return;
    world.commit_all();
    world.check_at_rest();
    if (result_.histories / rest_every % 4 == 0)
      world.finish();
  }

  std::string told(const trace& now, const std::string& problem) const {
    auto out = alphabet_.name + ", history " + std::to_string(result_.histories) + ":";
    for (const auto& [s, left] : now.steps)
      out += " [" + alphabet_.symbols[s].name
           + (left == 0 ? "" : ", " + std::to_string(left) + " in flight") + "]";
    return out + "\n" + problem;
  }

  const alphabet& alphabet_;
  disk mode_;
  trace last_;
  walk_result result_;
};

} // namespace

walk_result walk(const alphabet& a, std::uint32_t length, disk mode, std::uint32_t rest_every) {
  return walker{a, mode}.all(length, rest_every);
}

symbol crash_of(std::function<void(planner_world&)> join) {
  return {"crash", [join = std::move(join)](planner_world& w) {
            w.crash();
            join(w);
            return true;
          }};
}

plan::job_spec job_of(std::string id, std::vector<plan::task_spec> tasks) {
  auto spec = plan::job_spec{};
  spec.id = std::move(id);
  spec.name = "test";
  spec.tasks = std::move(tasks);
  return spec;
}

payload text_payload(std::string json_text) {
  return payload::from_bytes(std::move(json_text));
}

} // namespace dagger::test
