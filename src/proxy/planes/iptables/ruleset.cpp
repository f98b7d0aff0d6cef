#include "proxy/planes/iptables/ruleset.h"

#include <set>

#include "base/text.h"
#include "proxy/planes/iptables/names.h"

namespace fairlead::proxy::iptables {
namespace {

constexpr std::array kTables = {Table::kNat, Table::kFilter};
size_t index(Table t) { return static_cast<size_t>(t); }
std::string_view table_name(Table t) { return t == Table::kNat ? "nat" : "filter"; }

// Restore input of one table, in the order that always works: chains emptied or made, rules, then removals of chains
// that nothing refers to any more.
class TableInput {
 public:
  void declare(std::string_view chain) { fmt::format_to(std::back_inserter(chains_), ":{} - [0:0]\n", chain); }
  void append(std::string_view chain, std::string_view rule) { line("-A", chain, rule); }
  void insert(std::string_view chain, std::string_view rule) { line("-I", chain, rule); }
  void erase(std::string_view chain, std::string_view rule) { line("-D", chain, rule); }
  void remove_chain(std::string_view chain) {
    declare(chain);
    fmt::format_to(std::back_inserter(removals_), "-X {}\n", chain);
  }
  void write(Table table, std::string& out) const {
    if (chains_.empty() && rules_.empty()) return;
    fmt::format_to(std::back_inserter(out), "*{}\n{}{}{}COMMIT\n", table_name(table), chains_, rules_, removals_);
  }

 private:
  void line(std::string_view command, std::string_view chain, std::string_view rule) {
    fmt::format_to(std::back_inserter(rules_), "{} {} {}\n", command, chain, rule);
  }
  std::string chains_;
  std::string rules_;
  std::string removals_;
};

bool equal(const std::vector<std::string>& found, const Chain& wanted) {
  if (found.size() != wanted.rules.size()) return false;
  const auto n = static_cast<ptrdiff_t>(wanted.unordered);
  if (!std::equal(found.begin() + n, found.end(), wanted.rules.begin() + n)) return false;
  if (std::equal(found.begin(), found.begin() + n, wanted.rules.begin())) return true;
  std::vector<std::string_view> a(found.begin(), found.begin() + n);
  std::vector<std::string_view> b(wanted.rules.begin(), wanted.rules.begin() + n);
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

bool is_shared_with_kubelet(std::string_view chain) { return chain == kFirewall; }

bool is_ours(Table table, std::string_view chain) {
  if (is_per_port_chain(chain)) return true;
  constexpr std::array kNat = {kServices, kNodePorts, kPostrouting, kMarkMasq, kCanary};
  constexpr std::array kFilter = {kRefuse,    kServices,      kClusterIps, kExternalServices,
                                  kNodePorts, kProxyFirewall, kForward,    kCanary};
  return table == Table::kNat ? std::ranges::find(kNat, chain) != kNat.end()
                              : std::ranges::find(kFilter, chain) != kFilter.end();
}

// Jumps in chains that others use too: each once. They go in front, in an order that leaves the first on top.
void repair_jumps(const Found& found, const Wanted& wanted, Table table, TableInput& input) {
  const auto& chains = found.tables[index(table)];
  std::set<std::string_view> made;
  for (auto jump = wanted.jumps.rbegin(); jump != wanted.jumps.rend(); ++jump) {
    if (jump->table != table) continue;
    const auto chain = chains.find(jump->chain);
    size_t present = 0;
    if (chain == chains.end()) {
      if (is_shared_with_kubelet(jump->chain) && made.insert(jump->chain).second) input.declare(jump->chain);
    } else {
      present = static_cast<size_t>(std::ranges::count(chain->second, jump->rule));
    }
    if (present == 0) input.insert(jump->chain, jump->rule);
    for (; present > 1; --present) input.erase(jump->chain, jump->rule);
  }
}

struct Side {
  std::map<std::string, const ChainRules*> chains;
  std::set<SharedRule> shared;
};
Side side(const PortRules& rules) {
  Side s;
  for (const ChainRules& c : rules.chains) s.chains[c.chain] = &c;
  s.shared.insert(rules.shared.begin(), rules.shared.end());
  return s;
}
int64_t nat_rules(const PortRules& rules) {
  int64_t n = 0;
  for (const ChainRules& c : rules.chains) n += static_cast<int64_t>(c.rules.size());
  return n;
}

void update_port(const PortRules& before, const PortRules& after, std::array<TableInput, 2>& inputs) {
  const Side was = side(before);
  const Side is = side(after);
  TableInput& nat = inputs[index(Table::kNat)];
  for (const auto& [name, chain] : is.chains) {
    const auto old = was.chains.find(name);
    if (old != was.chains.end() && *old->second == *chain) continue;
    nat.declare(name);
    for (const std::string& rule : chain->rules) nat.append(name, rule);
  }
  for (const SharedRule& r : was.shared)
    if (!is.shared.contains(r)) inputs[index(r.table)].erase(r.chain, r.rule);
  // In front: the rules that all ports' rules have to precede stay last.
  for (const SharedRule& r : is.shared)
    if (!was.shared.contains(r)) inputs[index(r.table)].insert(r.chain, r.rule);
  for (const auto& [name, chain] : was.chains)
    if (!is.chains.contains(name)) nat.remove_chain(name);
}

}  // namespace

size_t Wanted::rule_count(Table table) const {
  size_t n = 0;
  for (const auto& [name, chain] : tables[index(table)]) n += chain.rules.size();
  return n;
}

Wanted wanted(const ServiceTable& table, IpFamily family, const RenderOptions& options) {
  Wanted w;
  StaticRules fixed = render_static(family, options);
  w.jumps = std::move(fixed.jumps);
  for (const auto& [where, chain] : fixed.chains) w.tables[index(where)][chain.chain];
  for (const auto& [key, port] : table.ports) {
    if (key.family != family) continue;
    PortRules rules = render_port(*port, options);
    for (ChainRules& c : rules.chains) w.tables[index(Table::kNat)][c.chain].rules = std::move(c.rules);
    std::ranges::sort(rules.shared);
    std::string_view last;
    for (SharedRule& r : rules.shared) {
      if (r.rule == last) continue;
      Chain& chain = w.tables[index(r.table)].find(r.chain)->second;
      chain.rules.push_back(std::move(r.rule));
      last = chain.rules.back();
      ++chain.unordered;
    }
  }
  for (auto& [where, chain] : fixed.chains) {
    Chain& c = w.tables[index(where)][chain.chain];
    std::ranges::sort(c.rules);
    std::ranges::move(chain.rules, std::back_inserter(c.rules));
  }
  return w;
}

Result<> parse_save(std::string_view save, Found& found) {
  std::map<std::string, std::vector<std::string>, std::less<>>* table = nullptr;
  std::map<std::string, std::vector<std::string>, std::less<>>::iterator chain;
  for (const std::string_view line : split(save, '\n')) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '*') {
      const std::string_view name = line.substr(1);
      table = name == "nat" ? &found.tables[0] : name == "filter" ? &found.tables[1] : nullptr;
      if (table != nullptr) chain = table->end();
    } else if (table == nullptr || line == "COMMIT") {
      continue;
    } else if (line[0] == ':') {
      table->try_emplace(std::string(line.substr(1, line.find(' ') - 1)));
    } else if (line.starts_with("-A ")) {
      const size_t space = line.find(' ', 3);
      const std::string_view name = line.substr(3, space - 3);
      if (chain == table->end() || chain->first != name) chain = table->find(name);
      if (chain == table->end()) return fail(Code::kInternal, fmt::format("iptables-save: rule of no chain: {}", line));
      chain->second.emplace_back(space == std::string_view::npos ? "" : line.substr(space + 1));
    } else {
      return fail(Code::kInternal, fmt::format("iptables-save: unexpected line: {}", line));
    }
  }
  return {};
}

