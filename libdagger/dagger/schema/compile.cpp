// valijson reads one schema object at a time, with stand-ins for the schemas inside it, and our
// visitor turns its constraints into a node. So valijson neither recurses nor follows a
// reference, and what its constraints round (numbers) or hide (enum values) is read beside it.
#include <dagger/schema/compile.hpp>

#include <dagger/limits.hpp>
#include <dagger/schema/chain.hpp>
#include <dagger/schema/compare.hpp>
#include <dagger/schema/shallow.hpp>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/constraints/constraint_visitor.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>

#include <algorithm>
#include <map>

namespace dagger::schema {

namespace {

namespace constraints = valijson::constraints;
using valijson::Subschema;

/// The only constraint of a stand-in: the number of the node it stands for.
class stand_in final : public constraints::PolyConstraint {
public:
  explicit stand_in(node_id id) : id_(id) {}

  node_id id() const {
    return id_;
  }

  bool validate(const valijson::adapters::Adapter&, const std::vector<std::string>&,
                valijson::ValidationResults*) const override {
    return true;
  }

private:
  constraints::Constraint* cloneInto(void* memory) const override {
    return new (memory) stand_in{*this};
  }

  std::size_t sizeOf() const override {
    return sizeof(stand_in);
  }

  node_id id_;
};

class stand_in_builder final : public valijson::ConstraintBuilder {
public:
  constraints::Constraint* make(const valijson::adapters::Adapter& x) const override {
    return new stand_in{static_cast<node_id>(x.asInteger())};
  }
};

node_id node_of(const Subschema* x) {
  auto id = always;
  auto read = Subschema::ApplyFunction{[&](const constraints::Constraint& c) {
    if (auto found = dynamic_cast<const stand_in*>(&c))
      id = found->id();
    return true;
  }};
  if (x)
    x->apply(read);
  return id;
}

/// Turns the constraints of one schema object into a node.
class node_builder final : public constraints::ConstraintVisitor {
public:
  explicit node_builder(const place& source) : source_(source) {}

  /// The node, or the first fault that a visit found.
  result<node> finish();

  bool visit(const AllOfConstraint& c) override {
    return collect(c, general().all_of);
  }

  bool visit(const AnyOfConstraint& c) override {
    return collect(c, general().any_of);
  }

  bool visit(const OneOfConstraint& c) override {
    return collect(c, general().one_of);
  }

  bool visit(const ConditionalConstraint& c) override {
    general().condition = node_of(c.getIfSubschema());
    general().then = node_of(c.getThenSubschema());
    general().otherwise = node_of(c.getElseSubschema());
    return true;
  }

  bool visit(const NotConstraint& c) override {
    general().negated = node_of(c.getSubschema());
    return true;
  }

  bool visit(const ConstConstraint&) override {
    general().constant = written("const");
    return true;
  }

  bool visit(const EnumConstraint&) override;
  bool visit(const TypeConstraint& c) override;
  bool visit(const FormatConstraint& c) override;
  bool visit(const PatternConstraint&) override;
  bool visit(const PropertiesConstraint& c) override;
  bool visit(const RequiredConstraint& c) override;
  bool visit(const DependenciesConstraint& c) override;
  bool visit(const LinearItemsConstraint& c) override;

  bool visit(const SingularItemsConstraint& c) override {
    array().rest = node_of(c.getItemsSubschema());
    return true;
  }

  bool visit(const ContainsConstraint& c) override {
    array().contains = node_of(c.getSubschema());
    return true;
  }

  bool visit(const UniqueItemsConstraint&) override {
    return array().unique = true;
  }

  bool visit(const MaxItemsConstraint& c) override {
    array().size.max = c.getMaxItems();
    return true;
  }

  bool visit(const MinItemsConstraint& c) override {
    array().size.min = c.getMinItems();
    return true;
  }

  bool visit(const MaxLengthConstraint& c) override {
    string().length.max = c.getMaxLength();
    return true;
  }

  bool visit(const MinLengthConstraint& c) override {
    string().length.min = c.getMinLength();
    return true;
  }

