// The agents and fragments of docs/guide/jobs.md, as one program with every subcommand. Without
// arguments it runs what the page does from C++.
#include <dagger/dagger.hpp>

#include <atomic>
#include <csignal>
#include <future>
#include <iostream>
#include <thread>

using dagger::json;
using namespace std::chrono_literals;

namespace {

void add_first(dagger::engine& engine) {
  engine.add({.name = "greeter", .run = [](dagger::task&, const json& in) -> dagger::outcome {
                return json{{"text", "hello " + in["who"].get<std::string>()}};
              }});

  engine.add({.name = "square",
              .description = "Multiplies a number by itself",
              .input = R"({"type": "object", "required": ["n"],
                           "properties": {"n": {"type": "integer", "maximum": 1000}}})"_json,
              .output = R"({"type": "object", "required": ["square"]})"_json,
              .run = [](dagger::task&, const json& in) -> dagger::outcome {
                const auto n = in["n"].get<int>();
                return json{{"square", n * n}};
              }});

  engine.add({.name = "unsteady",
              .retry = {.max_attempts = 3, .initial = 10ms},
              .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.attempt() < 3)
                  return dagger::failure{"guide.not_yet", "try again"};
                return json{{"visit", self.visit()}, {"attempt", self.attempt()}};
              }});

  engine.add({.name = "choosy", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
                if (in["mood"] == "bad")
                  return dagger::failure{
                    .code = "guide.mood", .message = "not today", .retryable = false};
                if (in["mood"] == "lazy")
                  return self.skip("nothing to do");
                return in;
              }});
}

void add_waiting(dagger::engine& engine) {
  engine.add(
    {.name = "host", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
       if (self.first_visit()) {
         auto greetings = std::vector<dagger::task_ref>{};
         for (auto& guest : in["guests"])
           greetings.push_back(self.add_task({.agent = "greeter", .input = {{"who", guest}}}));
         return self.wait(greetings); // this visit ends here; no thread is held
       }
       auto texts = json::array();
       for (auto& greeting : self.dependencies())
         texts.push_back(greeting.output["text"]);
       return json{{"texts", texts}};
     }});

  engine.add(
    {.name = "countdown", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
       const auto left = self.first_visit() ? in["from"].get<int>() : self.state().get<int>();
       if (left == 0)
         return json{{"visits", self.visit()}};
       return self.wait(dagger::condition::time(10ms), {.state = left - 1});
     }});

  engine.add({.name = "doorman", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.first_visit())
                  return self.wait(dagger::condition::signal(
                    "knock", R"({"type": "object", "required": ["name"]})"_json));
                return json{{"let_in", self.answer()["name"]}};
              }});

  engine.add({.name = "patient", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.first_visit())
                  return self.wait(dagger::any_of(dagger::condition::signal("enough"),
                                                  dagger::condition::time(50ms)));
                return json{{"woken_by", self.woken_by() == 0 ? "the signal" : "the time"}};
              }});

  engine.add({.name = "asker", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.first_visit())
                  return self.wait(dagger::condition::signal("answer"),
                                   {.deadline = 50ms, .default_answer = "no answer is an answer"});
                return json{{"answer", self.answer()}, {"late", self.deadline_passed()}};
              }});

  engine.add({.name = "follower", .run = [](dagger::task& self, const json& in) -> dagger::outcome {
                const auto id = in["job"].get<std::string>();
                if (self.first_visit())
                  return self.wait(dagger::condition::of_jobs({id}));
                return self.look_at(id).outputs;
              }});

  engine.add({.name = "optimist", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.first_visit())
                  return self.wait(dagger::condition::of_expected({"luck"}));
                return self.dependency_on("luck").output;
              }});
}

