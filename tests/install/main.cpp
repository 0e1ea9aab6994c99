// A user's first program: an engine in memory, one agent, one job.
#include <dagger/dagger.hpp>

#include <iostream>

int main() {
  dagger::engine engine;
  engine.add(
    {.name = "greeter", .run = [](dagger::task&, const dagger::json& in) -> dagger::outcome {
       return dagger::json{{"text", "hello, " + in["name"].get<std::string>()}};
     }});
  dagger::job job{"greeting"};
  job.add({.name = "greet", .agent = "greeter", .input = {{"name", "world"}}});
  std::cout << engine.submit(job).get()["greet"]["text"].get<std::string>() << "\n";
}
