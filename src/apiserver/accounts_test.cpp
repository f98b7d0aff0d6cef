// Service accounts and what follows from them: pods that mount tokens, tokens and their ends, reviews, what nodes may;
// the class of Ingresses without one; and kinds that are views of others.
#include <gmock/gmock.h>

#include "api/codec.h"
#include "api/kinds/accessreview.h"
#include "api/kinds/configmap.h"
#include "api/kinds/event.h"
#include "api/kinds/events_event.h"
#include "api/kinds/ingress.h"
#include "api/kinds/ingressclass.h"
#include "api/kinds/ipaddress.h"
#include "api/kinds/pod.h"
#include "api/kinds/secret.h"
#include "api/kinds/service.h"
#include "api/kinds/serviceaccount.h"
#include "api/kinds/tokenreview.h"
#include "apiserver/ingress_admission.h"
#include "apiserver/local_api.h"
#include "apiserver/namespaces.h"
#include "apiserver/node_authorizer.h"
#include "apiserver/pod_admission.h"
#include "apiserver/reviews.h"
#include "apiserver/service_allocator.h"
#include "store/memory_store.h"

namespace fairlead::apiserver {
namespace {

using api::kind_of;
using api::make_object;
using api::Pod;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kIssuer = "https://kubernetes.default.svc.cluster.local";

class AccountsTest : public testing::Test {
 protected:
  void run(Task<> (*body)(AccountsTest&)) { rt::run(loop, around(body)); }
  Task<> around(Task<> (*body)(AccountsTest&)) {
    registry.add_hook(kind_of<Pod>(), admission);
    registry.add_hook(kind_of<api::Ingress>(), ingress_admission);
    registry.add_hook(kind_of<api::Service>(), allocator);
    auto started = co_await registry.start();
    EXPECT_TRUE(started.has_value());
    auto namespaces = co_await create_default_namespaces(registry);
    EXPECT_TRUE(namespaces.has_value());
    co_await body(*this);
    co_await registry.stop();
  }

 public:
  template <class T>
  Task<const T*> make(T value) {
    auto created = co_await api->create(make_object(std::move(value)));
    EXPECT_TRUE(created.has_value()) << (created ? "" : created.error().message);
    if (!created) co_return nullptr;
    kept.push_back(*created);
    co_return &(*created)->template as<T>();
  }
  Result<api::TokenRequest> grant(const std::string& account, const std::string& pod = "", std::string audience = "") {
    api::TokenRequest request;
    request.spec.expiration_seconds = 600;
    if (!audience.empty()) request.spec.audiences = {std::move(audience)};
    if (!pod.empty()) {
      auto& ref = request.spec.bound_object_ref.emplace();
      ref.kind = "Pod";
      ref.api_version = "v1";
      ref.name = pod;
    }
    return tokens.grant("default", account, std::move(request));
  }

