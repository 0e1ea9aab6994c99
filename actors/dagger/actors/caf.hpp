// The only file that knows which CAF we build against: 0.17.6, as packaged by
// Debian and Ubuntu, or 1.x. All other files of this folder include this one
// instead of <caf/...>.
#pragma once

#include <dagger/value/record.hpp>

#include <caf/all.hpp>
#include <caf/thread_hook.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#ifdef __SANITIZE_THREAD__
extern "C" void __tsan_acquire(void*);
extern "C" void __tsan_release(void*);
#endif

// Not CAF_VERSION: CAF 1.1.0 defines it as the octal literal 0100.
#if __has_include(<caf/anon_mail.hpp>)
#  define DAGGER_CAF_1 1
#  include <caf/actor_from_state.hpp>
#  include <caf/anon_mail.hpp>
#  include <caf/init_global_meta_objects.hpp>
#  include <caf/thread_owner.hpp>
#else
#  define DAGGER_CAF_1 0
#endif

// -- records as messages ------------------------------------------------------

// Argument-dependent lookup finds these two for every type of namespace dagger,
// but not for types of namespaces below it: those say `using dagger::inspect;`.
namespace dagger {

template <class Inspector, record T>
auto inspect(Inspector& f, T& x) {
  return T::fields(x, [&](auto... fs) {
#if DAGGER_CAF_1
    return f.object(x).pretty_name(T::type_name).fields(f.field(fs.name, fs.value)...);
#else
    return f(caf::meta::type_name(T::type_name), fs.value...);
#endif
  });
}

#if DAGGER_CAF_1 // 0.17 inspects enums on its own
template <class Inspector, class T>
requires std::is_enum_v<T>
bool inspect(Inspector& f, T& x) {
  using number = std::underlying_type_t<T>;
  auto get = [&] { return static_cast<number>(x); };
  auto set = [&](number y) {
    x = static_cast<T>(y);
    return true;
  };
  return f.apply(get, set);
}
#endif

} // namespace dagger

namespace dagger::actors {

// -- typed interfaces ---------------------------------------------------------

#if DAGGER_CAF_1
template <class... Signatures>
using interface = caf::typed_actor<Signatures...>;
#else
namespace detail {

template <class>
struct mpi;

template <class... Out, class... In>
struct mpi<caf::result<Out...>(In...)> {
  using type = caf::typed_mpi<caf::detail::type_list<In...>, caf::output_tuple<Out...>>;
};

} // namespace detail

/// Spells an interface as `interface<caf::result<Out>(In...), ...>`.
template <class... Signatures>
using interface = caf::typed_actor<typename detail::mpi<Signatures>::type...>;
#endif

namespace detail {

template <class>
struct self_of;

template <class... Ts>
struct self_of<caf::typed_actor<Ts...>> {
  using type = caf::typed_event_based_actor<Ts...>*;
};

} // namespace detail

/// What the state of an actor keeps to act in its own name.
template <class Handle>
using self_ptr = typename detail::self_of<Handle>::type;

// -- exceptions ---------------------------------------------------------------

/// An exception that leaves a handler of our own actors is a bug: the process stops.
template <class Self>
void stop_on_exceptions(Self* self) {
  self->set_exception_handler([](std::exception_ptr&) -> caf::error { std::terminate(); });
}

/// An exception ends the actor, and its text is why.
template <class Self>
void end_on_exceptions(Self* self) {
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& x) {
      return caf::make_error(caf::sec::runtime_error, std::string{x.what()});
    } catch (...) {
      return caf::make_error(caf::sec::runtime_error, std::string{"no std::exception"});
    }
  });
}

// -- spawning -----------------------------------------------------------------

/// Starts an actor from its state class. A state has `using handle`, `name`, a
/// constructor that takes `self_ptr<handle>` first, and `make_behavior()`.
#if DAGGER_CAF_1
template <class State, caf::spawn_options Options = caf::no_spawn_options, class Home,
          class... Args>
auto spawn(Home& home, Args&&... args) {
  return home.template spawn<Options>(caf::actor_from_state<State>, std::forward<Args>(args)...);
}
#else
namespace detail {

template <class State>
struct cell {
  // Keeps this from being an aggregate, which 0.17 in C++20 would initialize
  // with the self pointer and thus construct the state a second time.
  cell() = default;

