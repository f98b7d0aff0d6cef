#include "proxy/model/choose.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::proxy {
namespace {

// One letter a property: r ready, s serving, t terminating, L local, n node hint elsewhere, N node hint us,
// z zone hint elsewhere, Z zone hint us.
Candidate candidate(const std::string& letters) {
  Candidate c;
  for (const char l : letters) {
    c.ready |= l == 'r';
    c.serving |= l == 's' || l == 'r';
    c.terminating |= l == 't';
    c.local |= l == 'L';
    c.node_hints |= l == 'n' || l == 'N';
    c.node_hint_us |= l == 'N';
    c.zone_hints |= l == 'z' || l == 'Z';
    c.zone_hint_us |= l == 'Z';
  }
  return c;
}

struct Case {
  const char* name;
  std::vector<std::string> endpoints;
  std::vector<uint32_t> cluster;
  std::vector<uint32_t> local;
  bool any = true;
};

TEST(Choose, ByConditionsAndHints) {
  const std::vector<Case> cases = {
      {"nothing", {}, {}, {}, false},
      {"ready ones only", {"r", "", "rL", "st"}, {0, 2}, {2}},
      {"terminating and serving when none is ready", {"st", "t", "stL", ""}, {0, 2}, {2}},
      {"neither ready nor serving", {"", "t", "s"}, {}, {}, false},
      {"local falls back by itself", {"r", "stL"}, {0}, {1}},
      {"no local endpoint, but some elsewhere", {"r", "r"}, {0, 1}, {}},
      {"zone hints", {"rZ", "rz", "rZL"}, {0, 2}, {2}},
      {"one ready endpoint without a zone hint disables them", {"rZ", "r", "rz"}, {0, 1, 2}, {}},
      {"one that is not ready without a hint does not", {"rZ", "s", "rz"}, {0}, {}},
      {"no zone hint names us", {"rz", "rz"}, {0, 1}, {}},
      {"node hints before zone hints", {"rNZ", "rnZ"}, {0}, {}},
      {"zone hints when no node hint names us", {"rnZ", "rnz"}, {0}, {}},
      {"hints do not narrow the local list", {"rZ", "rzL"}, {0}, {1}},
      {"hints do not count for terminating ones", {"stz", "stZ"}, {0, 1}, {}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    std::vector<Candidate> candidates;
    for (const std::string& e : c.endpoints) candidates.push_back(candidate(e));
    const Choice choice = choose(candidates, true, true);
    EXPECT_EQ(choice.cluster, c.cluster);
    EXPECT_EQ(choice.local, c.local);
    EXPECT_EQ(choice.any, c.any);
  }
}

TEST(Choose, ListsThatNobodyUsesStayEmpty) {
  const std::vector<Candidate> candidates = {candidate("rL")};
  EXPECT_TRUE(choose(candidates, false, true).cluster.empty());
  EXPECT_TRUE(choose(candidates, true, false).local.empty());
}

}  // namespace
}  // namespace fairlead::proxy
