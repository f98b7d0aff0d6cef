// Every plane against every case. A new plane is one row in planes().
#include <gtest/gtest.h>

#include "proxy/conformance/rig.h"
#include "proxy/planes/iptables/iptables.h"

namespace fairlead::proxy::conformance {
namespace {

struct PlaneUnderTest {
  const char* name;
  MakePlane make;
};

template <iptables::Backend backend>
std::unique_ptr<Plane> make_iptables(rt::Loop& loop, const PlaneOptions& options) {
  return std::make_unique<iptables::IptablesPlane>(loop, options, backend);
}

const std::vector<PlaneUnderTest>& planes() {
  static const std::vector<PlaneUnderTest> table = {
      {"IptablesNft", &make_iptables<iptables::Backend::kNft>},
      {"IptablesLegacy", &make_iptables<iptables::Backend::kLegacy>},
  };
  return table;
}

class Conformance : public ::testing::TestWithParam<std::tuple<size_t, size_t>> {};

TEST_P(Conformance, Case) {
  const auto& [plane, index] = GetParam();
  const Case& c = cases()[index];
  auto lab = Lab::create();
  if (!lab) GTEST_SKIP() << "needs root and network namespaces: " << lab.error().message;
  Rig rig(**lab, planes()[plane].make);
  const Probe probe = rig.probe();
  if (!probe.usable) GTEST_SKIP() << planes()[plane].name << " cannot run here: " << probe.reason;
  if (c.needs != nullptr && !(rig.capabilities().*c.needs)) GTEST_SKIP() << "the plane does not claim this";
  c.body(rig);
}

INSTANTIATE_TEST_SUITE_P(Planes, Conformance,
                         ::testing::Combine(::testing::Range(size_t{0}, planes().size()),
                                            ::testing::Range(size_t{0}, cases().size())),
                         [](const auto& param) {
                           return fmt::format("{}_{}", planes()[std::get<0>(param.param)].name,
                                              cases()[std::get<1>(param.param)].name);
                         });

}  // namespace
}  // namespace fairlead::proxy::conformance