  bool visit(const MaxPropertiesConstraint& c) override {
    object().size.max = c.getMaxProperties();
    return true;
  }

  bool visit(const MinPropertiesConstraint& c) override {
    object().size.min = c.getMinProperties();
    return true;
  }

  bool visit(const PropertyNamesConstraint& c) override {
    object().names = node_of(c.getSubschema());
    return true;
  }

  bool visit(const MaximumConstraint& c) override {
    if (c.getExclusiveMaximum())
      number().below = written("exclusiveMaximum");
    else
      number().maximum = written("maximum");
    return true;
  }

  bool visit(const MinimumConstraint& c) override {
    if (c.getExclusiveMinimum())
      number().above = written("exclusiveMinimum");
    else
      number().minimum = written("minimum");
    return true;
  }

  bool visit(const MultipleOfIntConstraint&) override {
    number().multiple_of = written("multipleOf");
    return true;
  }

  bool visit(const MultipleOfDoubleConstraint&) override {
    number().multiple_of = written("multipleOf");
    return true;
  }

  bool visit(const PolyConstraint&) override {
    return true;
  }

private:
  template <class Rules>
  static Rules& made(std::unique_ptr<Rules>& rules) {
    if (!rules)
      rules = std::make_unique<Rules>();
    return *rules;
  }

  number_rules& number() {
    return made(number_);
  }

  string_rules& string() {
    return made(string_);
  }

  array_rules& array() {
    return made(array_);
  }

  object_rules& object() {
    return made(object_);
  }

  general_rules& general() {
    return made(general_);
  }

  const json& written(const char* keyword) const {
    return source_.schema->at(keyword);
  }

  template <class Constraint>
  static bool collect(const Constraint& c, std::vector<node_id>& into) {
    c.applyToSubschemas([&](unsigned, const Subschema* x) {
      into.push_back(node_of(x));
      return true;
    });
    return true;
  }

  std::optional<pattern> compiled(const std::string& text, const std::string& pointer);

