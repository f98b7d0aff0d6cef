// Whole rulesets of one family: what is wanted, what iptables-save says there is, and the iptables-restore input that
// leads from one to the other. Pure.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/planes/iptables/render.h"

namespace fairlead::proxy::iptables {

struct Chain {
  std::vector<std::string> rules;  // without "-A CHAIN "
  size_t unordered = 0;            // so many of the first rules may stand in any order
};

struct Wanted {
  std::array<std::map<std::string, Chain, std::less<>>, 2> tables;  // by Table
  std::vector<StaticRules::Jump> jumps;
  [[nodiscard]] size_t rule_count(Table table) const;
};
Wanted wanted(const ServiceTable& table, IpFamily family, const RenderOptions& options);

// Every chain with its rules, as `iptables-save -t nat` and `-t filter` print them.
struct Found {
  std::array<std::map<std::string, std::vector<std::string>, std::less<>>, 2> tables;
};
// Adds the tables that `save` shows to `found`.
Result<> parse_save(std::string_view save, Found& found);

// Input for `iptables-restore --noflush`; empty when nothing is to be done. Chains that are right are left alone, stale
// chains of ours are removed, others' chains and rules are never touched.
std::string repair(const Found& found, const Wanted& wanted);
// Removes everything of ours.
std::string removal(const Found& found);

// The changes of `delta` that concern `family`: only the chains of the changed ports, single rules elsewhere. Also says
// how many rules the tables gain (by Table).
struct Update {
  std::string input;
  std::array<int64_t, 2> rules_gained{};
};
Update update(const Delta& delta, IpFamily family, const RenderOptions& options);

// Input for `iptables-restore --noflush` that changes nothing and fails when a rule of ours is missing in the chains
// where others flush: what intact() runs.
std::string check_input(IpFamily family, const RenderOptions& options);

}  // namespace fairlead::proxy::iptables
