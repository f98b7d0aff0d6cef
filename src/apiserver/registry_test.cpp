#include "apiserver/registry.h"

#include <gtest/gtest.h>

#include "api/kinds/deployment.h"
#include "api/kinds/endpoints.h"
#include "api/kinds/endpointslice.h"
#include "api/kinds/namespace.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "apiserver/bootstrap.h"
#include "apiserver/local_api.h"
#include "apiserver/namespaces.h"
#include "apiserver/pods.h"
#include "apiserver/service_allocator.h"
#include "rt/time.h"
#include "store/memory_store.h"

namespace fairlead::apiserver {
namespace {

using api::kind_of;
using api::make_object;
using api::Pod;
using api::Service;

class RegistryTest : public testing::Test {
 protected:
  // Runs `body` against a started registry with the default namespaces.
  void run(Task<> (*body)(RegistryTest&)) { rt::run(loop, around(body)); }

  Task<> around(Task<> (*body)(RegistryTest&)) {
    registry.add_hook(kind_of<Service>(), allocator);
    auto started = co_await registry.start();
    EXPECT_TRUE(started.has_value());
    auto namespaces = co_await create_default_namespaces(registry);
    EXPECT_TRUE(namespaces.has_value()) << (namespaces ? "" : namespaces.error().message);
    co_await body(*this);
    co_await registry.stop();
  }