  static constexpr const char* name = State::name;
  std::optional<State> value;
};

#  ifdef __SANITIZE_THREAD__
/// The distribution's CAF is not instrumented: this tells the thread sanitizer that what came
/// before a message was sent, and the actor's last turn, come before the turn that takes the
/// message, and all turns before the actor goes with its last reference.
template <class Base>
class seen : public Base {
public:
  using Base::Base;

  void launch(caf::execution_unit* host, bool lazy, bool hide) override {
    __tsan_release(this->ctrl());
    Base::launch(host, lazy, hide);
  }

  void enqueue(caf::mailbox_element_ptr x, caf::execution_unit* host) override {
    __tsan_release(this->ctrl());
    Base::enqueue(std::move(x), host);
  }

  caf::resumable::resume_result resume(caf::execution_unit* host, size_t most) override {
    auto* me = this->ctrl();
    __tsan_acquire(me);
    auto how = Base::resume(host, most);
    __tsan_release(me);
    return how;
  }

  caf::invoke_message_result consume(caf::mailbox_element& x) override {
    auto* me = this->ctrl();
    __tsan_acquire(me);
    auto how = Base::consume(x);
    __tsan_release(me);
    return how;
  }

  void on_destroy() override {
    __tsan_acquire(this->ctrl());
    Base::on_destroy();
  }
};
#  else
template <class Base>
using seen = Base;
#  endif

} // namespace detail

template <class State, caf::spawn_options Options = caf::no_spawn_options, class Home,
          class... Args>
auto spawn(Home& home, Args&&... args) {
  using handle = typename State::handle;
  using actor = detail::seen<caf::stateful_actor<detail::cell<State>, typename handle::base>>;
  // The one argument too many: without any, 0.17 follows a null pointer to an empty tuple.
  auto init = [](actor* self, std::nullptr_t, std::decay_t<Args>... xs) ->
    typename handle::behavior_type {
      end_on_exceptions(self);
      self->state.value.emplace(self, std::move(xs)...);
      return self->state.value->make_behavior();
    };
  return home.template spawn<Options>(init, nullptr, std::forward<Args>(args)...);
}
#endif

// -- messages -----------------------------------------------------------------

