// `dagger redrive`: dead letters go back to their channel.
#include "channel_acting.hpp"

#include <memory>
#include <unistd.h>

namespace dagger::apps {

namespace {

struct redrive_arguments {
  std::string store;
  std::string channel;
  bool json = false;
};

exit_code redrive(program& self, const redrive_arguments& given) {
  const auto place = channel_store(given.store, needs::a_store);
  if (!place)
    return refuse(self, place.error());
  const auto done =
    ask_channels(self, *place, "redrive", actors::control_redrive{given.channel}, [&](engine& by) {
      return json{{"count", by.redrive(given.channel).get()}};
    });
  if (!done)
    return refuse(self, done.error());
  const auto count = done->at("count").get<std::uint64_t>();
  if (given.json)
    self.out.print_json({{"channel", given.channel}, {"redriven", count}});
  else
    self.out.print(std::to_string(count) + "\n");
  return exit_code::done;
}

} // namespace

action declare_redrive(options& to) {
  auto given = std::make_shared<redrive_arguments>();
  to.argument(given->channel, "CHANNEL", "The channel, without .dead");
  to.value(given->store, "--store", "DIR", "Where it is; default: $DAGGER_STORE");
  to.flag(given->json, "--json", "Prints JSON");
  return [given](program& self) { return redrive(self, *given); };
}

} // namespace dagger::apps
