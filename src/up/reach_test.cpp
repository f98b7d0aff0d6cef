#include "up/reach.h"

#include <gtest/gtest.h>

namespace fairlead::up {
namespace {

TEST(ForwardingRefused, IsADroppingPolicyThatNamesNoExceptionForTheInterface) {
  const std::string docker =
      "-P FORWARD DROP\n"
      "-A FORWARD -j DOCKER-USER\n"
      "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
      "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\n";
  EXPECT_TRUE(forwarding_refused(docker, "fl-demo"));
  EXPECT_FALSE(forwarding_refused(docker + "-A FORWARD -i fl-demo -j ACCEPT\n", "fl-demo"));
  EXPECT_TRUE(forwarding_refused(docker + "-A FORWARD -i fl-demo2 -j ACCEPT\n", "fl-demo"));
  EXPECT_TRUE(forwarding_refused(docker + "-A FORWARD -i fl-demo -o fl-demo -j ACCEPT\n", "fl-demo"));
  EXPECT_TRUE(forwarding_refused(docker + "-A FORWARD -i fl-demo -j DROP\n", "fl-demo"));
  EXPECT_FALSE(forwarding_refused("-P FORWARD ACCEPT\n-A FORWARD -j DOCKER-USER\n", "fl-demo"));
  EXPECT_FALSE(forwarding_refused("", "fl-demo"));
}

}  // namespace
}  // namespace fairlead::up
