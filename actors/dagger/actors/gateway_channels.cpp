// Channels for other processes: they publish, set up, and get messages line by line.
#include <dagger/actors/gateway_mailbox.hpp>

#include <dagger/actors/value_of.hpp>

namespace dagger::actors {

void gateway::perform_channel(visitors::iterator from, const control_publish& x) {
  answer(from->first, engine_.channels().publish_all(x.channel, value_of(messages_of(x))),
         [](const std::vector<std::uint64_t>& positions) {
           return to_line_ok({{"positions", positions}});
         });
}

void gateway::perform_channel(visitors::iterator from, const control_subscribe& x) {
  if (from->second.member)
    throw error{code::conflict, "this connection has a subscription already"};
  auto how = subscribe_options{};
  if (!x.group.is_null()) {
    auto group = dagger::log::group_from(x.group);
    if (!group)
      throw std::move(group.error());
    how.group = group->name;
    how.ack_wait = group->ack_wait;
    how.max_deliver = group->max_deliver;
    how.backoff = group->backoff;
    how.ordered_by_key = group->ordered_by_key;
    how.dead_letters = group->dead_letters;
  }
  auto begin = dagger::log::start_from(x.from);
  if (!begin)
    throw std::move(begin.error());
  how.from = *begin;
  auto id = from->first;
  auto take = [id, box = box_](dagger::log::deliver&& given) {
    for (auto& m : given.messages)
      if (auto what = dagger::log::decode_message(*m.row))
        box->put({id, to_line_of_message(*what, given, m), false});
  };
  auto [member, joined] = engine_.channels().join(x.pattern, how, std::move(take));
  from->second.member = member;
  answer(id, joined);
}

void gateway::perform_channel(visitors::iterator from, const control_answer& x) {
  if (!from->second.member)
    throw error{code::conflict, "this connection has no subscription"};
  auto said = dagger::log::answer{x.position, x.delivery};
  said.what = x.ack ? dagger::log::verdict::ack : dagger::log::verdict::nak;
  said.reason = x.reason;
  engine_.channels().send(dagger::log::deliveries_answered{
    *from->second.member, static_cast<store::log_id>(x.log), {std::move(said)}});
}

/// What it had goes to others.
void gateway::drop(const visitor& x) {
  auto guard = std::lock_guard{desk_};
  if (x.member && !desk_closed_)
    engine_.channels().leave(*x.member);
}

void gateway::perform_channel(visitors::iterator from, const control_declare& x) {
  answer(from->first, engine_.channels().declare(value_of(dagger::log::channel_from(x.options))));
}

void gateway::perform_channel(visitors::iterator from, const control_delete_channel& x) {
  answer(from->first, engine_.channels().remove(x.channel, x.force));
}

void gateway::perform_channel(visitors::iterator from, const control_redrive& x) {
  answer(from->first, engine_.channels().redrive(x.channel), [](std::uint64_t n) {
    return to_line_ok({{"count", n}});
  });
}

} // namespace dagger::actors
