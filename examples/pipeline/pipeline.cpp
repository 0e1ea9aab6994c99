// Extract, transform, load: three actions, one of which fails at its first attempts.
//
//   pipeline run examples/pipeline/pipeline.yaml -i database_url=memory:customers
#include <dagger/dagger.hpp>

#include <algorithm>
#include <string>

using dagger::failure;
using dagger::json;
using dagger::outcome;

namespace {

/// A customer list as it comes from elsewhere: names with blanks, one without an address.
outcome extract_customers(dagger::task& self, const json& in) {
  if (self.attempt() < 2)
    return failure{.code = "unavailable",
                   .message = in["source_db"].get<std::string>() + " does not answer"};
  return json{{"raw_data",
               {{{"name", " Ada "}, {"mail", "ada@example.org"}},
                {{"name", "Grace"}, {"mail", nullptr}},
                {{"name", "Edsger  "}, {"mail", "edsger@example.org"}}}}};
}

std::string trimmed(std::string text) {
  std::erase(text, ' ');
  return text;
}

outcome clean_and_transform(dagger::task&, const json& in) {
  auto clean = json::array();
  for (auto& x : in["data"])
    if (!x["mail"].is_null())
      clean.push_back({{"name", trimmed(x["name"])}, {"mail", x["mail"]}});
  return json{{"clean_data", std::move(clean)}};
}

outcome load_to_warehouse(dagger::task& self, const json& in) {
  self.log("into " + in["target_table"].get<std::string>());
  return json{{"loaded_count", in["data"].size()}};
}

void add_agents(dagger::engine& engine) {
  engine.add({.name = "extract_customers", .run = extract_customers});
  engine.add({.name = "clean_and_transform", .cooperative = true, .run = clean_and_transform});
  engine.add({.name = "load_to_warehouse", .run = load_to_warehouse});
}

} // namespace

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, add_agents);
}
