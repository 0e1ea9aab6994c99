// Flows that must not compile, each in a function whose name the message shows: see
// bad_flows.cmake.
#include <dagger/flow.hpp>

#include <string>
#include <vector>

using dagger::flow;

inline int length_of(const std::string& text) {
  return static_cast<int>(text.size());
}

/// Compiles.
void right_flow(flow& f) {
  auto text = f.add("text", [] { return std::string{"abc"}; });
  f.add("length", length_of, text);
}

#ifdef WRONG
void wrong_type(flow& f) {
  auto number = f.add("number", [] { return std::vector<int>{}; });
  f.add("length", length_of, number);
}

void wrong_count(flow& f) {
  auto text = f.add("text", [] { return std::string{"abc"}; });
  f.add("length", length_of, text, text);
}

void value_of_nothing(flow& f) {
  auto nothing = f.add("nothing", [] {});
  f.add(
    "needs_a_value", [](int) {}, nothing);
}

struct changes_itself {
  int calls = 0;
  int operator()() {
    return ++calls;
  }
};

void not_const(flow& f) {
  f.add("changing", changes_itself{});
}

void wrong_element(flow& f) {
  auto all = f.add("all", [] { return std::vector<void*>{}; });
  f.map("each", length_of, all);
}

void wrong_condition(flow& f) {
  auto text = f.add("text", [] { return std::string{"abc"}; });
  f.add("next", [] {}).when([](std::vector<int>) { return true; }, text);
}

std::string wrong_result(const dagger::flow_result& run, const dagger::node<int>& number) {
  return run[number];
}
#endif
