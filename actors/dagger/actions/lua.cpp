// The agent `lua`. Its instructions are bounded, so it runs on the engine's own threads.
#include <dagger/actions/lua.hpp>

#include <dagger/script/evaluator.hpp>

#include <mutex>
#include <unordered_map>

namespace dagger::actions {

namespace {

/// Programs by their text: most tasks of an engine run the same few.
class programs {
public:
  result<script::program> get(const std::string& text) {
    auto lock = std::lock_guard{mutex_};
    if (auto it = known_.find(text); it != known_.end())
      return it->second;
    auto made = script::program::compile(text, {"script", {}}, script::form::chunk);
    if (!made)
      return made;
    if (known_.size() >= limits::scripts_per_thread)
      known_.clear();
    return known_.emplace(text, std::move(*made)).first->second;
  }

private:
  std::mutex mutex_;
  std::unordered_map<std::string, script::program> known_;
};

/// The same inputs fail the same way.
failure to_failure(const error& x) {
  return {x.code, to_string(x), false, {}};
}

outcome run_program(programs& known, const json& input) {
  auto program = known.get(input["script"].get_ref<const std::string&>());
  if (!program)
    return to_failure(program.error());
  auto names = script::scope{};
  for (const auto& [name, value] : input.items())
    if (name != "script")
      names.add(name, value);
  auto value = script::evaluator::of_this_thread().evaluate(*program, names);
  if (!value)
    return to_failure(value.error());
  if (value->is_null())
    return json::object();
  if (!value->is_object())
    return failure{.code = std::string{code::invalid_output},
                   .message = "the script must return a table with names, {result = ...}, and "
                              "returned "
                            + std::string{value->type_name()},
                   .retryable = false};
  return std::move(*value);
}

} // namespace

agent lua() {
  auto made = agent{.name = "lua", .description = "Runs a Lua program", .version = "1"};
  made.input = {{"type", "object"},
                {"required", {"script"}},
                {"properties", {{"script", {{"type", "string"}}}}}};
  made.output = {{"type", "object"}};
  made.cooperative = true;
  made.run = [known = std::make_shared<programs>()](task&, const json& input) -> outcome {
    return run_program(*known, input);
  };
  return made;
}

} // namespace dagger::actions