  rt::Loop loop;
  FakeClock clock;
  store::MemoryStore store{loop};
  Registry registry{loop, store, clock};
  PodAdmission admission{registry};
  IngressAdmission ingress_admission{registry};
  ServiceAllocator allocator{{*Cidr::parse("10.96.0.0/24")}, {30000, 30099}};
  ServiceAccountTokens tokens{registry, *pki::JwtKey::generate(), kIssuer};
  std::unique_ptr<client::Api> api = make_local_api(registry);
  std::vector<api::ObjectPtr> kept;
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

TEST_F(AccountsTest, PodsMountTheTokenOfTheirAccount) {
  run([](AccountsTest& t) -> Task<> {
    const Pod* p = co_await t.make(pod("a"));
    EXPECT_EQ(p->spec.service_account_name, "default");
    EXPECT_EQ(p->spec.volumes.size(), 1U);
    EXPECT_TRUE(p->spec.volumes[0].name.starts_with("kube-api-access-"));
    const auto& sources = p->spec.volumes[0].volume_source.projected->sources;
    EXPECT_EQ(sources.size(), 3U);
    EXPECT_EQ(sources[0].service_account_token->expiration_seconds, 3607);
    EXPECT_EQ(sources[1].config_map->local_object_reference.name, "kube-root-ca.crt");
    const auto& mount = p->spec.containers[0].volume_mounts.at(0);
    EXPECT_EQ(mount.mount_path, "/var/run/secrets/kubernetes.io/serviceaccount");
    EXPECT_TRUE(mount.read_only);
  });
}

TEST_F(AccountsTest, MountingIsTurnedOffByThePodOrTheAccountAndThePodDecides) {
  run([](AccountsTest& t) -> Task<> {
    api::ServiceAccount quiet;
    quiet.metadata.name = "quiet";
    quiet.metadata.namespace_ = "default";
    quiet.automount_service_account_token = false;
    quiet.image_pull_secrets.emplace_back().name = "registry";
    co_await t.make(quiet);
    Pod p = pod("a");
    p.spec.automount_service_account_token = false;
    const Pod* off = co_await t.make(p);
    EXPECT_TRUE(off->spec.volumes.empty());
    p = pod("b");
    p.spec.service_account_name = "quiet";
    const Pod* by_account = co_await t.make(p);
    EXPECT_TRUE(by_account->spec.volumes.empty());
    EXPECT_EQ(by_account->spec.image_pull_secrets.at(0).name, "registry");
    p.metadata.name = "c";
    p.spec.automount_service_account_token = true;
    const Pod* on = co_await t.make(p);
    EXPECT_EQ(on->spec.volumes.size(), 1U);
  });
}

TEST_F(AccountsTest, AnAccountThatDoesNotExistIsRefused) {
  run([](AccountsTest& t) -> Task<> {
    Pod p = pod("a");
    p.spec.service_account_name = "nobody";
    auto created = co_await t.api->create(make_object(std::move(p)));
    EXPECT_FALSE(created);
    if (!created) {
      EXPECT_EQ(created.error().message,
                "pods \"a\" is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" "
                "not found");
    }
  });
}

TEST_F(AccountsTest, ATokenHoldsUntilItEndsAndForItsAudience) {
  run([](AccountsTest& t) -> Task<> {
    auto granted = t.grant("default");
    EXPECT_TRUE(granted.has_value());
    const std::string token = granted->status.token;
    const auto owner = t.tokens.check(token, {kIssuer});
    EXPECT_TRUE(owner.has_value()) << (owner ? "" : owner.error().message);
    EXPECT_EQ(owner->who.name, "system:serviceaccount:default:default");
    EXPECT_THAT(owner->who.groups,
                ElementsAre("system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"));
    EXPECT_FALSE(t.tokens.check(token, {"somebody-else"}));
    auto other = t.grant("default", "", "vault");
    EXPECT_FALSE(t.tokens.check(other->status.token, {kIssuer}));
    EXPECT_TRUE(t.tokens.check(other->status.token, {"vault", "x"}));
    t.clock.advance(std::chrono::seconds(1200));
    EXPECT_FALSE(t.tokens.check(token, {kIssuer}));
    co_return;
  });
}

TEST_F(AccountsTest, ATokenEndsWithItsPodAndWithItsAccount) {
  run([](AccountsTest& t) -> Task<> {
    co_await t.make(pod("a"));
    const auto bound = t.grant("default", "a");
    EXPECT_TRUE(bound.has_value()) << (bound ? "" : bound.error().message);
    const auto owner = t.tokens.check(bound->status.token, {kIssuer});
    EXPECT_TRUE(owner.has_value());
    EXPECT_EQ(owner->who.extra.at("authentication.kubernetes.io/pod-name").at(0), "a");
    EXPECT_EQ(t.grant("default", "absent").error().message, "pods \"absent\" not found");

    co_await t.api->remove(kind_of<Pod>(), "default", "a");
    EXPECT_FALSE(t.tokens.check(bound->status.token, {kIssuer}));

    const auto free = t.grant("default");
    EXPECT_TRUE(t.tokens.check(free->status.token, {kIssuer}));
    co_await t.api->remove(kind_of<api::ServiceAccount>(), "default", "default");
    EXPECT_FALSE(t.tokens.check(free->status.token, {kIssuer}));
    // An account of the same name is another one.
    api::ServiceAccount again;
    again.metadata.name = "default";
    again.metadata.namespace_ = "default";
    co_await t.make(again);
    EXPECT_FALSE(t.tokens.check(free->status.token, {kIssuer}));
  });
}

TEST_F(AccountsTest, APodOfAnotherAccountBindsNoToken) {
  run([](AccountsTest& t) -> Task<> {
    api::ServiceAccount other;
    other.metadata.name = "other";
    other.metadata.namespace_ = "default";
    co_await t.make(other);
    co_await t.make(pod("a"));
    EXPECT_EQ(t.grant("other", "a").error().message,
              "cannot bind token for serviceaccount \"other\" to pod running with different serviceaccount name.");
  });
}

RequestInfo request(std::string verb, std::string plural, std::string name = "", std::string subresource = "") {
  RequestInfo info;
  info.resource = true;
  info.verb = std::move(verb);
  info.plural = std::move(plural);
  info.ns = "default";
  info.name = std::move(name);
  info.subresource = std::move(subresource);
  return info;
}

TEST_F(AccountsTest, ANodeReadsWhatItsPodsReferTo) {
  run([](AccountsTest& t) -> Task<> {
    Pod p = pod("a", "node1");
    auto& env = p.spec.containers[0].env_from.emplace_back();
    env.secret_ref.emplace().local_object_reference.name = "db";
    co_await t.make(p);
    EXPECT_TRUE(node_may("node1", request("get", "secrets", "db"), t.registry));
    EXPECT_TRUE(node_may("node1", request("get", "configmaps", "kube-root-ca.crt"), t.registry));
    EXPECT_FALSE(node_may("node2", request("get", "secrets", "db"), t.registry));
    EXPECT_FALSE(node_may("node1", request("get", "secrets", "other"), t.registry));
    EXPECT_FALSE(node_may("node1", request("list", "secrets"), t.registry));
    EXPECT_FALSE(node_may("node1", request("update", "secrets", "db"), t.registry));
    auto watch = request("watch", "secrets");
    watch.query.emplace_back("fieldSelector", "metadata.name=db");
    EXPECT_TRUE(node_may("node1", watch, t.registry));
    EXPECT_TRUE(node_may("node1", request("create", "serviceaccounts", "default", "token"), t.registry));
    EXPECT_FALSE(node_may("node2", request("create", "serviceaccounts", "default", "token"), t.registry));
    EXPECT_TRUE(node_may("node1", request("update", "pods", "a", "status"), t.registry));
    EXPECT_FALSE(node_may("node2", request("update", "pods", "a", "status"), t.registry));
  });
}

TEST_F(AccountsTest, ReviewsSayWhoAndWhetherTheyMay) {
  run([](AccountsTest& t) -> Task<> {
    Authenticator auth;
    auth.use(t.tokens);
    const Identity admin{"kubernetes-admin", "", {"system:masters", "system:authenticated"}, {}};
    const auto granted = t.grant("default");

    api::TokenReview review;
    review.spec.token = granted->status.token;
    auto object = make_object(review);
    EXPECT_TRUE(answer_review(admin, "", *object, auth, t.registry));
    EXPECT_TRUE(object->as<api::TokenReview>().status.authenticated);
    EXPECT_EQ(object->as<api::TokenReview>().status.user.username, "system:serviceaccount:default:default");

    review.spec.token += "x";
    object = make_object(review);
    EXPECT_TRUE(answer_review(admin, "", *object, auth, t.registry));
    EXPECT_FALSE(object->as<api::TokenReview>().status.authenticated);

    const auto owner = auth.by_token(granted->status.token);
    const auto may = [&](std::string verb, std::string resource) {
      api::SelfSubjectAccessReview question;
      auto& a = question.spec.resource_attributes.emplace();
      a.namespace_ = "default";
      a.verb = std::move(verb);
      a.resource = std::move(resource);
      auto asked = make_object(std::move(question));
      EXPECT_TRUE(answer_review(owner->who, "", *asked, auth, t.registry));
      return asked->as<api::SelfSubjectAccessReview>().status.allowed;
    };
    EXPECT_TRUE(may("list", "endpoints"));
    EXPECT_FALSE(may("list", "secrets"));
    EXPECT_FALSE(may("delete", "pods"));

    object = make_object(api::SelfSubjectAccessReview());
    const auto refused = answer_review(admin, "", *object, auth, t.registry);
    EXPECT_FALSE(refused);
    if (!refused) {
      EXPECT_THAT(refused.error().message,
                  HasSubstr("exactly one of nonResourceAttributes or resourceAttributes must be specified"));
    }
    co_return;
  });
}

TEST_F(AccountsTest, EventsAreOneKindInTwoGroups) {
  run([](AccountsTest& t) -> Task<> {
    api::Event old;
    old.metadata.name = "e";
    old.metadata.namespace_ = "default";
    old.involved_object.kind = "Pod";
    old.involved_object.namespace_ = "default";
    old.message = "said";
    co_await t.make(old);
    auto seen = co_await t.api->get(kind_of<api::NewEvent>(), "default", "e");
    EXPECT_TRUE(seen.has_value());
    EXPECT_EQ((*seen)->as<api::NewEvent>().note, "said");

    api::NewEvent fresh;
    fresh.metadata.name = "f";
    fresh.metadata.namespace_ = "default";
    fresh.event_time.at = t.clock.now();
    fresh.reporting_controller = "example.com/c";
    fresh.reporting_instance = "c-1";
    fresh.action = "Act";
    fresh.reason = "Because";
    fresh.type = "Normal";
    fresh.regarding.kind = "Pod";
    fresh.regarding.namespace_ = "default";
    fresh.note = "new";
    co_await t.make(fresh);
    auto core = co_await t.api->get(kind_of<api::Event>(), "default", "f");
    EXPECT_TRUE(core.has_value());
    EXPECT_EQ((*core)->as<api::Event>().message, "new");

    auto current = co_await t.api->get(kind_of<api::NewEvent>(), "default", "f");
    auto next = (*current)->clone();
    next->as<api::NewEvent>().series = api::NewEventSeries{3, {t.clock.now()}};
    auto updated = co_await t.api->update(std::move(next), "");
    EXPECT_TRUE(updated.has_value()) << (updated ? "" : updated.error().message);
    next = (*updated)->clone();
    next->as<api::NewEvent>().note = "another";
    auto refused = co_await t.api->update(std::move(next), "");
    EXPECT_FALSE(refused);
    co_await t.api->remove(kind_of<api::NewEvent>(), "default", "f");
    EXPECT_EQ(t.registry.cache(kind_of<api::Event>()).find("default/f"), nullptr);
    EXPECT_EQ(t.registry.cache(kind_of<api::NewEvent>()).find("default/f"), nullptr);
  });
}

TEST_F(AccountsTest, AddressesFollowTheirServices) {
  run([](AccountsTest& t) -> Task<> {
    api::Service s;
    s.metadata.name = "web";
    s.metadata.namespace_ = "default";
    s.spec.cluster_ip = "10.96.0.77";
    s.spec.ports.emplace_back().port = 80;
    co_await t.make(s);
    auto& addresses = t.registry.cache(kind_of<api::IpAddressObject>());
    const CachedPtr found = addresses.find("10.96.0.77");
    EXPECT_NE(found, nullptr);
    if (!found) co_return;
    const auto& address = found->object()->as<api::IpAddressObject>();
    EXPECT_EQ(address.spec.parent_ref->name, "web");
    EXPECT_EQ(address.metadata.uid.size(), 36U);
    EXPECT_EQ(address.metadata.labels.at("ipaddress.kubernetes.io/ip-family"), "IPv4");

    // A change of the Service that leaves its address alone is none of the address.
    api::Service labelled = t.kept.back()->as<api::Service>();
    labelled.metadata.labels["a"] = "b";
    auto updated = co_await client::update(*t.api, labelled);
    EXPECT_TRUE(updated.has_value());
    EXPECT_EQ(addresses.find("10.96.0.77"), found);

    api::IpAddressObject own;
    own.metadata.name = "10.96.0.78";
    auto created = co_await t.api->create(make_object(std::move(own)));
    EXPECT_FALSE(created);
    co_await t.api->remove(kind_of<api::Service>(), "default", "web");
    EXPECT_EQ(addresses.find("10.96.0.77"), nullptr);
  });
}

api::Ingress ingress(std::string name) {
  api::Ingress i;
  i.metadata.name = std::move(name);
  i.metadata.namespace_ = "default";
  auto& service = i.spec.default_backend.emplace().service.emplace();
  service.name = "web";
  service.port.number = 80;
  return i;
}

TEST_F(AccountsTest, AnIngressWithoutAClassGetsTheNewestDefault) {
  run([](AccountsTest& t) -> Task<> {
    const api::Ingress* none = co_await t.make(ingress("none"));
    EXPECT_FALSE(none->spec.ingress_class_name.has_value());
    for (const char* name : {"old", "other", "young"}) {
      api::IngressClass c;
      c.metadata.name = name;
      c.spec.controller = "example.com/ingress";
      if (c.metadata.name != "other") c.metadata.annotations["ingressclass.kubernetes.io/is-default-class"] = "true";
      co_await t.make(c);
      t.clock.advance(std::chrono::seconds(2));
    }
    const api::Ingress* some = co_await t.make(ingress("some"));
    EXPECT_EQ(some->spec.ingress_class_name, "young");
    api::Ingress own = ingress("own");
    own.spec.ingress_class_name = "other";
    const api::Ingress* kept = co_await t.make(own);
    EXPECT_EQ(kept->spec.ingress_class_name, "other");
  });
}

}  // namespace
}  // namespace fairlead::apiserver
