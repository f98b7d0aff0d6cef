#include "agent/containerd_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

using testing::HasSubstr;
using testing::Not;

ContainerdOptions options() {
  return {
      .root = "/d/root", .state = "/d/state", .socket = "/d/c.sock", .cni_conf_dir = "/d/cni", .runc_root = "/d/runc"};
}

TEST(ContainerdConfig, KeepsEverythingPrivateToTheNode) {
  const std::string text = render_containerd_config(options());
  EXPECT_THAT(text, HasSubstr("root = \"/d/root\""));
  EXPECT_THAT(text, HasSubstr("state = \"/d/state\""));
  EXPECT_THAT(text, HasSubstr("address = \"/d/c.sock\""));
  EXPECT_THAT(text, HasSubstr("address = \"/d/c.sock.ttrpc\""));
  EXPECT_THAT(text, HasSubstr("conf_dir = \"/d/cni\""));
  EXPECT_THAT(text, HasSubstr("Root = \"/d/runc\""));
  EXPECT_THAT(text, HasSubstr("stream_server_address = \"127.0.0.1\""));
}

TEST(ContainerdConfig, KeepsThePluginThatCriNeedsIn16) {
  EXPECT_THAT(render_containerd_config(options()), Not(HasSubstr("runtime.v1.linux")));
}

TEST(ContainerdConfig, RestrictsOomScoresOnlyWhenAsked) {
  auto o = options();
  EXPECT_THAT(render_containerd_config(o), HasSubstr("restrict_oom_score_adj = false"));
  o.restrict_oom_score_adj = true;
  EXPECT_THAT(render_containerd_config(o), HasSubstr("restrict_oom_score_adj = true"));
}

TEST(ContainerdConfig, QuotesPaths) {
  auto o = options();
  o.root = "/d/with \"quotes\"";
  EXPECT_THAT(render_containerd_config(o), HasSubstr(R"(root = "/d/with \"quotes\"")"));
}

TEST(CniConflist, HasOneRangeAndRoutePerFamily) {
  const std::string text = render_cni_conflist(
      {.pod_cidrs = {*Cidr::parse("10.244.1.0/24"), *Cidr::parse("fd00:10:244:1::/64")}, .data_dir = "/d/ipam"});
  EXPECT_THAT(text, HasSubstr(R"("ranges": [[{"subnet":"10.244.1.0/24"}],[{"subnet":"fd00:10:244:1::/64"}]])"));
  EXPECT_THAT(text, HasSubstr(R"("routes": [{"dst":"0.0.0.0/0"},{"dst":"::/0"}])"));
  EXPECT_THAT(text, HasSubstr(R"("dataDir": "/d/ipam")"));
}

TEST(Capabilities, ReadsTheEffectiveSet) {
  EXPECT_FALSE(has_cap_sys_resource("CapPrm:\t000001ffffffffff\nCapEff:\t000001fffeffffff\n"));
  EXPECT_TRUE(has_cap_sys_resource("CapEff:\t000001ffffffffff\n"));
  EXPECT_FALSE(has_cap_sys_resource(""));
}

}  // namespace
}  // namespace fairlead::agent
