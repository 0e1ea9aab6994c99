// An agent that is an actor, written as a CAF state class: an auctioneer that keeps the bids in its
// own memory, without a lock, and answers none before it has heard all of them.
//
//   actor_agent run examples/actor_agent/auction.yaml
#include <dagger/actor_agent.hpp>
#include <dagger/dagger.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using dagger::json;

namespace {

class auctioneer {
public:
  using handle = dagger::agent_interface;
  static constexpr const char* name = "auctioneer";

  explicit auctioneer(dagger::agent_self self) : self_(self) {}

  handle::behavior_type make_behavior() {
    return {[this](dagger::visit given) -> caf::result<dagger::outcome> {
      auto later = self_->make_response_promise<dagger::outcome>();
      bids_.push_back({given, later});
      if (bids_.size() == given.input()["bidders"])
        close_the_sale();
      return later;
    }};
  }

private:
  struct bid {
    dagger::visit visit; // kept until it is answered
    caf::typed_response_promise<dagger::outcome> answer;

    auto amount() const {
      return visit.input()["amount"].get<int>();
    }
  };

  void close_the_sale() {
    // Bids arrive in any order: equal ones go by name.
    const auto best = std::ranges::min_element(bids_, [](const bid& a, const bid& b) {
      return std::pair{-a.amount(), a.visit->name()} < std::pair{-b.amount(), b.visit->name()};
    });
    const auto winner = best->visit->name();
    for (auto& x : std::exchange(bids_, {}))
      x.answer.deliver(dagger::outcome{json{{"won", x.visit->name() == winner}}});
  }

  dagger::agent_self self_;
  std::vector<bid> bids_;
};

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    dagger::add_actor_agent<auctioneer>(
      engine, {
                .name = "auctioneer",
                .description = "Takes bids and answers all of them when the last one is in",
                .input = R"({
        "type": "object",
        "required": ["amount", "bidders"],
        "properties": {
          "amount": {"type": "integer", "minimum": 1, "maximum": 1000000},
          "bidders": {"type": "integer", "minimum": 1, "maximum": 100}
        }
      })"_json,
              });
  });
}