 public:
  rt::Loop loop;
  FakeClock clock;
  store::MemoryStore store{loop};
  Registry registry{loop, store, clock};
  ServiceAllocator allocator{{*Cidr::parse("10.96.0.0/24")}, {30000, 30099}};
  std::unique_ptr<client::Api> api = make_local_api(registry);
};

Pod pod(std::string name, std::string node = "") {
  Pod p;
  p.metadata.name = std::move(name);
  p.metadata.namespace_ = "default";
  p.spec.node_name = std::move(node);
  auto& c = p.spec.containers.emplace_back();
  c.name = "c";
  c.image = "localhost/web:1";
  return p;
}

Service service(std::string name, std::string type = "ClusterIP", std::string ip = "", int32_t node_port = 0) {
  Service s;
  s.metadata.name = std::move(name);
  s.metadata.namespace_ = "default";
  s.spec.type = std::move(type);
  s.spec.cluster_ip = std::move(ip);
  s.spec.selector = {{"app", "web"}};
  auto& port = s.spec.ports.emplace_back();
  port.port = 80;
  port.node_port = node_port;
  return s;
}

Task<Result<api::ObjectPtr>> make(RegistryTest& t, Pod p) { return t.api->create(make_object(std::move(p))); }
Task<Result<api::ObjectPtr>> make(RegistryTest& t, Service s) { return t.api->create(make_object(std::move(s))); }

std::string message(const Result<api::ObjectPtr>& r) { return r ? "no error" : r.error().message; }

TEST_F(RegistryTest, CreationFillsMetadataAndDefaults) {
  run([](RegistryTest& t) -> Task<> {
    auto made = co_await make(t, pod("web-1"));
    EXPECT_TRUE(made.has_value()) << message(made);
    if (!made) co_return;
    const api::ObjectMeta& meta = (*made)->meta();
    EXPECT_EQ(meta.uid.size(), 36U);
    EXPECT_FALSE(meta.resource_version.empty());
    EXPECT_EQ(*meta.creation_timestamp.at, t.clock.now());
    EXPECT_EQ((*made)->as<Pod>().spec.restart_policy, "Always");
    EXPECT_EQ((*made)->as<Pod>().status.phase, "Pending");
    auto found = co_await t.api->get(kind_of<Pod>(), "default", "web-1");
    EXPECT_EQ((*found).get(), (*made).get()) << "one shared object";
    auto again = co_await make(t, pod("web-1"));
    EXPECT_EQ(message(again), "pods \"web-1\" already exists");
    EXPECT_EQ(again.error().code, Code::kAlreadyExists);
  });
}

TEST_F(RegistryTest, RefusesBadObjectsAndUnknownNamespaces) {
  run([](RegistryTest& t) -> Task<> {
    Pod elsewhere = pod("a");
    elsewhere.metadata.namespace_ = "absent";
    auto r = co_await make(t, elsewhere);
    EXPECT_EQ(message(r), "namespaces \"absent\" not found");
    EXPECT_EQ(r.error().code, Code::kNotFound);
    r = co_await make(t, pod("Not_A_Name"));
    EXPECT_EQ(r.error().code, Code::kInvalid);
    EXPECT_NE(message(r).find("Pod \"Not_A_Name\" is invalid: metadata.name: Invalid value: \"Not_A_Name\""),
              std::string::npos)
        << message(r);
    r = co_await make(t, pod(""));
    EXPECT_NE(message(r).find("metadata.name: Required value: name or generateName is required"), std::string::npos)
        << message(r);
  });
}

TEST_F(RegistryTest, GeneratesNames) {
  run([](RegistryTest& t) -> Task<> {
    Pod p = pod("");
    p.metadata.generate_name = "web-";
    auto a = co_await make(t, p);
    auto b = co_await make(t, p);
    EXPECT_TRUE(a.has_value() && b.has_value()) << message(a);
    if (!a || !b) co_return;
    EXPECT_TRUE((*a)->meta().name.starts_with("web-"));
    EXPECT_EQ((*a)->meta().name.size(), 9U);
    EXPECT_NE((*a)->meta().name, (*b)->meta().name);
  });
}

TEST_F(RegistryTest, UpdatesAreCheckedAgainstTheVersionTheyName) {
  run([](RegistryTest& t) -> Task<> {
    auto made = co_await make(t, pod("a"));
    auto next = (*made)->clone();
    next->meta().labels["x"] = "1";
    auto stale = (*made)->clone();
    stale->meta().labels["x"] = "2";
    auto updated = co_await t.api->update(std::move(next));
    EXPECT_TRUE(updated.has_value()) << message(updated);
    auto refused = co_await t.api->update(std::move(stale));
    EXPECT_EQ(message(refused),
              "Operation cannot be fulfilled on pods \"a\": the object has been modified; please apply your changes to "
              "the latest version and try again");
    auto unconditional = (*made)->clone();
    unconditional->meta().resource_version.clear();
    unconditional->meta().labels["x"] = "3";
    updated = co_await t.api->update(std::move(unconditional));
    EXPECT_TRUE(updated.has_value());
  });
}

TEST_F(RegistryTest, WhatChangesNothingGetsNoNewVersion) {
  run([](RegistryTest& t) -> Task<> {
    auto made = co_await make(t, pod("a"));
    auto same = co_await t.api->update((*made)->clone());
    EXPECT_EQ((*same)->meta().resource_version, (*made)->meta().resource_version);
    auto patched = co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                                         R"({"metadata":{"labels":null}})");
    EXPECT_EQ((*patched)->meta().resource_version, (*made)->meta().resource_version);
  });
}

TEST_F(RegistryTest, StatusAndSpecAreWrittenApart) {
  run([](RegistryTest& t) -> Task<> {
    auto made = co_await make(t, pod("a"));
    auto by_spec = (*made)->clone();
    by_spec->as<Pod>().status.phase = "Running";
    auto r = co_await t.api->update(std::move(by_spec));
    EXPECT_EQ((*r)->as<Pod>().status.phase, "Pending");
    auto by_status = (*made)->clone();
    by_status->as<Pod>().status.phase = "Running";
    by_status->as<Pod>().spec.containers[0].image = "other";
    r = co_await t.api->update(std::move(by_status), "status");
    EXPECT_TRUE(r.has_value()) << message(r);
    if (!r) co_return;
    EXPECT_EQ((*r)->as<Pod>().status.phase, "Running");
    EXPECT_EQ((*r)->as<Pod>().spec.containers[0].image, "localhost/web:1");
  });
}

TEST_F(RegistryTest, PodsThatRunEndInTheirGrace) {
  run([](RegistryTest& t) -> Task<> {
    co_await make(t, pod("waiting"));
    co_await make(t, pod("running", "node1"));
    auto removed = co_await t.api->remove(kind_of<Pod>(), "default", "waiting");
    EXPECT_TRUE(removed.has_value());
    auto gone = co_await t.api->get(kind_of<Pod>(), "default", "waiting");
    EXPECT_EQ(message(gone), "pods \"waiting\" not found");
    removed = co_await t.api->remove(kind_of<Pod>(), "default", "running");
    auto ending = co_await t.api->get(kind_of<Pod>(), "default", "running");
    EXPECT_TRUE(ending.has_value());
    if (!ending) co_return;
    EXPECT_EQ((*ending)->meta().deletion_grace_period_seconds, 30);
    EXPECT_GE(*(*ending)->meta().deletion_timestamp.at, t.clock.now() + std::chrono::seconds(30));
    client::DeleteOptions now;
    now.grace_period_seconds = 0;
    removed = co_await t.api->remove(kind_of<Pod>(), "default", "running", now);
    gone = co_await t.api->get(kind_of<Pod>(), "default", "running");
    EXPECT_FALSE(gone.has_value());
  });
}

TEST_F(RegistryTest, FinalizersHoldAnObjectUntilTheLastIsGone) {
  run([](RegistryTest& t) -> Task<> {
    Pod p = pod("a");
    p.metadata.finalizers = {"example.com/hold"};
    co_await make(t, p);
    co_await t.api->remove(kind_of<Pod>(), "default", "a");
    auto held = co_await t.api->get(kind_of<Pod>(), "default", "a");
    EXPECT_TRUE(held.has_value() && (*held)->meta().deletion_timestamp);
    auto more = co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                                      R"({"metadata":{"finalizers":["example.com/hold","x.io/y"]}})");
    EXPECT_NE(message(more).find("no new finalizers can be added"), std::string::npos) << message(more);
    auto freed = co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                                       R"({"metadata":{"finalizers":null}})");
    EXPECT_TRUE(freed.has_value()) << message(freed);
    held = co_await t.api->get(kind_of<Pod>(), "default", "a");
    EXPECT_FALSE(held.has_value());
  });
}

