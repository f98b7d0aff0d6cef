#include "controllers/namespace/namespace_lifecycle.h"

#include <gtest/gtest.h>

#include "api/kinds/service.h"
#include "client/memory_api.h"
#include "client/testing.h"

namespace fairlead::controllers {
namespace {

TEST(NamespaceLifecycle, EmptiesADeletedNamespaceAndLetsItGo) {
  rt::Loop loop;
  FakeClock clock;
  client::MemoryApi api(loop, clock);
  for (const char* name : {"doomed", "kept"}) {
    api::Namespace ns;
    ns.metadata.name = name;
    ns.spec.finalizers = {"kubernetes"};
    if (ns.metadata.name == "doomed") ns.metadata.deletion_timestamp.at = clock.now();
    api.put(ns);
    api::Service svc;
    svc.metadata.name = "web";
    svc.metadata.namespace_ = name;
    api.put(svc);
  }
  client::SharedInformers informers(loop, api);
  NamespaceLifecycle controller(loop, api, informers, clock);
  rt::TaskGroup group(loop);
  for (auto* informer : informers.all()) group.spawn("informer", informer->run());
  group.spawn("namespace", controller.run());
  client::settle(loop);
  EXPECT_EQ(api.find<api::Service>("doomed", "web"), nullptr);
  EXPECT_NE(api.find<api::Service>("kept", "web"), nullptr);
  EXPECT_EQ(api.find<api::Namespace>("", "doomed"), nullptr);
  EXPECT_NE(api.find<api::Namespace>("", "kept"), nullptr);
  client::stop(loop, group);
}

}  // namespace
}  // namespace fairlead::controllers