/// Sends a message.
template <class Self, class To, class... Ts>
void tell(Self* self, const To& to, Ts&&... xs) {
#if DAGGER_CAF_1
  self->mail(std::forward<Ts>(xs)...).send(to);
#else
  self->send(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends a message after `delay`.
template <class Self, class To, class... Ts>
void tell_later(Self* self, caf::timespan delay, const To& to, Ts&&... xs) {
#if DAGGER_CAF_1
  self->mail(std::forward<Ts>(xs)...).delay(delay).send(to);
#else
  self->delayed_send(to, delay, std::forward<Ts>(xs)...);
#endif
}

/// Sends a request; continue with `.then(...)` or, outside of actors, with
/// `.receive(...)`.
template <class Self, class Timeout, class To, class... Ts>
auto ask(Self* self, Timeout timeout, const To& to, Ts&&... xs) {
#if DAGGER_CAF_1
  return self->mail(std::forward<Ts>(xs)...).request(to, timeout);
#else
  return self->request(to, timeout, std::forward<Ts>(xs)...);
#endif
}

/// Answers the current request with the answer of `to`.
template <class Self, class To, class... Ts>
auto pass_on(Self* self, const To& to, Ts&&... xs) {
#if DAGGER_CAF_1
  return self->mail(std::forward<Ts>(xs)...).delegate(to);
#else
  return self->delegate(to, std::forward<Ts>(xs)...);
#endif
}

/// Sends a message in nobody's name.
template <class To, class... Ts>
void post(const To& to, Ts&&... xs) {
#if DAGGER_CAF_1
  caf::anon_mail(std::forward<Ts>(xs)...).send(to);
#else
  caf::anon_send(to, std::forward<Ts>(xs)...);
#endif
}

/// Ends an actor, whatever it does next.
template <class Handle>
void end_actor(const Handle& x) {
  caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
}

// -- monitoring ---------------------------------------------------------------

/// Runs a callback inside an actor when another actor ends. An actor that
/// watches others keeps one of these in its state.
class watcher {
public:
  using callback = std::function<void(const caf::error&)>;

  template <class Self, class Handle>
  void watch(Self* self, const Handle& other, callback on_end) {
#if DAGGER_CAF_1
    self->monitor(other, std::move(on_end));
#else
    if (callbacks_.empty())
      self->set_down_handler([this](caf::down_msg& x) {
        auto range = callbacks_.equal_range(x.source);
        auto ended = std::multimap<caf::actor_addr, callback>{};
        while (range.first != range.second)
          ended.insert(callbacks_.extract(range.first++));
        for (auto& [_, f] : ended)
          f(x.reason);
      });
    callbacks_.emplace(other.address(), std::move(on_end));
    self->monitor(other);
#endif
  }

private:
#if !DAGGER_CAF_1
  std::multimap<caf::actor_addr, callback> callbacks_;
#endif
};

// -- errors -------------------------------------------------------------------

/// Whether the error only says that the receiver of a request has ended.
inline bool is_end(const caf::error& x) {
#if DAGGER_CAF_1
  return x.category() == caf::type_id_v<caf::exit_reason> || x == caf::sec::request_receiver_down
      || x == caf::sec::broken_promise;
#else
  return x.category() == caf::make_error(caf::exit_reason::kill).category()
      || x == caf::sec::request_receiver_down;
#endif
}

/// The text that came with the error, or else what it is.
inline std::string text(const caf::error& x) {
  if (x.context().match_elements<std::string>())
    return x.context().get_as<std::string>(0);
#if DAGGER_CAF_1
  return caf::to_string(x);
#else
  return caf::actor_system_config::render(x);
#endif
}

// -- configuration ------------------------------------------------------------

/// Sets a CAF option; 1.x moved all of them below `caf.`.
template <class T>
void option(caf::actor_system_config& cfg, const std::string& key, T value) {
#if DAGGER_CAF_1
  cfg.set("caf." + key, std::move(value));
#else
  cfg.set(key, std::move(value));
#endif
}

/// Chooses how actors are scheduled: `sharing` sleeps when there is nothing to do, which the
/// default does not; `testing` runs nothing by itself.
inline void schedule(caf::actor_system_config& cfg, const char* policy, std::size_t threads) {
#if DAGGER_CAF_1
  option(cfg, "scheduler.policy", std::string{policy});
#else
  // A string would be ignored.
  option(cfg, "scheduler.policy", caf::atom_from_string(policy));
#endif
  option(cfg, "scheduler.max-threads", threads);
}

namespace detail {

class thread_beginning : public caf::thread_hook {
public:
  explicit thread_beginning(void (*run)()) : run_(run) {}

  void init(caf::actor_system&) override {}
#if DAGGER_CAF_1
  void thread_started(caf::thread_owner) override {
    run_();
  }
#else
  void thread_started() override {
    run_();
  }
#endif
#ifdef __SANITIZE_THREAD__
  // The end of the system waits for its threads, which the sanitizer cannot see.
  ~thread_beginning() override {
    __tsan_acquire(this);
  }
  void thread_terminates() override {
    __tsan_release(this);
  }
#else
  void thread_terminates() override {}
#endif

private:
  void (*run_)();
};

} // namespace detail

/// Calls `run` in each thread of the system, before it does anything else.
inline void on_each_thread(caf::actor_system_config& cfg, void (*run)()) {
  cfg.add_thread_hook<detail::thread_beginning>(run);
}

/// Makes the message types of `Blocks` known. 1.x keeps them per process, 0.17
/// per actor system.
template <class... Blocks>
void load(caf::actor_system_config& cfg) {
#if DAGGER_CAF_1
  static const bool once = [] {
    (caf::init_global_meta_objects<Blocks>(), ...);
    caf::core::init_global_meta_objects();
    return true;
  }();
  (void)once;
  (void)cfg;
#else
  (cfg.add_message_types<Blocks>(), ...);
#endif
}

} // namespace dagger::actors