  const place& source_;
  std::optional<error> fault_;
  type_set types_ = type::any;
  std::map<std::string, property> properties_;
  std::unique_ptr<number_rules> number_;
  std::unique_ptr<string_rules> string_;
  std::unique_ptr<array_rules> array_;
  std::unique_ptr<object_rules> object_;
  std::unique_ptr<general_rules> general_;
};

bool node_builder::visit(const EnumConstraint&) {
  const auto& choices = written("enum").get_ref<const json::array_t&>();
  general().choices = choices;
  general().sorted_choices = choices;
  std::sort(general().sorted_choices.begin(), general().sorted_choices.end(),
            [](const json& a, const json& b) { return order(a, b) < 0; });
  return true;
}

bool node_builder::visit(const TypeConstraint& c) {
  types_ = 0;
  c.applyToNamedTypes([&](TypeConstraint::JsonType x) {
    switch (x) {
    case TypeConstraint::kAny:
      types_ |= type::any;
      break;
    case TypeConstraint::kArray:
      types_ |= type::array;
      break;
    case TypeConstraint::kBoolean:
      types_ |= type::boolean;
      break;
    case TypeConstraint::kInteger:
      types_ |= type::integer;
      break;
    case TypeConstraint::kNull:
      types_ |= type::null;
      break;
    case TypeConstraint::kNumber:
      types_ |= type::number | type::integer;
      break;
    case TypeConstraint::kObject:
      types_ |= type::object;
      break;
    case TypeConstraint::kString:
      types_ |= type::string;
      break;
    }
    return true;
  });
  return true;
}

bool node_builder::visit(const FormatConstraint& c) {
  if (auto known = format_named(c.getFormat()))
    string().looks = known;
  return true;
}

bool node_builder::visit(const PatternConstraint&) {
  string().matching = compiled(written("pattern").get<std::string>(), source_.pointer + "/pattern");
  return true;
}

std::optional<pattern> node_builder::compiled(const std::string& text, const std::string& pointer) {
  auto made = pattern::compile(text);
  if (made)
    return std::move(*made);
  if (!fault_)
    fault_ = error{code::invalid_input,
                   "the pattern \"" + text + "\" cannot be compiled: " + made.error().message,
                   pointer, "look-around and back references are not supported"};
  return std::nullopt;
}

bool node_builder::visit(const PropertiesConstraint& c) {
  c.applyToProperties([&](const auto& name, const Subschema* x) {
    auto& p = properties_[std::string{name.data(), name.size()}];
    p.node = node_of(x);
    p.declared = true;
    return true;
  });
  c.applyToPatternProperties([&](const auto& name, const Subschema* x) {
    auto text = std::string{name.data(), name.size()};
    auto pointer = extended(source_.pointer + "/patternProperties", text);
    if (auto matching = compiled(text, pointer))
      object().patterns.push_back({std::move(*matching), node_of(x)});
    return true;
  });
  object().additional = node_of(c.getAdditionalPropertiesSubschema());
  return true;
}

bool node_builder::visit(const RequiredConstraint& c) {
  c.applyToRequiredProperties([&](const auto& name) {
    properties_[std::string{name.data(), name.size()}].required = true;
    ++object().required;
    return true;
  });
  return true;
}

bool node_builder::visit(const DependenciesConstraint& c) {
  c.applyToPropertyDependencies([&](const auto& name, const auto& needs) {
    auto d = dependency{std::string{name.data(), name.size()}, {}, always};
    for (const auto& other : needs)
      d.needs.emplace_back(other.data(), other.size());
    object().dependencies.push_back(std::move(d));
    return true;
  });
  c.applyToSchemaDependencies([&](const auto& name, const Subschema* x) {
    object().dependencies.push_back({std::string{name.data(), name.size()}, {}, node_of(x)});
    return true;
  });
  return true;
}

bool node_builder::visit(const LinearItemsConstraint& c) {
  c.applyToItemSubschemas([&](unsigned, const Subschema* x) {
    array().first.push_back(node_of(x));
    return true;
  });
  array().rest = node_of(c.getAdditionalItemsSubschema());
  return true;
}

result<node> node_builder::finish() {
  if (fault_)
    return fail(std::move(*fault_));
  for (auto& [name, p] : properties_) {
    p.name = name;
    object().properties.push_back(std::move(p));
  }
  auto out = node{};
  out.types = types_;
  out.number = std::move(number_);
  out.string = std::move(string_);
  out.array = std::move(array_);
  out.object = std::move(object_);
  out.general = std::move(general_);
  return out;
}

result<node> compile_node(const place& from, const places& all) {
  auto source = shallow_copy(from, all);
  if (!source)
    return fail(source.error());
  auto parser = valijson::SchemaParser{valijson::SchemaParser::kDraft7};
  parser.addConstraintBuilder(stand_in_keyword, new stand_in_builder);
  auto tree = valijson::Schema{};
  parser.populateSchema(valijson::adapters::NlohmannJsonAdapter{*source}, tree);
  auto builder = node_builder{from};
  auto build =
    Subschema::ApplyFunction{[&](const constraints::Constraint& c) { return c.accept(builder); }};
  tree.apply(build);
  return builder.finish();
}

} // namespace

result<program> compile_program(const json& root, const places& all) {
  auto out = program{};
  out.nodes.resize(2);
  for (const auto& from : all.all()) {
    if (reference_in(*from.schema)) {
      out.nodes.emplace_back();
      continue;
    }
    try {
      auto made = compile_node(from, all);
      if (!made)
        return fail(made.error());
      out.nodes.push_back(std::move(*made));
    } catch (const std::exception& x) {
      return fail(code::invalid_input, x.what(), from.pointer);
    }
  }
  out.root = all.node_of(root);
  if (auto fault = find_chain_fault(out, limits::schema_chain)) {
    const auto& at = all.all()[fault->node - 2].pointer;
    return fail(code::invalid_input,
                fault->endless ? "the schema applies itself to the same value without end"
                               : "more than " + std::to_string(limits::schema_chain)
                                   + " schemas, one inside the other, apply to the same value",
                at);
  }
  return out;
}

} // namespace dagger::schema
