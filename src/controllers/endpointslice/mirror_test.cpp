#include "controllers/endpointslice/mirror.h"

#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

struct MirrorTest : ControllerTest {
  std::optional<EndpointSliceMirror> mirror;
  void SetUp() override {
    mirror.emplace(context);
    group.spawn("mirror", mirror->run());
    start();
    api::Service service;
    service.metadata.name = "db";
    service.spec.ports.emplace_back().port = 5432;
    api.put(service);
  }
  static api::Endpoints endpoints(const std::vector<std::string>& ips) {
    api::Endpoints e;
    e.metadata.namespace_ = "default";
    e.metadata.name = "db";
    auto& subset = e.subsets.emplace_back();
    for (auto& ip : ips) subset.addresses.emplace_back().ip = ip;
    subset.ports.emplace_back().port = 5432;
    return e;
  }
};

TEST_F(MirrorTest, HandMadeEndpointsBecomeSlicesOfEachFamily) {
  api.put(endpoints({"203.0.113.7", "2001:db8::7"}));
  settle();
  const auto slices = api.all<api::EndpointSlice>();
  ASSERT_EQ(slices.size(), 2U);
  for (const auto& slice : slices) {
    EXPECT_EQ(slice->metadata.labels.at("kubernetes.io/service-name"), "db");
    EXPECT_EQ(slice->metadata.labels.at("endpointslice.kubernetes.io/managed-by"), kMirroredBy);
    EXPECT_EQ(slice->metadata.owner_references.at(0).kind, "Endpoints");
    ASSERT_EQ(slice->endpoints.size(), 1U);
    EXPECT_EQ(slice->endpoints[0].addresses[0], slice->address_type == "IPv6" ? "2001:db8::7" : "203.0.113.7");
    EXPECT_EQ(slice->ports.at(0).port, 5432);
  }
}

TEST_F(MirrorTest, AChangeIsAnUpdateAndADeletionRemovesTheMirror) {
  const auto made = api.put(endpoints({"203.0.113.7"}));
  settle();
  const std::string name = api.all<api::EndpointSlice>().at(0)->metadata.name;
  auto next = endpoints({"203.0.113.8", "203.0.113.9"});
  next.metadata.uid = made->metadata.uid;
  api.put(next);
  settle();
  ASSERT_EQ(api.all<api::EndpointSlice>().size(), 1U);
  EXPECT_EQ(api.all<api::EndpointSlice>()[0]->metadata.name, name);
  EXPECT_EQ(api.all<api::EndpointSlice>()[0]->endpoints.size(), 2U);
  api.drop(api::kind_of<api::Endpoints>(), "default", "db");
  settle();
  EXPECT_TRUE(api.all<api::EndpointSlice>().empty());
}

TEST_F(MirrorTest, ServicesWithASelectorAndMarkedEndpointsAreLeftAlone) {
  auto marked = endpoints({"203.0.113.7"});
  marked.metadata.labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
  api.put(marked);
  settle();
  EXPECT_TRUE(api.all<api::EndpointSlice>().empty());
  auto service = *api.find<api::Service>("default", "db");
  service.spec.selector["app"] = "db";
  api.put(service);
  marked.metadata.labels.clear();
  api.put(marked);
  settle();
  EXPECT_TRUE(api.all<api::EndpointSlice>().empty());
}

}  // namespace
}  // namespace fairlead::controllers