TEST_F(RegistryTest, PropagationIsLeftToTheGarbageCollectorAsAFinalizer) {
  run([](RegistryTest& t) -> Task<> {
    co_await make(t, pod("a"));
    client::DeleteOptions options;
    options.propagation_policy = "Foreground";
    co_await t.api->remove(kind_of<Pod>(), "default", "a", options);
    auto held = co_await t.api->get(kind_of<Pod>(), "default", "a");
    EXPECT_EQ((*held)->meta().finalizers, std::vector<std::string>{"foregroundDeletion"});
    options.uid = "another";
    auto refused = co_await t.api->remove(kind_of<Pod>(), "default", "a", options);
    EXPECT_EQ(refused.error().code, Code::kConflict);
  });
}

TEST_F(RegistryTest, BindingSetsTheNodeOnce) {
  run([](RegistryTest& t) -> Task<> {
    co_await make(t, pod("a"));
    auto bound = co_await t.api->bind("default", "a", "node1");
    EXPECT_TRUE(bound.has_value()) << (bound ? "" : bound.error().message);
    auto p = co_await t.api->get(kind_of<Pod>(), "default", "a");
    EXPECT_EQ((*p)->as<Pod>().spec.node_name, "node1");
    EXPECT_EQ((*p)->as<Pod>().status.conditions.at(0).type, "PodScheduled");
    auto twice = co_await t.api->bind("default", "a", "node2");
    EXPECT_EQ(twice.error().message,
              "Operation cannot be fulfilled on pods/binding \"a\": pod a is already assigned to node \"node1\"");
  });
}

