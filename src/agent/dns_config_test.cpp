#include "agent/dns_config.h"

#include <gtest/gtest.h>

namespace fairlead::agent {
namespace {

const ClusterDns kCluster{{"10.96.0.10"}, "cluster.local"};
const DnsConfig kNode{{"192.0.2.1"}, {"example.org"}, {"edns0"}};

api::Pod pod(std::string policy, bool host_network = false) {
  api::Pod p;
  p.metadata.namespace_ = "shop";
  p.spec.dns_policy = std::move(policy);
  p.spec.host_network = host_network;
  return p;
}
const DnsConfig kClusterFirst{
    {"10.96.0.10"}, {"shop.svc.cluster.local", "svc.cluster.local", "cluster.local"}, {"ndots:5"}};

TEST(PodDns, FollowsThePolicy) {
  EXPECT_EQ(pod_dns(pod("ClusterFirst"), kCluster, kNode), kClusterFirst);
  EXPECT_EQ(pod_dns(pod("ClusterFirst", true), kCluster, kNode), kNode);
  EXPECT_EQ(pod_dns(pod("ClusterFirstWithHostNet", true), kCluster, kNode), kClusterFirst);
  EXPECT_EQ(pod_dns(pod("Default"), kCluster, kNode), kNode);
  EXPECT_EQ(pod_dns(pod("None"), kCluster, kNode), DnsConfig{});
}

TEST(PodDns, AddsThePodsOwnConfig) {
  api::Pod p = pod("ClusterFirst");
  api::PodDNSConfig own;
  own.nameservers = {"10.96.0.10", "192.0.2.7"};
  own.searches = {"my.domain"};
  own.options = {{"ndots", "2"}, {"edns0", std::nullopt}};
  p.spec.dns_config = own;
  const DnsConfig dns = pod_dns(p, kCluster, kNode);
  EXPECT_EQ(dns.servers, (std::vector<std::string>{"10.96.0.10", "192.0.2.7"}));
  EXPECT_EQ(dns.searches.back(), "my.domain");
  EXPECT_EQ(dns.options, (std::vector<std::string>{"ndots:2", "edns0"}));
}

TEST(ResolvConf, ReadsWhatMattersAndSkipsComments) {
  EXPECT_EQ(parse_resolv_conf("# x\nnameserver 192.0.2.1 # y\nsearch a\nsearch example.org\n;z\noptions edns0\nbad\n"),
            kNode);
  EXPECT_EQ(parse_resolv_conf(""), DnsConfig{});
}

}  // namespace
}  // namespace fairlead::agent
