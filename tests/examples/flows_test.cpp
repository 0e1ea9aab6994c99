// The examples that are flows.
#include "programs.hpp"

#include <support/http_server.hpp>

#include <atomic>

namespace {

using examples::file;
using examples::json;
using examples::outputs_of;
using examples::program;
using examples::run_job;
using support::content_of;

TEST(flow_examples, the_functions_of_a_program_are_actions) {
  const auto end = run_job("add_numbers", "add_numbers/add_numbers.yaml", {"-i", "num1=3"});
  EXPECT_EQ(outputs_of(end), (json{{"result", 529}, {"text", "(3 + 20) squared is 529.0"}}));
}

TEST(flow_examples, the_diamond_gives_40) {
  EXPECT_EQ(outputs_of(run_job("add_numbers", "diamond/diamond.yaml")), (json{{"result", 40}}));
}

TEST(flow_examples, a_pipeline_goes_on_when_its_source_answers) {
  const auto store = support::folder{};
  const auto end = run_job("pipeline", "pipeline/pipeline.yaml",
                           {"-i", "database_url=memory", "--store", store / "s", "--id", "p"});
  EXPECT_EQ(outputs_of(end), (json{{"loaded", 2}}));
  const auto shown =
    outputs_of(support::run({program("pipeline"), "show", "p", "--store", store / "s", "--json"}));
  EXPECT_NE(shown.dump().find("extract_data"), std::string::npos);
}

TEST(flow_examples, what_was_booked_is_cancelled_the_last_first) {
  const auto place = support::folder{};
  const auto end = run_job("saga", "saga/saga.yaml", {"-i", "ledger=" + (place / "l")});
  EXPECT_EQ(end.code, 1);
  EXPECT_NE(end.err.find("journey.full: no hotel"), std::string::npos) << end.err;
  EXPECT_EQ(content_of(place / "l"), "booked flight\nbooked car\ncancelled 7 car\n"
                                     "cancelled 7 flight\n");
}

TEST(flow_examples, what_is_booked_whole_stays) {
  const auto place = support::folder{};
  const auto end =
    run_job("saga", "saga/saga.yaml", {"-i", "ledger=" + (place / "l"), "-i", "full=false"});
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_EQ(content_of(place / "l"), "booked flight\nbooked car\nbooked hotel\n");
}

TEST(flow_examples, scripts_exchange_files) {
  const auto place = support::folder{};
  const auto end = support::run(
    {program("add_numbers"), "run", file("scripts/concatenate.yaml"), "-i", "name=it's"},
    {.directory = place.path()});
  EXPECT_EQ(outputs_of(end), (json{{"file", "both.txt"}}));
  EXPECT_EQ(content_of(place / "both.txt"), "hello it's\ngoodbye it's\n");
}

TEST(flow_examples, words_of_a_folder_are_counted_file_by_file) {
  const auto end =
    run_job("add_numbers", "wordcount/wordcount.yaml", {"-i", "folder=" + file("wordcount/texts")});
  const auto found = outputs_of(end);
  EXPECT_EQ(found["total"], 25);
  EXPECT_EQ(found["words"]["dog"], 3);
  EXPECT_EQ(found["words"]["the"], 4);
}

TEST(flow_examples, a_flow_is_a_node_of_another) {
  EXPECT_EQ(outputs_of(run_job("add_numbers", "subflow/subflow.yaml")), (json{{"degrees", 180.0}}));
}

TEST(flow_examples, the_second_source_stands_in) {
  const auto end = run_job("add_numbers", "retry_and_fallback/retry_and_fallback.yaml");
  EXPECT_EQ(outputs_of(end), (json{{"price", 12.5}, {"source", "second"}}));
}

TEST(flow_examples, pages_of_a_server_become_a_file) {
  auto first = std::atomic{true};
  auto there = dagger::test::http_server{[&](const std::string& request) {
    if (request.starts_with("GET /orders?page=2 ") && first.exchange(false))
      return dagger::test::http_answer("503 Service Unavailable", "not now");
    const auto page = request.substr(request.find('=') + 1, 1);
    const auto body = R"([{"customer": "ann", "cents": )" + page + R"(00},
      {"customer": "bob", "cents": 50}, {"customer": "bob", "cents": -1}])";
    return dagger::test::http_answer("200 OK", body, "Content-Type: application/json\r\n");
  }};
  const auto place = support::folder{};
  const auto end =
    run_job("add_numbers", "etl/etl.yaml",
            {"-i", "url=" + there.url(""), "-i", "target=" + (place / "customers.json")});
  EXPECT_EQ(outputs_of(end),
            (json{{"file", place / "customers.json"}, {"orders", 6}, {"refused", 3}}));
  EXPECT_EQ(json::parse(content_of(place / "customers.json")), (json{{"ann", 600}, {"bob", 150}}));
  EXPECT_EQ(there.seen().size(), 4u) << "the page that was not there was asked for again";
}

TEST(flow_examples, an_agent_grows_the_flow_that_it_is_a_node_of) {
  const auto store = support::folder{};
  const auto end = run_job("agents_in_a_flow", "agents_in_a_flow/book.yaml",
                           {"--store", store / "s", "--id", "book"});
  EXPECT_EQ(outputs_of(end), (json{{"chapters", {"On bees", "On clover", "On honey"}},
                                   {"line", "3 chapters, 1500 words"}}));
  const auto drawn = support::run(
    {program("agents_in_a_flow"), "graph", "book", "--store", store / "s", "--format", "mermaid"});
  EXPECT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_NE(drawn.out.find("writer"), std::string::npos) << drawn.out;
}

} // namespace