TEST_F(RegistryTest, ANamespaceStaysUntilItsFinalizerIsGoneAndTakesNothingNew) {
  run([](RegistryTest& t) -> Task<> {
    api::Namespace ns;
    ns.metadata.name = "other";
    auto created = co_await t.api->create(make_object(ns));
    EXPECT_TRUE(created.has_value()) << message(created);
    if (!created) co_return;
    EXPECT_EQ((*created)->as<api::Namespace>().status.phase, "Active");
    EXPECT_EQ((*created)->as<api::Namespace>().spec.finalizers, std::vector<std::string>{"kubernetes"});
    auto removed = co_await t.api->remove(kind_of<api::Namespace>(), "", "other");
    EXPECT_TRUE(removed.has_value());
    auto ending = co_await t.api->get(kind_of<api::Namespace>(), "", "other");
    EXPECT_TRUE(ending.has_value());
    if (!ending) co_return;
    EXPECT_EQ((*ending)->as<api::Namespace>().status.phase, "Terminating");
    Pod p = pod("b");
    p.metadata.namespace_ = "other";
    auto refused = co_await make(t, p);
    EXPECT_EQ(
        message(refused),
        "pods \"b\" is forbidden: unable to create new content in namespace other because it is being terminated");
    auto finalized = (*ending)->clone();
    finalized->as<api::Namespace>().spec.finalizers.clear();
    auto done = co_await t.api->update(std::move(finalized), "finalize");
    EXPECT_TRUE(done.has_value()) << message(done);
    auto gone = co_await t.api->get(kind_of<api::Namespace>(), "", "other");
    EXPECT_EQ(message(gone), "namespaces \"other\" not found");
    auto kept = co_await t.api->remove(kind_of<api::Namespace>(), "", "default");
    EXPECT_EQ(kept.error().message, "namespaces \"default\" is forbidden: this namespace may not be deleted");
  });
}

// --- Services
// ------------------------------------------------------------------------------------------------------------------

TEST_F(RegistryTest, ServicesGetAddressesAndPorts) {
  run([](RegistryTest& t) -> Task<> {
    auto a = co_await make(t, service("a"));
    EXPECT_TRUE(a.has_value()) << message(a);
    if (!a) co_return;
    const auto& spec = (*a)->as<Service>().spec;
    EXPECT_TRUE(Cidr::parse("10.96.0.0/24")->contains(*IpAddress::parse(spec.cluster_ip))) << spec.cluster_ip;
    EXPECT_EQ(spec.cluster_ips, std::vector<std::string>{spec.cluster_ip});
    EXPECT_EQ(spec.ip_families, std::vector<std::string>{"IPv4"});
    EXPECT_EQ(spec.ip_family_policy, "SingleStack");
    auto b = co_await make(t, service("b", "NodePort"));
    const int32_t port = (*b)->as<Service>().spec.ports[0].node_port;
    EXPECT_GE(port, 30000);
    EXPECT_LE(port, 30099);
    Service headless = service("c", "ClusterIP", "None");
    auto c = co_await make(t, headless);
    EXPECT_EQ((*c)->as<Service>().spec.cluster_ips, std::vector<std::string>{"None"});
  });
}

TEST_F(RegistryTest, TakenAndStrayAddressesAndPortsAreRefusedWithTheReason) {
  run([](RegistryTest& t) -> Task<> {
    auto a = co_await make(t, service("a", "NodePort", "10.96.0.10", 30010));
    EXPECT_TRUE(a.has_value()) << message(a);
    auto r = co_await make(t, service("b", "ClusterIP", "10.96.0.10"));
    EXPECT_EQ(message(r),
              "Service \"b\" is invalid: spec.clusterIPs: Invalid value: [\"10.96.0.10\"]: failed to allocate IP "
              "10.96.0.10: provided IP is already allocated");
    r = co_await make(t, service("b", "ClusterIP", "192.0.2.1"));
    EXPECT_NE(message(r).find(
                  "the provided IP (192.0.2.1) is not in the valid range. The range of valid IPs is 10.96.0.0/24"),
              std::string::npos)
        << message(r);
    r = co_await make(t, service("b", "NodePort", "", 30010));
    EXPECT_EQ(
        message(r),
        "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 30010: provided port is already allocated");
    r = co_await make(t, service("b", "NodePort", "", 20000));
    EXPECT_EQ(message(r),
              "Service \"b\" is invalid: spec.ports[0].nodePort: Invalid value: 20000: provided port is not in the "
              "valid range. The range of valid ports is "
              "30000-30099");
    // What a refused Service had already taken is free again.
    r = co_await make(t, service("b", "NodePort", "10.96.0.11", 30010));
    EXPECT_FALSE(r.has_value());
    r = co_await make(t, service("b", "NodePort", "10.96.0.11", 30011));
    EXPECT_TRUE(r.has_value()) << message(r);
  });
}

