#include "base/ip.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

TEST(IpAddress, ParsesWhatKubernetesAcceptsAndPrintsItCanonically) {
  for (auto [in, out] : {std::pair{"10.0.0.1", "10.0.0.1"}, {"2001:DB8:0:0::1", "2001:db8::1"}, {"::", "::"}}) {
    auto a = IpAddress::parse(in);
    ASSERT_TRUE(a) << in;
    EXPECT_EQ(a->to_string(), out);
  }
}

TEST(IpAddress, RefusesAnythingElse) {
  for (auto in : {"", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.1 ", "1.2.3.4/5", "fe80::1%eth0", "::g"}) {
    EXPECT_FALSE(IpAddress::parse(in)) << in;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0", 8)));
}

TEST(IpAddress, CountsWithinItsFamily) {
  EXPECT_EQ(IpAddress::parse("10.0.0.255")->plus(1).to_string(), "10.0.1.0");
  EXPECT_EQ(IpAddress::parse("2001:db8::ffff")->plus(1).to_string(), "2001:db8::1:0");
  EXPECT_TRUE(IpAddress::parse("255.255.255.255")->plus(1).is_v4());
}

TEST(Cidr, ClearsHostBitsAndKnowsItsMembers) {
  auto c = Cidr::parse("10.96.3.4/12");
  ASSERT_TRUE(c);
  EXPECT_EQ(c->to_string(), "10.96.0.0/12");
  EXPECT_EQ(c->size(), 1U << 20);
  EXPECT_TRUE(c->contains(*IpAddress::parse("10.111.255.255")));
  EXPECT_FALSE(c->contains(*IpAddress::parse("10.112.0.0")));
  EXPECT_FALSE(c->contains(*IpAddress::parse("2001:db8::1")));
  EXPECT_EQ(c->index_of(*IpAddress::parse("10.96.1.2")), 258U);
  EXPECT_EQ(c->at(258).to_string(), "10.96.1.2");
}

TEST(Cidr, RefusesWhatIsNotANetwork) {
  for (auto in : {"10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/08", "::/129", "x/8"}) {
    EXPECT_FALSE(Cidr::parse(in)) << in;
  }
}

TEST(Endpoint, BracketsV6) {
  EXPECT_EQ((Endpoint{*IpAddress::parse("::1"), 80}.to_string()), "[::1]:80");
  EXPECT_EQ((Endpoint{*IpAddress::parse("1.2.3.4"), 80}.to_string()), "1.2.3.4:80");
}

}  // namespace
}  // namespace fairlead
