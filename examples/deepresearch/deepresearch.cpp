// Deep research without a network: a question is split, searched for in a folder of text, judged,
// searched for again where the findings were too thin, and answered with citations.
//
//   deepresearch run examples/deepresearch/deepresearch.yaml
//   deepresearch run examples/deepresearch/deepresearch.yaml -i folder=DIR -i 'question=...'
//
// It thinks with one function, `ask_model` (model.hpp): put your model there.
#include "agents.hpp"

int main(int argc, char** argv) {
  return dagger::cli(argc, argv, [](dagger::engine& engine) {
    engine.add(deepresearch::planner());
    engine.add(deepresearch::searcher());
    engine.add(deepresearch::critic());
    engine.add(deepresearch::writer());
  });
}