TEST_F(RegistryTest, AddressesAndPortsAreFreeAfterDeletionAndChangeOfType) {
  run([](RegistryTest& t) -> Task<> {
    co_await make(t, service("a", "NodePort", "10.96.0.10", 30010));
    co_await t.api->remove(kind_of<Service>(), "default", "a");
    auto a = co_await make(t, service("a", "NodePort", "10.96.0.10", 30010));
    EXPECT_TRUE(a.has_value()) << message(a);
    auto changed = co_await t.api->patch(kind_of<Service>(), "default", "a", client::PatchType::kMerge,
                                         R"({"spec":{"type":"ClusterIP"}})");
    EXPECT_TRUE(changed.has_value()) << message(changed);
    if (!changed) co_return;
    EXPECT_EQ((*changed)->as<Service>().spec.ports[0].node_port, 0);
    EXPECT_EQ((*changed)->as<Service>().spec.cluster_ip, "10.96.0.10");
    auto b = co_await make(t, service("b", "NodePort", "", 30010));
    EXPECT_TRUE(b.has_value()) << message(b);
  });
}

TEST_F(RegistryTest, AnUpdateThatDoesNotMentionTheAddressKeepsIt) {
  run([](RegistryTest& t) -> Task<> {
    auto a = co_await make(t, service("a", "NodePort"));
    const std::string ip = (*a)->as<Service>().spec.cluster_ip;
    const int32_t port = (*a)->as<Service>().spec.ports[0].node_port;
    Service next = service("a", "NodePort");
    next.spec.selector = {{"app", "other"}};
    auto updated = co_await t.api->update(make_object(next));
    EXPECT_TRUE(updated.has_value()) << message(updated);
    if (!updated) co_return;
    EXPECT_EQ((*updated)->as<Service>().spec.cluster_ip, ip);
    EXPECT_EQ((*updated)->as<Service>().spec.ports[0].node_port, port);
    next.spec.cluster_ip = ip == "10.96.0.77" ? "10.96.0.78" : "10.96.0.77";  // any but its own
    auto refused = co_await t.api->update(make_object(next));
    EXPECT_NE(message(refused).find("may not change once set"), std::string::npos) << message(refused);
  });
}

TEST_F(RegistryTest, OnePortInTwoProtocolsIsOneNodePort) {
  run([](RegistryTest& t) -> Task<> {
    Service s = service("dns", "NodePort");
    s.spec.ports[0].name = "tcp";
    auto& udp = s.spec.ports.emplace_back();
    udp.name = "udp";
    udp.port = 80;
    udp.protocol = "UDP";
    auto made = co_await make(t, s);
    EXPECT_TRUE(made.has_value()) << message(made);
    if (!made) co_return;
    const auto& ports = (*made)->as<Service>().spec.ports;
    EXPECT_EQ(ports[0].node_port, ports[1].node_port);
  });
}

Task<Result<>> publish(RegistryTest& t, const char* address, uint16_t port) {
  const Endpoint advertised{*IpAddress::parse(address), port};
  co_return co_await publish_api_server(t.registry, t.allocator.networks()[0].at(1), advertised);
}