void add_working(dagger::engine& engine) {
  engine.add({.name = "author", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                auto text = std::string{"It was a dark night."};
                if (!self.feedback().is_null())
                  text += " (Now with " + self.feedback()["rejected"].get<std::string>() + ".)";
                return self.review({{"text", text}});
              }});

  engine.add({.name = "traveller",
              .retry = {.max_attempts = 2, .initial = 1ms},
              .run = [](dagger::task& self, const json&) -> dagger::outcome {
                static auto bookings = std::atomic{0};
                const auto flight = self.step("flight", [] { return json(++bookings); });
                if (self.attempt() == 1)
                  return dagger::failure{"guide.hotel_full", "no bed"};
                return json{{"flight", flight}, {"bookings", bookings.load()}};
              }});

  engine.add({.name = "copier",
              .retry = {.max_attempts = 2, .initial = 1ms},
              .heartbeat = 5s,
              .run = [](dagger::task& self, const json&) -> dagger::outcome {
                const auto from =
                  self.progress().is_null() ? 0 : self.progress()["done"].get<int>();
                for (auto part = from; part < 10; ++part) {
                  if (part == 6 && self.attempt() == 1)
                    return dagger::failure{"guide.cable", "somebody pulled it"};
                  self.heartbeat({{"done", part + 1}});
                }
                return json{{"began_at", from}};
              }});

  engine.add({.name = "teller", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                for (auto word : {"once", "upon", "a", "time"})
                  self.emit(word);
                self.set_summary("a story of four words");
                return json{{"words", 4}};
              }});

  engine.add({.name = "boss", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.first_visit()) {
                  auto job = dagger::job{self.job_id() + "-errand"};
                  job.add({.name = "go", .agent = "greeter", .input = {{"who", "customer"}}});
                  const auto id = self.submit(job, dagger::on_parent_end::cancel);
                  return self.wait(dagger::condition::of_jobs({id}), {.state = id});
                }
                return self.look_at(self.state().get<std::string>()).outputs;
              }});

  engine.add({.name = "dreamer", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                while (!self.stop_token().stop_requested())
                  std::this_thread::yield(); // your work, in small pieces
                return dagger::failure{"guide.woken", "the time is over"};
              }});

  engine.add({.name = "deadly", .run = [](dagger::task& self, const json&) -> dagger::outcome {
                if (self.attempt() == 1)
                  std::raise(SIGKILL);
                return json{{"attempt", self.attempt()}};
              }});
}

void add_agents(dagger::engine& engine) {
  add_first(engine);
  add_waiting(engine);
  add_working(engine);
}

dagger::job greetings() {
  auto job = dagger::job{"greetings"};
  auto hello = job.add({.name = "hello", .agent = "greeter", .input = {{"who", "moon"}}});
  job.add({.name = "report", .agent = "host", .after = {hello}, .input = {{"guests", {"sun"}}}});
  return job;
}

void submit(dagger::engine& engine) {
  auto submitted = engine.submit(greetings());
  submitted.accepted().get();    // from here on it survives a crash
  auto result = submitted.get(); // its end
  std::cout << result["report"]["texts"] << "\n";
}

void answer(dagger::engine& engine) {
  auto job = dagger::job{"house"};
  job.add({.name = "door", .agent = "doorman"});
  auto submitted = engine.submit(job);
  engine.signal("house", "knock", {{"name", "ada"}}).get(); // queued if the task does not wait yet
  std::cout << submitted.get()["door"] << "\n";
}

void summaries(dagger::engine& engine) {
  auto job = dagger::job{"stories"};
  job.add({.name = "story", .agent = "teller"});
  auto result = engine.submit(job).get();
  std::cout << result.tasks()[0].summary << ":";

  auto view = engine.read();
  auto number = dagger::plan::find_job(*view, "stories").value()->number;
  auto read =
    dagger::plan::read_stream(*view, number, 0, 0, [](const dagger::plan::stream_entry& chunk) {
      std::cout << " " << chunk.value;
      return true;
    });
  if (!read)
    throw read.error();
  std::cout << "\n";
}

void bound(dagger::engine& engine) {
  auto job = dagger::job{"bounded"};
  job.add({.name = "party", .agent = "host", .input = {{"guests", {"ada", "bob", "cy"}}}});
  job.priority(10).limits({.tasks = 3, .depth = 2, .running = 1, .deadline = 1h});
  job.allowed_agents({"host", "greeter"});
  auto result = engine.submit(job).get();
  std::cout << result.failure()->code << "\n";
}

void stall() {
  auto heard = std::promise<json>{};
  auto options = dagger::engine_options{};
  options.on_stall = [&heard](const std::string&, const json& situation) {
    heard.set_value(situation); // only tell somebody: this is a thread of the engine
  };
  auto engine = dagger::engine{options};
  add_agents(engine);

  auto job = dagger::job{"hopeful"};
  job.add({.name = "wish", .agent = "optimist"});
  job.on_stall(dagger::stall_action::callback);
  auto submitted = engine.submit(job);
  std::cout << heard.get_future().get() << "\n";
  engine.cancel("hopeful").get();
  std::cout << to_text(submitted.get().state()) << "\n";
}

/// The second engine goes on with the store of the first one, where the job is known.
void keep() {
  for (auto i = 0; i < 2; ++i) {
    auto engine = dagger::engine{{.store = "runs.db", .retention = 24h * 7}};
    add_agents(engine); // from here on it works on all that is unfinished there
    auto submitted = engine.submit(greetings());
    std::cout << (submitted.accepted().get() ? "new" : "known") << ", "
              << to_text(submitted.get().state()) << "\n";
  }
}

void from_cpp() {
  auto engine = dagger::engine{};
  add_agents(engine);
  submit(engine);
  answer(engine);
  summaries(engine);
  bound(engine);
  stall();
  keep();
}

} // namespace

int main(int argc, char** argv) {
  if (argc > 1)
    return dagger::cli(argc, argv, add_agents);
  from_cpp();
}
