// Command lines by CLI11; its exceptions end here.
#include "options.hpp"

#include <dagger/codec/nearest.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <functional>

namespace dagger::apps {

struct options::impl {
  CLI::App app;
  std::string program;
  /// What CLI11 leaves as text: read after it, so that the errors are ours.
  std::vector<std::function<result<void>()>> readers;
  std::vector<option_shape> shapes;

  option_shape& note(const char* names, std::string placeholder, const char* text) {
    auto& made = shapes.emplace_back();
    auto rest = std::string_view{names};
    while (!rest.empty()) {
      const auto comma = std::min(rest.find(','), rest.size());
      made.names.emplace_back(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    made.placeholder = std::move(placeholder);
    made.text = text;
    return made;
  }

  option_shape& note_argument(const char* name, const char* text) {
    auto& made = shapes.emplace_back();
    made.placeholder = name;
    made.text = text;
    return made;
  }

  /// The text of one option, read later by `read`, which gets the text if there is any.
  template <class Read>
  void later(CLI::Option* option, std::shared_ptr<std::string> text, Read read) {
    readers.push_back([option, text, read = std::move(read)]() -> result<void> {
      if (option->count() == 0)
        return {};
      auto done = result<void>{read(*text)};
      if (!done)
        done.error().where = option->get_name();
      return done;
    });
  }

  std::vector<std::string> option_names() const {
    auto names = std::vector<std::string>{};
    for (const auto* x : app.get_options())
      for (const auto& name : x->get_lnames())
        names.push_back("--" + name);
    return names;
  }

  error unexpected(const std::string& word) const {
    auto hint = did_you_mean(word.substr(0, word.find('=')), option_names());
    if (hint.empty())
      hint = "see " + program + " " + app.get_name() + " --help";
    return {code::invalid_input,
            (word.starts_with('-') ? "unknown option '" : "unexpected argument '") + word + "'",
            program + " " + app.get_name(), hint};
  }
};

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  auto text = std::string{};
  for (const auto& word : words)
    text += (text.empty() ? "" : std::string{between}) + word;
  return text;
}

result<void> must_be_one_of(const std::string& word, const std::vector<std::string>& words) {
  if (std::ranges::find(words, word) != words.end())
    return {};
  auto hint = did_you_mean(word, words);
  return fail(code::invalid_input, "'" + word + "' is not one of " + joined(words, ", "), {}, hint);
}

} // namespace

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto near = nearest(word, candidates);
  return near ? "did you mean '" + *near + "'?" : "";
}

options::options(std::string_view program, std::string_view command, std::string_view summary,
                 std::string_view example)
  : impl_(std::make_unique<impl>()) {
  auto& app = impl_->app;
  impl_->program = program;
  app.name(std::string{command});
  app.description(std::string{summary});
  app.footer("Example:\n  " + std::string{example});
  app.set_help_flag("-h,--help", "Prints this");
  app.get_formatter()->column_width(32);
  impl_->note("-h,--help", "", "Prints this");
}

options::~options() = default;

void options::flag(bool& to, const char* names, const char* text) {
  impl_->app.add_flag(names, to, text);
  impl_->note(names, "", text);
}

void options::value(std::string& to, const char* names, const char* placeholder, const char* text) {
  impl_->app.add_option(names, to, text)->type_name(placeholder);
  impl_->note(names, placeholder, text);
}

void options::values(std::vector<std::string>& to, const char* names, const char* placeholder,
                     const char* text) {
  impl_->app.add_option(names, to, text)
    ->type_name(placeholder)
    ->type_size(1)
    ->expected(1)
    ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  impl_->note(names, placeholder, text).repeated = true;
}

void options::number(std::optional<std::uint64_t>& to, const char* names, const char* text) {
  auto raw = std::make_shared<std::string>();
  impl_->note(names, "N", text);
  impl_->later(impl_->app.add_option(names, *raw, text)->type_name("N"), raw,
               [&to](const std::string& word) -> result<void> {
                 auto value = std::uint64_t{};
                 const auto* last = word.data() + word.size();
                 const auto [end, failed] = std::from_chars(word.data(), last, value);
                 if (failed != std::errc{} || end != last || value == 0)
                   return fail(code::invalid_input, "'" + word + "' is not a number from 1 on");
                 to = value;
                 return {};
               });
}

void options::time_span(std::optional<duration>& to, const char* names, const char* text) {
  auto raw = std::make_shared<std::string>();
  impl_->note(names, "D", text);
  impl_->later(impl_->app.add_option(names, *raw, text)->type_name("D"), raw,
               [&to](const std::string& word) -> result<void> {
                 auto read = parse_duration(word);
                 if (!read)
                   return fail(std::move(read.error()));
                 to = *read;
                 return {};
               });
}

void options::one_of(std::string& to, const char* names, std::vector<std::string> words,
                     const char* text) {
  auto raw = std::make_shared<std::string>();
  impl_->note(names, joined(words, "|"), text).words = words;
  auto* option = impl_->app.add_option(names, *raw, text)->type_name(joined(words, "|"));
  impl_->later(option, raw, [&to, words = std::move(words)](const std::string& word) {
    auto done = must_be_one_of(word, words);
    if (done)
      to = word;
    return done;
  });
}

void options::argument(std::string& to, const char* name, const char* text, bool required) {
  impl_->app.add_option(name, to, text)->type_name("")->required(required);
  impl_->note_argument(name, text).required = required;
}

void options::arguments(std::vector<std::string>& to, const char* name, const char* text,
                        bool required) {
  impl_->app.add_option(name, to, text)->type_name("")->required(required);
  auto& made = impl_->note_argument(name, text);
  made.required = required;
  made.repeated = true;
}

void options::argument_of(std::string& to, const char* name, std::vector<std::string> words,
                          const char* text) {
  auto raw = std::make_shared<std::string>();
  auto& made = impl_->note_argument(name, text);
  made.required = true;
  made.words = words;
  auto* option = impl_->app.add_option(name, *raw, text)->type_name("")->required();
  impl_->later(option, raw, [&to, words = std::move(words)](const std::string& word) {
    auto done = must_be_one_of(word, words);
    if (done)
      to = word;
    return done;
  });
}

result<bool> options::parse(std::vector<std::string> words) {
  auto& app = impl_->app;
  const auto place = impl_->program + " " + app.get_name();
  const auto see = "see " + place + " --help";
  std::ranges::reverse(words);
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return false;
  } catch (const CLI::ExtrasError&) {
    return fail(impl_->unexpected(app.remaining().front()));
  } catch (const CLI::ParseError& x) {
    return fail(code::invalid_input, x.what(), place, see);
  }
  for (const auto& read : impl_->readers)
    if (auto done = read(); !done)
      return fail(std::move(done.error()));
  return true;
}

std::string options::help() const {
  return impl_->app.help(impl_->program);
}

std::string options::usage() const {
  auto text = impl_->app.get_name();
  for (const auto& x : impl_->shapes)
    if (x.is_argument())
      text += (x.required ? " " : " [") + x.placeholder + (x.repeated ? "..." : "")
            + (x.required ? "" : "]");
  return text + " [OPTION]...";
}

const std::vector<option_shape>& options::shapes() const {
  return impl_->shapes;
}

} // namespace dagger::apps
