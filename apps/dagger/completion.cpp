// From a command line that is not finished to what may come next.
#include "completion.hpp"

#include "catalogue.hpp"
#include "shapes.hpp"
#include "store_access.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace dagger::apps {

namespace {

/// Jobs and tasks that are offered; more than these nobody reads.
constexpr std::size_t most_offered = 1'000;

struct candidate {
  std::string word;
  std::string text;
};

/// What may come next.
struct offer {
  std::string_view kind = "words";
  std::vector<candidate> words;
};

/// The words before the one that is being typed, told apart.
struct typed_words {
  std::vector<std::string> arguments;
  std::vector<std::pair<const option_shape*, std::string>> values;
  /// Its value is being typed.
  const option_shape* pending = nullptr;
  bool only_arguments = false;
};

const option_shape* option_called(const options& all, std::string_view name) {
  for (const auto& x : all.shapes())
    if (std::ranges::find(x.names, name) != x.names.end())
      return &x;
  return nullptr;
}

typed_words read(const options& all, const std::vector<std::string>& words) {
  auto made = typed_words{};
  for (const auto& word : words) {
    if (made.pending) {
      made.values.emplace_back(std::exchange(made.pending, nullptr), word);
    } else if (made.only_arguments || !word.starts_with('-') || word == "-") {
      made.arguments.push_back(word);
    } else if (word == "--") {
      made.only_arguments = true;
    } else if (const auto equals = word.find('='); equals != word.npos) {
      if (const auto* x = option_called(all, word.substr(0, equals)))
        made.values.emplace_back(x, word.substr(equals + 1));
    } else if (const auto* x = option_called(all, word); x && !x->placeholder.empty()) {
      made.pending = x;
    }
  }
  return made;
}

std::string value_of(const typed_words& typed, std::string_view option) {
  for (const auto& [x, value] : typed.values)
    if (std::ranges::find(x->names, option) != x->names.end())
      return value;
  return {};
}

/// The store that the command line names, to look into; none if there is none.
std::unique_ptr<store::store> store_of(const typed_words& typed) {
  const auto place = chosen_store(value_of(typed, "--store"));
  if (!place)
    return nullptr;
  auto opened = open_for_reading(*place);
  return opened ? std::move(*opened) : nullptr;
}

std::vector<candidate> jobs_in(store::view& v) {
  auto found = std::vector<candidate>{};
  // What cannot be read is not offered.
  (void)plan::list_jobs(v, [&](const plan::job_status& x) {
    found.push_back({x.id, std::string{to_text(x.state)} + ", " + printable(x.name)});
    return found.size() < most_offered;
  });
  return found;
}

std::vector<candidate> tasks_in(store::view& v, const std::string& id) {
  auto found = std::vector<candidate>{};
  const auto job = plan::find_job(v, id);
  if (!job || !*job)
    return found;
  const auto count = std::min<std::uint32_t>((*job)->task_numbers, most_offered);
  const auto tasks = plan::tasks_of(v, (*job)->number, {plan::task_range{0, count}});
  if (!tasks)
    return found;
  for (const auto& x : *tasks)
    if (!x.replaced)
      found.push_back({x.name, std::string{to_text(x.state)} + ", " + printable(x.agent)});
  return found;
}

std::vector<candidate> signals_in(store::view& v, const std::string& id) {
  auto found = std::vector<candidate>{};
  if (const auto waits = plan::signal_waits(v, id))
    for (const auto& x : *waits)
      found.push_back({x.signal, "task " + printable(x.task_name) + " waits for it"});
  return found;
}

std::vector<candidate> agents_of(const program& self) {
  auto found = std::vector<candidate>{};
  const auto all = catalogue::of(self);
  for (const auto& x : all.agents())
    found.push_back({x.name, printable(x.description)});
  return found;
}

/// Values of an option or argument, by what its placeholder says.
offer values_for(const program& self, const typed_words& typed, const option_shape& x) {
  auto made = offer{};
  for (const auto& word : x.words)
    made.words.push_back({word, {}});
  const auto& what = x.placeholder;
  if (what == "DIR")
    made.kind = "directories";
  if (what.starts_with("FILE") || what == "LIB")
    made.kind = "files";
  if (what == "AGENT")
    made.words = agents_of(self);
  const bool of_a_task = what == "TASK" || what == "NODE";
  const bool of_a_job = of_a_task || what == "NAME";
  if (what != "ID" && what != "FILE|ID" && !of_a_job)
    return made;
  const auto opened = store_of(typed);
  if (!opened)
    return made;
  const auto view = opened->read();
  if (!of_a_job)
    made.words = jobs_in(*view);
  else if (!typed.arguments.empty())
    made.words = of_a_task ? tasks_in(*view, typed.arguments.front())
                           : signals_in(*view, typed.arguments.front());
  return made;
}

/// The argument that a word at this place is; none if there is no more.
const option_shape* argument_at(const options& all, std::size_t place) {
  auto last = static_cast<const option_shape*>(nullptr);
  for (const auto& x : all.shapes()) {
    if (!x.is_argument())
      continue;
    last = &x;
    if (place-- == 0)
      return last;
  }
  return last && last->repeated ? last : nullptr;
}

/// Long names of options that are not there yet, or may be there again.
std::vector<candidate> options_left(const options& all, const std::vector<std::string>& words) {
  auto found = std::vector<candidate>{};
  for (const auto& x : all.shapes()) {
    const bool used = std::ranges::any_of(
      x.names, [&](const auto& name) { return std::ranges::find(words, name) != words.end(); });
    if (!x.is_argument() && (!used || x.repeated))
      found.push_back({x.names.back(), x.text});
  }
  return found;
}

offer offer_for(const program& self, const options& all, std::vector<std::string> words) {
  auto last = std::move(words.back());
  words.pop_back();
  const auto typed = read(all, words);
  if (typed.pending)
    return values_for(self, typed, *typed.pending);
  if (!typed.only_arguments && last.starts_with('-')) {
    const auto equals = last.find('=');
    if (equals == last.npos)
      return {"words", options_left(all, words)};
    const auto* x = option_called(all, last.substr(0, equals));
    auto made = x ? values_for(self, typed, *x) : offer{};
    for (auto& value : made.words)
      value.word = last.substr(0, equals + 1) + value.word;
    return made;
  }
  auto made = offer{};
  if (const auto* x = argument_at(all, typed.arguments.size()))
    made = values_for(self, typed, *x);
  // What is there already is not offered again: `purge a b <TAB>`.
  std::erase_if(made.words, [&](const auto& x) {
    return std::ranges::find(typed.arguments, x.word) != typed.arguments.end();
  });
  return made;
}

offer commands_offered() {
  auto made = offer{};
  for (const auto& x : commands())
    made.words.push_back({std::string{x.name}, std::string{x.summary}});
  made.words.push_back({"help", "Lists all commands"});
  return made;
}

} // namespace

exit_code complete(program& self, std::vector<std::string> words) {
  if (words.empty())
    words.emplace_back();
  const auto typed = words.back();
  auto made = offer{};
  const auto which = std::ranges::find(commands(), words.front(), &command::name);
  if (words.size() == 1 || (words.size() == 2 && words.front() == "help")) {
    made = commands_offered();
  } else if (which != commands().end()) {
    const auto declared = declared_command{self, *which};
    words.erase(words.begin());
    made = offer_for(self, declared.arguments, std::move(words));
  }
  self.out.print(std::string{made.kind} + "\n");
  for (const auto& x : made.words)
    if (x.word.starts_with(typed))
      self.out.print(x.word + (x.text.empty() ? "" : "\t" + x.text) + "\n");
  return exit_code::done;
}

} // namespace dagger::apps
