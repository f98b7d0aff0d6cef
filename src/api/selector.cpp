#include "api/selector.h"

#include <algorithm>

#include "api/kind.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

constexpr std::string_view kNameRule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

std::optional<std::string> name_problem(std::string_view part, std::string_view what) {
  if (part.empty()) return fmt::format("{} must be non-empty", what);
  if (part.size() > 63) return fmt::format("{} must be no more than 63 characters", what);
  const bool chars =
      std::all_of(part.begin(), part.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (chars && is_alnum(part.front()) && is_alnum(part.back())) return std::nullopt;
  return fmt::format(
      "{} {} (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
      "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      what, kNameRule);
}

}  // namespace

std::optional<std::string> label_key_problem(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return name_problem(text, "name part");
  const auto prefix = text.substr(0, slash);
  const auto name = text.substr(slash + 1);
  if (name.find('/') != std::string_view::npos) {
    return fmt::format("a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                       kNameRule);
  }
  if (prefix.empty()) return "prefix part must be non-empty";
  if (prefix.size() > 253) return "prefix part must be no more than 253 characters";
  for (const auto label : split(prefix, '.')) {
    const bool ok = !label.empty() && label.front() != '-' && label.back() != '-' &&
                    std::all_of(label.begin(), label.end(),
                                [](char c) { return (is_alnum(c) && (c < 'A' || c > 'Z')) || c == '-'; });
    if (!ok) {
      return "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
             "'.', and must "
             "start and end with an alphanumeric character";
    }
  }
  return name_problem(name, "name part");
}

std::optional<std::string> label_value_problem(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (text.size() > 63) return "must be no more than 63 characters";
  const bool chars =
      std::all_of(text.begin(), text.end(), [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; });
  if (chars && is_alnum(text.front()) && is_alnum(text.back())) return std::nullopt;
  return fmt::format(
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start "
      "and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
      "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");
}

// Recursive descent over one line of text.
class SelectorParser {
 public:
  explicit SelectorParser(std::string_view text) : text_(text) {}

  Result<Selector> parse() {
    Selector out;
    skip();
    if (at_end()) return out;
    for (;;) {
      FL_TRY(auto requirement, parse_requirement());
      out.requirements_.push_back(std::move(requirement));
      skip();
      if (at_end()) return out;
      if (!eat(",")) return problem(fmt::format("found '{}', expected: ',' or 'end of string'", rest()));
      skip();
      if (at_end()) return problem("found '', expected: identifier after ','");
    }
  }

 private:
  using Operator = Selector::Operator;
  using Requirement = Selector::Requirement;

  Result<Requirement> parse_requirement() {
    skip();
    if (eat("!")) {
      FL_TRY(auto key, parse_key());
      return Requirement{std::move(key), Operator::kNotExists, {}};
    }
    FL_TRY(auto key, parse_key());
    skip();
    if (at_end() || peek() == ',') return Requirement{std::move(key), Operator::kExists, {}};
    if (eat("==") || eat("=")) return one_value(std::move(key), Operator::kIn);
    if (eat("!=")) return one_value(std::move(key), Operator::kNotIn);
    if (eat(">")) return one_value(std::move(key), Operator::kGreater);
    if (eat("<")) return one_value(std::move(key), Operator::kLess);
    const std::string word = parse_word();
    if (word == "in") return set(std::move(key), Operator::kIn);
    if (word == "notin") return set(std::move(key), Operator::kNotIn);
    return problem(fmt::format("found '{}', expected: in, notin, =, ==, !=, >, <", word));
  }

  Result<std::string> parse_key() {
    skip();
    std::string key = parse_word();
    if (key.empty()) return problem(fmt::format("found '{}', expected: identifier", rest()));
    if (const auto p = label_key_problem(key))
      return problem(fmt::format("<nil>: Invalid value: {}: {}", quote(key), *p));
    return key;
  }

  Result<Requirement> one_value(std::string key, Operator op) {
    skip();
    std::string value = parse_word();
    if (op == Operator::kGreater || op == Operator::kLess) {
      if (!parse_int(value))
        return problem(
            fmt::format("values[0][{}]: Invalid value: {}: for 'Gt', 'Lt' operators, the value must be an integer", key,
                        quote(value)));
    } else if (const auto p = label_value_problem(value)) {
      return problem(fmt::format("values[0][{}]: Invalid value: {}: {}", key, quote(value), *p));
    }
    std::vector<std::string> values;
    values.push_back(std::move(value));
    return Requirement{std::move(key), op, std::move(values)};
  }

  Result<Requirement> set(std::string key, Operator op) {
    skip();
    if (!eat("(")) return problem(fmt::format("found '{}', expected: '('", rest()));
    Requirement out{std::move(key), op, {}};
    for (;;) {
      skip();
      out.values.push_back(parse_word());
      if (const auto p = label_value_problem(out.values.back())) {
        return problem(fmt::format("values[{}][{}]: Invalid value: {}: {}", out.values.size() - 1, out.key,
                                   quote(out.values.back()), *p));
      }
      skip();
      if (eat(")")) return out;
      if (!eat(",")) return problem(fmt::format("found '{}', expected: ',' or ')'", rest()));
    }
  }

  std::string parse_word() {
    const size_t start = at_;
    while (!at_end() && std::string_view("=!,()<> \t").find(peek()) == std::string_view::npos) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  bool eat(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void skip() {
    while (!at_end() && (peek() == ' ' || peek() == '\t')) ++at_;
  }
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }
  [[nodiscard]] char peek() const { return text_[at_]; }
  [[nodiscard]] std::string_view rest() const { return text_.substr(at_); }
  static std::unexpected<Error> problem(std::string_view what) {
    return fail(Code::kBadRequest, fmt::format("unable to parse requirement: {}", what));
  }

  std::string_view text_;
  size_t at_ = 0;
};

Result<Selector> Selector::parse(std::string_view text) { return SelectorParser(text).parse(); }

Result<Selector> Selector::from(const LabelSelector& selector) {
  Selector out = from(selector.match_labels);
  for (const auto& e : selector.match_expressions) {
    const bool wants_values = e.operator_ == "In" || e.operator_ == "NotIn";
    Operator op = Operator::kIn;
    if (e.operator_ == "NotIn") {
      op = Operator::kNotIn;
    } else if (e.operator_ == "Exists") {
      op = Operator::kExists;
    } else if (e.operator_ == "DoesNotExist") {
      op = Operator::kNotExists;
    } else if (e.operator_ != "In") {
      return fail(Code::kInvalid,
                  fmt::format("{} is not a valid label selector operator; it is one of In, NotIn, Exists, DoesNotExist",
                              quote(e.operator_)));
    }
    if (wants_values == e.values.empty()) {
      return fail(Code::kInvalid, fmt::format("label selector operator {} {} values", e.operator_,
                                              wants_values ? "needs at least one of" : "takes no"));
    }
    out.requirements_.push_back({e.key, op, e.values});
  }
  return out;
}

Selector Selector::from(const StringMap& pairs) {
  Selector out;
  for (const auto& [key, value] : pairs) out.requirements_.push_back({key, Operator::kIn, {value}});
  return out;
}

bool Selector::matches(const StringMap& labels) const {
  for (const Requirement& r : requirements_) {
    const auto it = labels.find(r.key);
    const bool has = it != labels.end();
    const auto listed = [&] { return std::find(r.values.begin(), r.values.end(), it->second) != r.values.end(); };
    bool holds = false;
    switch (r.op) {
      case Operator::kIn:
        holds = has && listed();
        break;
      case Operator::kNotIn:
        holds = !has || !listed();
        break;
      case Operator::kExists:
        holds = has;
        break;
      case Operator::kNotExists:
        holds = !has;
        break;
      case Operator::kGreater:
      case Operator::kLess: {
        const auto found = has ? parse_int(it->second) : std::nullopt;
        const auto limit = parse_int(r.values[0]);
        holds = found && limit && (r.op == Operator::kGreater ? *found > *limit : *found < *limit);
        break;
      }
    }
    if (!holds) return false;
  }
  return true;
}

std::string Selector::to_string() const {
  std::string out;
  for (const Requirement& r : requirements_) {
    if (!out.empty()) out += ',';
    switch (r.op) {
      case Operator::kIn:
        out += r.values.size() == 1 ? fmt::format("{}={}", r.key, r.values[0])
                                    : fmt::format("{} in ({})", r.key, join(r.values, ","));
        break;
      case Operator::kNotIn:
        out += r.values.size() == 1 ? fmt::format("{}!={}", r.key, r.values[0])
                                    : fmt::format("{} notin ({})", r.key, join(r.values, ","));
        break;
      case Operator::kExists:
        out += r.key;
        break;
      case Operator::kNotExists:
        out += "!" + r.key;
        break;
      case Operator::kGreater:
        out += r.key + ">" + r.values[0];
        break;
      case Operator::kLess:
        out += r.key + "<" + r.values[0];
        break;
    }
  }
  return out;
}

std::optional<std::string> field_value(const Object& object, std::string_view field) {
  if (field == "metadata.name") return object.meta().name;
  if (field == "metadata.namespace") return object.meta().namespace_;
  const KindInfo& kind = object.kind();
  return kind.field == nullptr ? std::nullopt : kind.field(object, field);
}

Result<FieldSelector> FieldSelector::parse(std::string_view text, const KindInfo& kind) {
  FieldSelector out;
  if (text.empty()) return out;
  const auto sample = kind.make();
  std::vector<std::string> parts(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      parts.back() += text[++i];
    } else if (text[i] == ',') {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  for (const std::string& part : parts) {
    if (part.empty()) continue;
    Term term;
    const auto equals = part.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::kBadRequest, fmt::format("invalid selector: '{}'; can't understand '{}'", text, part));
    }
    term.equal = part[equals - 1] != '!';
    term.field = part.substr(0, term.equal ? equals : equals - 1);
    const bool twice = term.equal && equals + 1 < part.size() && part[equals + 1] == '=';
    term.value = part.substr(equals + (twice ? 2 : 1));
    if (!field_value(*sample, term.field)) {
      return fail(Code::kBadRequest, fmt::format("field label not supported: {}", term.field));
    }
    out.terms_.push_back(std::move(term));
  }
  return out;
}

bool FieldSelector::matches(const Object& object) const {
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const Term& t) { return (field_value(object, t.field).value_or("") == t.value) == t.equal; });
}

const std::string* FieldSelector::required(std::string_view field) const {
  for (const Term& t : terms_) {
    if (t.equal && t.field == field) return &t.value;
  }
  return nullptr;
}

}  // namespace fairlead::api