std::string repair(const Found& found, const Wanted& wanted) {
  std::string out;
  for (const Table table : kTables) {
    const auto& have = found.tables[index(table)];
    const auto& want = wanted.tables[index(table)];
    TableInput input;
    for (const auto& [name, chain] : want) {
      const auto at = have.find(name);
      if (at != have.end() && equal(at->second, chain)) continue;
      input.declare(name);
      for (const std::string& rule : chain.rules) input.append(name, rule);
    }
    repair_jumps(found, wanted, table, input);
    for (const auto& [name, rules] : have)
      if (is_per_port_chain(name) && !want.contains(name)) input.remove_chain(name);
    input.write(table, out);
  }
  return out;
}

std::string removal(const Found& found) {
  std::string out;
  for (const Table table : kTables) {
    const auto& have = found.tables[index(table)];
    TableInput input;
    // What the kubelet put into the chain that it shares keeps the chain and the way to it.
    constexpr std::string_view kOurs = "block incoming localnet connections";
    const auto is_our_rule = [&](const std::string& rule) { return rule.find(kOurs) != std::string::npos; };
    const auto shared = have.find(kFirewall);
    const bool drop_shared = shared != have.end() && std::ranges::any_of(shared->second, is_our_rule) &&
                             std::ranges::all_of(shared->second, is_our_rule);
    const auto goes = [&](std::string_view chain) {
      return is_ours(table, chain) || (drop_shared && is_shared_with_kubelet(chain));
    };
    for (const auto& [name, rules] : have) {
      if (goes(name)) {
        input.remove_chain(name);
        continue;
      }
      for (const std::string& rule : rules) {
        const size_t jump = rule.rfind("-j ");
        const bool to_us = jump != std::string::npos && goes(std::string_view(rule).substr(jump + 3));
        if (to_us || (is_shared_with_kubelet(name) && is_our_rule(rule))) input.erase(name, rule);
      }
    }
    input.write(table, out);
  }
  return out;
}

Update update(const Delta& delta, IpFamily family, const RenderOptions& options) {
  std::array<TableInput, 2> inputs;
  Update result;
  for (const Change& change : delta.changes) {
    if (change.key.family != family) continue;
    const PortRules before = change.before ? render_port(*change.before, options) : PortRules{};
    const PortRules after = change.after ? render_port(*change.after, options) : PortRules{};
    update_port(before, after, inputs);
    result.rules_gained[index(Table::kNat)] += nat_rules(after) - nat_rules(before);
    for (const SharedRule& r : after.shared) ++result.rules_gained[index(r.table)];
    for (const SharedRule& r : before.shared) --result.rules_gained[index(r.table)];
  }
  for (const Table table : kTables) inputs[index(table)].write(table, result.input);
  return result;
}

std::string check_input(IpFamily family, const RenderOptions& options) {
  const StaticRules fixed = render_static(family, options);
  std::string out;
  for (const Table table : kTables) {
    fmt::format_to(std::back_inserter(out), "*{}\n", table_name(table));
    for (const auto& [where, chain] : fixed.chains)
      if (where == table && chain.chain == kCanary)
        fmt::format_to(std::back_inserter(out), "-C {} {}\n", chain.chain, chain.rules.front());
    for (const StaticRules::Jump& jump : fixed.jumps)
      if (jump.table == table) fmt::format_to(std::back_inserter(out), "-C {} {}\n", jump.chain, jump.rule);
    out += "COMMIT\n";
  }
  return out;
}

}  // namespace fairlead::proxy::iptables
