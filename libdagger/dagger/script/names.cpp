// Section 9 of the Lua 5.4 manual, as far as it decides which names are local. Lua bounds the
// nesting of what it compiles to 200 levels, so the recursion here is bounded too.
#include <dagger/script/names.hpp>

#include <dagger/script/tokens.hpp>

#include <algorithm>
#include <array>

namespace dagger::script {

namespace {

constexpr std::array<std::string_view, 21> binary_operators{
  "+",  "-",  "*", "/",  "//", "^",  "%",  "&",  "~",   "|", ">>",
  "<<", "..", "<", "<=", ">",  ">=", "==", "~=", "and", "or"};

class reader {
public:
  explicit reader(std::string_view text) : tokens_(text) {}

  names_found chunk() {
    block();
    return std::move(found_);
  }

  names_found one_expression() {
    if (is_end())
      wrong("the expression is empty");
    expression();
    if (!is_end())
      wrong("an expression is one value; it should end before '"
            + std::string{tokens_.current().spelling} + "'");
    return std::move(found_);
  }

private:
  using scope = std::vector<std::string_view>;

  void wrong(std::string message) {
    if (!found_.wrong)
      found_.wrong = fault{tokens_.place_of(tokens_.current().offset), std::move(message), {}};
  }

  bool is_end() const {
    return tokens_.current().what == token::kind::end;
  }

  bool is(std::string_view word) const {
    return tokens_.current().is(word);
  }

  bool take(std::string_view word) {
    if (!is(word))
      return false;
    tokens_.next();
    return true;
  }

  std::string_view take_name() {
    auto name = tokens_.current().spelling;
    tokens_.next();
    return name;
  }

  bool is_local(std::string_view name) const {
    return std::ranges::any_of(
      scopes_, [&](const scope& x) { return std::ranges::find(x, name) != x.end(); });
  }

  void declare(std::string_view name) {
    if (name == "_ENV")
      wrong("'_ENV' is not offered");
    scopes_.back().push_back(name);
  }

  bool at_block_end() const {
    return is_end() || is("end") || is("else") || is("elseif") || is("until");
  }

  void statements() {
    while (!at_block_end() && !found_.wrong)
      statement();
  }

  void block() {
    scopes_.emplace_back();
    statements();
    scopes_.pop_back();
  }

  void statement() {
    if (take("if")) {
      if_statement();
    } else if (take("while")) {
      expression();
      take("do");
      block();
      take("end");
    } else if (take("do")) {
      block();
      take("end");
    } else if (take("for")) {
      for_statement();
    } else if (take("repeat")) {
      scopes_.emplace_back();
      statements();
      take("until");
      expression();
      scopes_.pop_back();
    } else if (take("function")) {
      function_statement();
    } else if (take("local")) {
      local_statement();
    } else if (take("return")) {
      if (!at_block_end() && !is(";"))
        expressions();
    } else if (take("::")) {
      take_name();
      take("::");
    } else if (take("goto")) {
      take_name();
    } else if (!take(";") && !take("break")) {
      expression_statement();
    }
  }

  void if_statement() {
    do {
      expression();
      take("then");
      block();
    } while (take("elseif"));
    if (take("else"))
      block();
    take("end");
  }

  void for_statement() {
    auto names = scope{take_name()};
    while (take(","))
      names.push_back(take_name());
    if (!take("="))
      take("in");
    expressions();
    take("do");
    scopes_.emplace_back();
    for (auto name : names)
      declare(name);
    statements();
    scopes_.pop_back();
    take("end");
  }

  void function_statement() {
    if (tokens_.peek().is("(")) {
      assign_if_global(take_name());
      function_body(false);
      return;
    }
    auto last = std::string_view{};
    name_with_steps();
    if (is(":")) {
      last = tokens_.current().spelling;
      tokens_.next();
      take_name();
    }
    function_body(last == ":");
  }

  void local_statement() {
    if (take("function")) {
      declare(take_name());
      function_body(false);
      return;
    }
    auto names = scope{};
    do {
      names.push_back(take_name());
      if (take("<")) {
        take_name();
        take(">");
      }
    } while (take(","));
    if (take("="))
      expressions();
    for (auto name : names)
      declare(name);
  }

