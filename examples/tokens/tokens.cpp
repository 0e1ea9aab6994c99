// An agent streams words as they come to it, as a model does. A reader that goes away comes back
// and continues where it was; nothing is lost, and nothing comes twice.
#include <dagger/dagger.hpp>

#include <condition_variable>
#include <iostream>
#include <mutex>
#include <sstream>

using dagger::json;

namespace {

/// Where a model would be called.
constexpr auto poem = "so much depends upon a red wheel barrow glazed with rain water";

/// Wakes readers when something has been written.
class bell {
public:
  void ring() {
    const auto guard = std::lock_guard{mutex_};
    ++rung_;
    changed_.notify_all();
  }

  /// Waits for a ring that `seen` does not count yet.
  void wait(std::uint64_t& seen) {
    auto guard = std::unique_lock{mutex_};
    changed_.wait(guard, [&] { return rung_ > seen; });
    seen = rung_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t rung_ = 0;
};

/// Prints the stream of the task from `position` on, until it has printed `words` of them; where it
/// stopped.
std::uint64_t read(const dagger::engine& engine, bell& news, std::uint64_t position,
                   std::size_t words) {
  auto seen = std::uint64_t{0};
  for (auto printed = std::size_t{0}; printed < words;) {
    const auto view = engine.read();
    const auto job = dagger::plan::find_job(*view, "poet");
    if (!job)
      throw job.error();
    if (!*job) {
      news.wait(seen);
      continue;
    }
    const auto done = dagger::plan::read_stream(
      *view, (*job)->number, 0, position, [&](const dagger::plan::stream_entry& x) {
        position = x.position + 1;
        std::cout << json::parse(x.value).get<std::string>() << " ";
        return ++printed < words;
      });
    if (!done)
      throw done.error();
    if (printed < words)
      news.wait(seen);
  }
  std::cout << "\n";
  return position;
}

} // namespace

int main() {
  try {
    auto engine = dagger::engine{};
    auto news = bell{};
    engine.on_events([&] { news.ring(); });
    engine.add({.name = "poet", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                  auto words = std::istringstream{poem};
                  for (auto word = std::string{}; words >> word;)
                    self.emit(word);
                  return json{{"words", 12}};
                }});
    auto job = dagger::job{"poet"};
    job.add({.agent = "poet"});
    const auto end = engine.submit(job);

    std::cout << "a reader: ";
    const auto position = read(engine, news, 0, 5);
    std::cout << "it comes back: ";
    read(engine, news, position, 7);
    std::cout << "the job: " << end.get().outputs() << "\n";
    engine.on_events(nullptr);
    return 0;
  } catch (const dagger::error& why) {
    std::cerr << to_string(why) << "\n";
    return 1;
  }
}
