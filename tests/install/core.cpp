// A user's program that needs no actors: it reads a schema and a duration.
#include <dagger/codec/json.hpp>
#include <dagger/schemas.hpp>
#include <dagger/value/time.hpp>

#include <iostream>

int main() {
  const auto schema = nlohmann::json::parse(dagger::schemas::text("job"));
  std::cout << schema["type"].get<std::string>() << " "
            << dagger::parse_duration("2m").value().count() << "\n";
}
