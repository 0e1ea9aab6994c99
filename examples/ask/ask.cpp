// Request and reply: who asks does not know who answers, and hears at once if nobody does.
#include <dagger/dagger.hpp>

#include <chrono>
#include <iostream>

using dagger::json;
using namespace std::chrono_literals;

namespace {

/// What a request came to.
std::string said(const dagger::future<json>& answer) {
  try {
    return answer.get().dump();
  } catch (const dagger::error& why) {
    return why.code + ": " + why.message;
  }
}

} // namespace

int main() {
  auto engine = dagger::engine{};
  std::cout << "before anybody is there: " << said(engine.request("prices", {{"item", "tea"}}))
            << "\n";

  const auto shop = json{{"tea", 3}, {"cake", 4}};
  const auto clerk = engine.subscribe("prices", {.group = "clerks"}, [&](dagger::delivery& d) {
    const auto item = d.data()["item"].get<std::string>();
    if (shop.contains(item))
      d.reply({{"item", item}, {"price", shop[item]}});
    // else nobody answers, and who asked stops waiting when his time is over
  });

  std::cout << "tea: " << said(engine.request("prices", {{"item", "tea"}})) << "\n";
  std::cout << "cake: " << said(engine.request("prices", {{"item", "cake"}})) << "\n";
  std::cout << "gold: " << said(engine.request("prices", {{"item", "gold"}}, 50ms)) << "\n";
}
