// Why a value is not valid: every violation, in document order, for people. The slow path,
// taken only for values that the evaluator refused.
#pragma once

#include <dagger/schema/evaluate.hpp>
#include <dagger/schema/program.hpp>
#include <dagger/schema/validator.hpp>

#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

namespace dagger::schema {

/// One step into a value: the name of a member or the index of an item.
using step = std::variant<const std::string*, std::size_t>;

/// The steps as a JSON pointer (RFC 6901).
std::string to_pointer(const std::vector<step>& path);

/// Collects the violations of one value.
class reporter {
public:
  reporter(const program& p, evaluator& quiet) : program_(p), quiet_(quiet) {}

  /// The violations of `x`, at most `limits::violations` and then a line with the number of the
  /// others. Not empty if `x` is not valid.
  std::vector<violation> run(const json& x);

private:
  /// Nodes that apply to one value, each once.
  struct node_set {
    std::vector<node_id> nodes;
    std::unordered_set<node_id> seen;

    void add(node_id id) {
      if (id != always && seen.insert(id).second)
        nodes.push_back(id);
    }
  };

  void value(const json& x, node_set set);
  void own_rules(const node& n, const json& x, node_set& set);
  void general(const general_rules& r, const json& x, node_set& set);
  void choice(const general_rules& r, const json& x);
  void alternatives(const std::vector<node_id>& of, const json& x, std::string_view keyword,
                    node_set& set);
  void number(const number_rules& r, const json& x);
  void string(const string_rules& r, const std::string& x);
  void array(const array_rules& r, const json::array_t& xs);
  void object(const object_rules& r, const json& x, node_set& set);
  void missing(const object_rules& r, const json& x);
  void items(const node_set& set, const json::array_t& xs);
  void members(const node_set& set, const json::object_t& xs);
  void member(const object_rules& r, std::size_t& from, const std::string& name, const json& x,
              const json::object_t& siblings, node_set& set);
  void unknown(const object_rules& r, const std::string& name, const json::object_t& siblings);
  int resemblance(node_id id, const json& x);
  void add(std::string message);

  const program& program_;
  evaluator& quiet_;
  std::vector<step> path_;
  std::vector<violation> found_;
  std::size_t count_ = 0;
};

} // namespace dagger::schema
