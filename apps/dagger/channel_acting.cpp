// The same answer, whoever gives it.
#include "channel_acting.hpp"

namespace dagger::apps {

namespace {

engine_options options_for(const program& self, const std::filesystem::path& store,
                           std::string_view command, bool listens) {
  auto how = without_work(self, store, command);
  how.control = listens;
  return how;
}

} // namespace

result<std::filesystem::path> channel_store(const std::string& option, needs what) {
  if (what == needs::a_store)
    return acted_on(option);
  auto place = needed_store(option);
  if (place)
    if (auto usable = can_hold_store(*place); !usable)
      return fail(std::move(usable.error()));
  return place;
}

channel_engine::channel_engine(const program& self, const std::filesystem::path& store,
                               std::string_view command, bool listens)
  : damage(store),
    runs(options_for(self, store, command, listens)) {}

result<json> ask_channels(program& self, const std::filesystem::path& store,
                          std::string_view command, const actors::control_request& what,
                          const std::function<json(engine&)>& here) {
  auto answer = json{};
  const auto done = by_whoever_holds(
    store,
    [&](control_client& line) -> result<void> {
      auto said = line.ask(what);
      if (!said)
        return fail(std::move(said.error()));
      answer = std::move(*said);
      return {};
    },
    [&]() -> result<void> {
      try {
        auto ours = channel_engine{self, store, command, false};
        answer = here(ours.runs);
        return {};
      } catch (error& why) {
        return fail(std::move(why));
      }
    });
  if (!done)
    return fail(done.error());
  return answer;
}

exit_code refuse(program& self, const error& why) {
  self.out.complain(why);
  return code_of(why);
}

} // namespace dagger::apps
