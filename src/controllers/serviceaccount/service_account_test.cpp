#include "controllers/serviceaccount/service_account.h"

#include "controllers/common/testing.h"

namespace fairlead::controllers {
namespace {

struct ServiceAccountTest : ControllerTest {
  ServiceAccountController accounts{context};
  RootCaPublisher publisher{context, "PEM"};
  void SetUp() override {
    group.spawn("accounts", accounts.run());
    group.spawn("publisher", publisher.run());
    start();
    put_namespace(false);
  }
  void put_namespace(bool ending) {
    api::Namespace ns;
    ns.metadata.name = "shop";
    if (ending) ns.metadata.deletion_timestamp.at = clock.now();
    api.put(ns);
    settle();
  }
};

TEST_F(ServiceAccountTest, EveryNamespaceHasItsDefaultAccountAndTheAuthority) {
  EXPECT_NE(api.find<api::ServiceAccount>("shop", "default"), nullptr);
  const auto map = api.find<api::ConfigMap>("shop", "kube-root-ca.crt");
  ASSERT_NE(map, nullptr);
  EXPECT_EQ(map->data, (api::StringMap{{"ca.crt", "PEM"}}));
}

TEST_F(ServiceAccountTest, WhatIsDeletedOrChangedComesBack) {
  api.drop(api::kind_of<api::ServiceAccount>(), "shop", "default");
  api::ConfigMap map = *api.find<api::ConfigMap>("shop", "kube-root-ca.crt");
  map.data["ca.crt"] = "another";
  map.metadata.labels["kept"] = "yes";
  api.put(map);
  settle();
  EXPECT_NE(api.find<api::ServiceAccount>("shop", "default"), nullptr);
  const auto again = api.find<api::ConfigMap>("shop", "kube-root-ca.crt");
  EXPECT_EQ(again->data, (api::StringMap{{"ca.crt", "PEM"}}));
  EXPECT_TRUE(again->metadata.labels.contains("kept"));
}

TEST_F(ServiceAccountTest, ANamespaceThatEndsGetsNothingBack) {
  put_namespace(true);
  api.drop(api::kind_of<api::ServiceAccount>(), "shop", "default");
  api.drop(api::kind_of<api::ConfigMap>(), "shop", "kube-root-ca.crt");
  settle();
  EXPECT_EQ(api.find<api::ServiceAccount>("shop", "default"), nullptr);
  EXPECT_EQ(api.find<api::ConfigMap>("shop", "kube-root-ca.crt"), nullptr);
}

}  // namespace
}  // namespace fairlead::controllers
