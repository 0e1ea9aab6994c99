// `dagger man`: the manual page, in the language of man(7), from what the commands declare.
#include "command.hpp"

#include <dagger/version.hpp>

#include <memory>

namespace dagger::apps {

namespace {

struct code_text {
  exit_code code;
  const char* text;
};

constexpr code_text codes[] = {
  {exit_code::done, "done"},
  {exit_code::failed,
   "the job failed, the output could not be written, or an engine ended before it answered"},
  {exit_code::usage, "wrong usage, an invalid file or value, a refusal; nothing has changed"},
  {exit_code::cancelled, "cancelled or out of time"},
  {exit_code::store, "a problem of the store: in use, corrupt, newer, disk full"},
  {exit_code::paused, "paused"},
  {exit_code::interrupted, "interrupted; the job can go on"},
};

/// Text as it is: nothing in it is a command of the language.
std::string plain(std::string_view text) {
  auto made = std::string{};
  for (const char c : text) {
    if (c == '\\')
      made += "\\e";
    else if (c == '-')
      made += "\\-";
    else if (c == '\'')
      made += "\\(aq";
    else
      made += c;
  }
  if (made.starts_with('.'))
    made.insert(0, "\\&");
  return made;
}

std::string bold(std::string_view text) {
  return "\\fB" + plain(text) + "\\fR";
}

std::string heading_of(const option_shape& x) {
  auto text = std::string{};
  for (const auto& name : x.names)
    text += (text.empty() ? "" : ", ") + bold(name);
  if (!x.placeholder.empty())
    text += (text.empty() ? "" : " ") + ("\\fI" + plain(x.placeholder) + "\\fR");
  return text;
}

void print(console& out, const program& self, const command& which) {
  const auto declared = declared_command{self, which};
  out.print(".SS " + plain(self.name + " " + declared.arguments.usage()) + "\n");
  out.print(plain(which.summary) + ".\n");
  for (const auto& x : declared.arguments.shapes())
    if (x.names.empty() || x.names.back() != "--help")
      out.print(".TP\n" + heading_of(x) + "\n" + plain(x.text) + "\n");
  out.print(".PP\nExample:\n.PP\n.RS\n.nf\n" + plain(self.name + " " + std::string{which.example})
            + "\n.fi\n.RE\n");
}

void print_page(program& self) {
  auto& out = self.out;
  auto title = self.name;
  for (auto& c : title)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  out.print(".TH " + plain(title) + " 1 \"\" \"" + self.name + " " + headers_version + "\" \"\"\n");
  out.print(".SH NAME\n" + plain(self.name) + " \\- runs durable jobs of agents\n");
  out.print(".SH SYNOPSIS\n" + bold(self.name) + " \\fICOMMAND\\fR [\\fIOPTION\\fR]...\n");
  out.print(".SH DESCRIPTION\nResults go to standard output, everything else to standard error.\n"
            "Every command has "
            + bold("--help") + " with an example, and " + bold("--json")
            + " where it prints data.\n");
  out.print(".SH COMMANDS\n");
  for (const auto& which : commands())
    print(out, self, which);
  out.print(".SH EXIT STATUS\n");
  for (const auto& x : codes)
    out.print(".TP\n" + bold(std::to_string(static_cast<int>(x.code))) + "\n" + plain(x.text)
              + "\n");
  out.print(".SH ENVIRONMENT\n.TP\n" + bold("DAGGER_STORE") + "\nThe store of commands without "
            + bold("--store") + ".\n.TP\n" + bold("NO_COLOR")
            + "\nIf it is set and not empty, nothing is coloured.\n");
  out.print(".SH FILES\n.TP\n" + bold("STORE/control.sock")
            + "\nHow commands reach the engine that holds a store.\n");
}

} // namespace

action declare_man(options&) {
  return [](program& self) {
    print_page(self);
    return exit_code::done;
  };
}

} // namespace dagger::apps