TEST_F(RegistryTest, TheApiServersOwnServiceFollowsItsAddress) {
  run([](RegistryTest& t) -> Task<> {
    for (const char* address : {"192.0.2.10", "192.0.2.10", "192.0.2.11"}) {
      auto done = co_await publish(t, address, 6443);
      EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().message);
    }
    auto s = co_await t.api->get(kind_of<Service>(), "default", "kubernetes");
    EXPECT_EQ((*s)->as<Service>().spec.cluster_ip, "10.96.0.1");
    EXPECT_EQ((*s)->as<Service>().spec.ports.at(0).target_port.number, 6443);
    auto e = co_await t.api->get(kind_of<api::Endpoints>(), "default", "kubernetes");
    EXPECT_EQ((*e)->as<api::Endpoints>().subsets.at(0).addresses.at(0).ip, "192.0.2.11");
    auto slice = co_await t.api->get(kind_of<api::EndpointSlice>(), "default", "kubernetes");
    EXPECT_EQ((*slice)->as<api::EndpointSlice>().endpoints.at(0).addresses.at(0), "192.0.2.11");
  });
}

TEST(Pool, PrefersTheUpperBandAndGivesEveryNumberOnce) {
  Pool pool(64, 16);
  std::set<uint64_t> seen;
  for (int i = 0; i < 48; ++i) {
    const auto n = pool.take_any();
    ASSERT_TRUE(n);
    EXPECT_GE(*n, 16U);
    EXPECT_TRUE(seen.insert(*n).second);
  }
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(seen.insert(*pool.take_any()).second);
  EXPECT_EQ(pool.take_any(), std::nullopt);
  pool.give_back(7);
  EXPECT_EQ(pool.take_any(), 7U);
}

TEST(PortRange, SaysWhatIsWrong) {
  EXPECT_EQ(parse_port_range("30000-32767")->last, 32767);
  for (const char* bad : {"", "1", "5-1", "a-b", "0-9", "1-70000", "1-2-3"})
    EXPECT_FALSE(parse_port_range(bad).has_value()) << bad;
}

// --- watching
// ------------------------------------------------------------------------------------------------------------------

TEST_F(RegistryTest, AWatchSeesObjectsEnterAndLeaveItsSelector) {
  run([](RegistryTest& t) -> Task<> {
    client::WatchOptions options;
    options.resource_version = std::to_string(t.registry.revision());
    options.label_selector = "app=web";
    auto watch = co_await t.api->watch(kind_of<Pod>(), options);
    Pod p = pod("a");
    co_await make(t, p);
    co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                          R"({"metadata":{"labels":{"app":"web"}}})");
    co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                          R"({"metadata":{"labels":{"app":"web","x":"1"}}})");
    co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                          R"({"metadata":{"labels":{"app":"db"}}})");
    auto e = co_await (*watch)->next();
    EXPECT_EQ((*e)->type, client::WatchType::kAdded);
    e = co_await (*watch)->next();
    EXPECT_EQ((*e)->type, client::WatchType::kModified);
    e = co_await (*watch)->next();
    EXPECT_EQ((*e)->type, client::WatchType::kDeleted);
    // The state that still matched, at the version at which it ceased to.
    EXPECT_EQ((*e)->object->meta().labels.at("app"), "web");
    auto now = co_await t.api->get(kind_of<Pod>(), "default", "a");
    EXPECT_EQ((*e)->object->meta().resource_version, (*now)->meta().resource_version);
  });
}

TEST_F(RegistryTest, AWatchTooFarBackIsExpired) {
  run([](RegistryTest& t) -> Task<> {
    auto made = co_await make(t, pod("a"));
    client::WatchOptions options;
    options.resource_version = (*made)->meta().resource_version;
    auto idle = co_await t.api->watch(kind_of<Pod>(), options);
    for (int i = 0; i < 5000; ++i) {
      co_await t.api->patch(kind_of<Pod>(), "default", "a", client::PatchType::kMerge,
                            fmt::format(R"({{"metadata":{{"labels":{{"n":"{}"}}}}}})", i));
    }
    auto e = co_await (*idle)->next();
    EXPECT_EQ(e.error().code, Code::kExpired);
    auto again = co_await t.api->watch(kind_of<Pod>(), options);
    EXPECT_EQ(again.error().code, Code::kExpired);
  });
}

}  // namespace
}  // namespace fairlead::apiserver