  void assign_if_global(std::string_view name) {
    if (is_local(name))
      return;
    if (name == "_ENV")
      wrong("'_ENV' is not offered");
    found_.writes = true;
  }

  void expression_statement() {
    auto before = tokens_.current().offset;
    do {
      auto next = tokens_.peek();
      if (tokens_.current().is_name() && (next.is("=") || next.is(",")))
        assign_if_global(take_name());
      else
        suffixed();
    } while (take(","));
    if (take("="))
      expressions();
    if (tokens_.current().offset == before)
      wrong("unexpected '" + std::string{tokens_.current().spelling} + "'");
  }

  void expressions() {
    do
      expression();
    while (take(",") && !found_.wrong);
  }

  void expression() {
    do {
      while (is("not") || is("-") || is("#") || is("~"))
        tokens_.next();
      operand();
    } while (take_binary_operator() && !found_.wrong);
  }

  bool take_binary_operator() {
    const auto& x = tokens_.current();
    if ((x.what != token::kind::symbol && x.what != token::kind::keyword)
        || std::ranges::find(binary_operators, x.spelling) == binary_operators.end())
      return false;
    tokens_.next();
    return true;
  }

  void operand() {
    const auto& x = tokens_.current();
    if (x.is_name() || x.is("("))
      suffixed();
    else if (take("{"))
      table();
    else if (take("function"))
      function_body(false);
    else if (!is_end())
      tokens_.next();
  }

  void table() {
    while (!is("}") && !is_end() && !found_.wrong) {
      if (take("[")) {
        expression();
        take("]");
        take("=");
      } else if (tokens_.current().is_name() && tokens_.peek().is("=")) {
        take_name();
        take("=");
      }
      expression();
      if (!take(","))
        take(";");
    }
    take("}");
  }

  void function_body(bool has_self) {
    scopes_.emplace_back();
    if (has_self)
      declare("self");
    take("(");
    while (!is(")") && !is_end() && !found_.wrong) {
      if (!take("..."))
        declare(take_name());
      take(",");
    }
    take(")");
    statements();
    scopes_.pop_back();
    take("end");
  }

  /// A name and the constant steps behind it.
  void name_with_steps() {
    auto at = tokens_.place_of(tokens_.current().offset);
    auto name = take_name();
    auto is_free = !is_local(name);
    if (is_free && name == "_ENV")
      wrong("'_ENV' is not offered");
    auto path = std::vector<std::string>{std::string{name}};
    while (true) {
      if (is(".") && tokens_.peek().is_name()) {
        tokens_.next();
        path.emplace_back(take_name());
      } else if (auto key = is("[") ? constant_key(tokens_.peek()) : std::nullopt) {
        auto ahead = tokens_;
        ahead.next();
        if (!ahead.peek().is("]"))
          break;
        tokens_ = ahead;
        tokens_.next();
        take("]");
        path.push_back(std::move(*key));
      } else {
        break;
      }
    }
    if (is_free)
      found_.reads.push_back({std::move(path), at});
  }

  void suffixed() {
    if (tokens_.current().is_name()) {
      name_with_steps();
    } else if (take("(")) {
      expression();
      take(")");
    } else {
      return;
    }
    while (!found_.wrong && suffix()) {}
  }

  bool suffix() {
    if (take(".")) {
      take_name();
    } else if (take(":")) {
      take_name();
    } else if (take("[")) {
      expression();
      take("]");
    } else if (take("(")) {
      if (!is(")"))
        expressions();
      take(")");
    } else if (take("{")) {
      table();
    } else if (tokens_.current().what == token::kind::text) {
      tokens_.next();
    } else {
      return false;
    }
    return true;
  }

  tokens tokens_;
  std::vector<scope> scopes_{1};
  names_found found_;
};

} // namespace

names_found find_names(std::string_view text, bool is_expression) {
  auto from = reader{text};
  return is_expression ? from.one_expression() : from.chunk();
}

} // namespace dagger::script
