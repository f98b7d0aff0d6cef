#include "api/apply/managed_fields.h"

#include <gtest/gtest.h>

#include <boost/json/value.hpp>

#include "api/apply/field_set.h"
#include "api/codec.h"
#include "api/kind.h"
#include "api/kinds/deployment.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kNow{1'700'000'000s};

Writer writer(std::string manager, std::string subresource = {}, WallTime now = kNow) {
  return {std::move(manager), std::move(subresource), now};
}

MutableObject object(const KindInfo& kind, std::string_view json) { return *object_from_text(json, kind); }
MutableObject service(std::string_view json) { return object(kind_of<Service>(), json); }

// As the store gives it back: with a uid.
MutableObject created(const KindInfo& kind, std::string_view json, const Writer& by) {
  auto made = object(kind, json);
  track_write(*kind.make(), *made, by);
  made->meta().uid = "u";
  return made;
}

// "Apply kubectl: .spec.type .spec.selector; ..." for each entry.
std::string owners(const Object& object) {
  std::string out;
  for (const auto& e : object.meta().managed_fields) {
    if (!out.empty()) out += "; ";
    out += e.operation + " " + e.manager + (e.subresource.empty() ? "" : "/" + e.subresource) + ":";
    for (const auto& path : FieldSet::parse(e.fields_v1.text)->paths()) out += " " + path;
  }
  return out;
}

// A configuration's text goes around these.
std::string config(std::string_view rest) {
  return fmt::format(R"({{"apiVersion":"v1","kind":"Service","metadata":{{"name":"web"}},{}}})", rest);
}

Result<MutableObject> apply(const Object& live, std::string_view text, const std::string& manager, bool force = false,
                            WallTime now = kNow) {
  return applied(live, *parse_json(text), writer(manager, "", now), force);
}

MutableObject apply_ok(const Object& live, std::string_view text, const std::string& manager, bool force = false) {
  auto next = apply(live, text, manager, force);
  if (!next) ADD_FAILURE() << next.error().message;
  if ((*next)->meta().uid.empty()) (*next)->meta().uid = "u";
  return std::move(*next);
}

std::unique_ptr<Object> nothing() { return kind_of<Service>().make(); }

TEST(TrackWrite, GivesTheCreatorWhatItSetAndNobodyWhatTheServerCounts) {
  const auto made = created(kind_of<Service>(),
                            R"({"metadata":{"name":"web","namespace":"default","labels":{"a":"1"}},
       "spec":{"selector":{"app":"web"},"ports":[{"port":80,"protocol":"TCP","targetPort":8080}]},
       "status":{"loadBalancer":{"ingress":[{"ip":"1.2.3.4"}]}}})",
                            writer("kubectl-create"));
  ASSERT_EQ(made->meta().managed_fields.size(), 1u);
  const auto& entry = made->meta().managed_fields[0];
  EXPECT_EQ(entry.manager, "kubectl-create");
  EXPECT_EQ(entry.operation, "Update");
  EXPECT_EQ(entry.api_version, "v1");
  EXPECT_EQ(entry.fields_type, "FieldsV1");
  EXPECT_EQ(*entry.time.at, kNow);
  EXPECT_EQ(
      entry.fields_v1.text,
      R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{},"f:targetPort":{}}},"f:selector":{}}})");
}

TEST(TrackWrite, WritesAPodsFieldsAsKubernetesDoes) {
  const auto made = created(kind_of<Pod>(),
                            R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{}}],
       "restartPolicy":"Always","securityContext":{}}})",
                            writer("kubectl-run"));
  // `containers` is always there, so its items are added and it is not; a pointer to an empty struct is a leaf.
  EXPECT_EQ(
      made->meta().managed_fields[0].fields_v1.text,
      R"({"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:name":{},"f:resources":{}}},"f:restartPolicy":{},"f:securityContext":{}}})");
}

TEST(TrackWrite, MovesAFieldToWhoeverChangesIt) {
  const auto live =
      created(kind_of<Service>(), R"({"metadata":{"name":"web","labels":{"a":"1","b":"1"}}})", writer("one"));
  auto next = live->clone();
  next->meta().labels["a"] = "2";
  next->meta().labels.erase("b");
  track_write(*live, *next, writer("two"));
  EXPECT_EQ(owners(*next), "Update one: .metadata.labels; Update two: .metadata.labels.a");
}

TEST(TrackWrite, KeepsEntriesApartByManagerSubresourceAndVersion) {
  auto live = created(kind_of<Deployment>(), R"({"metadata":{"name":"d"},"spec":{"replicas":1}})", writer("one"));
  auto next = live->clone();
  next->as<Deployment>().spec.replicas = 2;
  track_write(*live, *next, writer("one", "scale"));
  EXPECT_EQ(owners(*next), "Update one/scale: .spec.replicas");
  auto again = next->clone();
  again->as<Deployment>().status.replicas = 2;
  track_write(*next, *again, writer("one", "status"));
  EXPECT_EQ(owners(*again), "Update one/scale: .spec.replicas; Update one/status: .status.replicas");
}

TEST(TrackWrite, LeavesEverythingAsItIsWhenNothingChanges) {
  const auto live = created(kind_of<Service>(), R"({"metadata":{"name":"web","labels":{"a":"1"}}})", writer("one"));
  for (const bool forgotten : {false, true}) {
    auto next = live->clone();
    if (forgotten) next->meta().managed_fields.clear();  // a client that does not know them
    track_write(*live, *next, writer("two", "", kNow + 5s));
    EXPECT_EQ(next->meta(), live->meta());
  }
}

TEST(TrackWrite, ForgetsOwnersWhenToldSo) {
  const auto live = created(kind_of<Service>(), R"({"metadata":{"name":"web","labels":{"a":"1"}}})", writer("one"));
  auto next = live->clone();
  next->meta().managed_fields = {ManagedFieldsEntry{}};
  track_write(*live, *next, writer("one"));
  EXPECT_EQ(owners(*next), "");
  // From then on nothing is kept until somebody applies.
  auto later = next->clone();
  later->meta().labels["a"] = "3";
  track_write(*next, *later, writer("one"));
  EXPECT_EQ(owners(*later), "");
  const auto last = apply_ok(*later, config(R"("spec":{"type":"NodePort"})"), "me");
  EXPECT_EQ(owners(*last), "Apply me: .spec.type; Update before-first-apply: .metadata.labels .metadata.labels.a");
}

TEST(TrackWrite, IgnoresBrokenEntriesOfTheRequest) {
  const auto live = created(kind_of<Service>(), R"({"metadata":{"name":"web","labels":{"a":"1"}}})", writer("one"));
  auto next = live->clone();
  next->meta().managed_fields[0].fields_v1.text = R"({"nonsense":{}})";
  track_write(*live, *next, writer("one"));
  EXPECT_EQ(next->meta().managed_fields, live->meta().managed_fields);
}

TEST(TrackWrite, MergesTheOldestOfTooManyManagers) {
  auto live = created(kind_of<Service>(), R"({"metadata":{"name":"web","labels":{"l0":"x"}}})", writer("m0"));
  for (int i = 1; i <= 12; ++i) {
    auto next = live->clone();
    next->meta().labels["l" + std::to_string(i)] = "x";
    track_write(*live, *next, writer("m" + std::to_string(i), "", kNow + std::chrono::seconds(i)));
    live = std::move(next);
  }
  ASSERT_EQ(live->meta().managed_fields.size(), 10u);
  EXPECT_EQ(live->meta().managed_fields[0].manager, "ancient-changes");
  EXPECT_TRUE(
      owners(*live).starts_with("Update ancient-changes: .metadata.labels .metadata.labels.l0 .metadata.labels.l1 "
                                ".metadata.labels.l2 .metadata.labels.l3; "));
}

TEST(Apply, MakesAnObjectAndOwnsWhatItNames) {
  const auto made = apply_ok(*nothing(), config(R"("spec":{"selector":{"app":"web"},"ports":[{"port":80}]})"), "me");
  EXPECT_EQ(made->as<Service>().spec.selector.at("app"), "web");
  EXPECT_EQ(owners(*made),
            R"(Apply me: .spec.ports[port=80,protocol="TCP"] .spec.ports[port=80,protocol="TCP"].port .spec.selector)");
}

TEST(Apply, ChangesNothingButTheTimeTheSecondTime) {
  const auto text = config(R"("spec":{"type":"NodePort"})");
  const auto live = apply_ok(*nothing(), text, "me");
  const auto next = apply(*live, text, "me", false, kNow + 9s);
  ASSERT_TRUE(next.has_value());
  EXPECT_TRUE(same_but_for_times((*next)->meta(), live->meta()));
  EXPECT_NE((*next)->meta(), live->meta());
}

TEST(Apply, RefusesToTakeAnothersFieldAndSaysWhose) {
  const auto live = apply_ok(*nothing(), config(R"("spec":{"type":"NodePort","sessionAffinity":"None"})"), "one");
  auto result = apply(*live, config(R"("spec":{"type":"ClusterIP"})"), "two");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(result.error().message, R"(Apply failed with 1 conflict: conflict with "one": .spec.type)");
  ASSERT_EQ(result.error().causes.size(), 1u);
  EXPECT_EQ(result.error().causes[0], (FieldError{"FieldManagerConflict", ".spec.type", "conflict with \"one\""}));

  result = apply(*live, config(R"("spec":{"type":"ClusterIP","sessionAffinity":"ClientIP"})"), "two");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().message,
            "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.sessionAffinity\n- .spec.type");
}

TEST(Apply, NamesAnUpdatersVersionAndTimeInAConflict) {
  const auto live =
      created(kind_of<Service>(), R"({"metadata":{"name":"web"},"spec":{"type":"NodePort"}})", writer("kubectl-edit"));
  const auto result = apply(*live, config(R"("spec":{"type":"ClusterIP"})"), "me");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(
      result.error().message,
      "Apply failed with 1 conflict: conflict with \"kubectl-edit\" using v1 at 2023-11-14T22:13:20Z: .spec.type");
}

TEST(Apply, TakesFieldsOverWhenForced) {
  const auto live = apply_ok(*nothing(), config(R"("spec":{"type":"NodePort","sessionAffinity":"None"})"), "one");
  const auto next = apply_ok(*live, config(R"("spec":{"type":"ClusterIP"})"), "two", true);
  EXPECT_EQ(next->as<Service>().spec.type, "ClusterIP");
  EXPECT_EQ(owners(*next), "Apply one: .spec.sessionAffinity; Apply two: .spec.type");
}

TEST(Apply, SharesAFieldOnWhichAllAgree) {
  const auto text = config(R"("spec":{"type":"NodePort"})");
  const auto live = apply_ok(*nothing(), text, "one");
  const auto both = apply_ok(*live, text, "two");
  EXPECT_EQ(owners(*both), "Apply one: .spec.type; Apply two: .spec.type");
  // Who no longer names it does not remove it while the other still does.
  const auto left = apply_ok(*both, config(R"("spec":{})"), "one");
  EXPECT_EQ(left->as<Service>().spec.type, "NodePort");
  EXPECT_EQ(owners(*left), "Apply one: .spec; Apply two: .spec.type");
}

TEST(Apply, RemovesWhatItNoLongerNamesAndNothingElse) {
  auto live = apply_ok(*nothing(),
                       R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","labels":{"a":"1","b":"1"}},
      "spec":{"ports":[{"port":80,"name":"a"},{"port":81,"name":"b"}],"externalIPs":["1.1.1.1"]}})",
                       "me");
  // Somebody else adds a label and a port, the server a node port to an item of ours.
  auto theirs = live->clone();
  theirs->meta().labels["c"] = "1";
  theirs->as<Service>().spec.ports[1].node_port = 30000;
  track_write(*live, *theirs, writer("other"));
  const auto next =
      apply_ok(*theirs, R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web","labels":{"a":"1"}},
      "spec":{"ports":[{"port":80,"name":"a"}]}})",
               "me");
  EXPECT_EQ(next->meta().labels, (StringMap{{"a", "1"}, {"c", "1"}}));
  EXPECT_TRUE(next->as<Service>().spec.external_ips.empty());
}

struct ListCase {
  const char* live;
  const char* config;
  const char* expected;
};

TEST(Apply, MergesListsByKeyInTheConfigurationsOrder) {
  const ListCase cases[] = {
      {R"([{"port":1},{"port":2}])", R"([{"port":2},{"port":3}])", "1 2 3"},
      {R"([{"port":1},{"port":2},{"port":3}])", R"([{"port":3},{"port":1}])", "2 3 1"},
      {R"([])", R"([{"port":5},{"port":4}])", "5 4"},
      {R"([{"port":1,"protocol":"UDP"}])", R"([{"port":1}])", "1 1"},
  };
  for (const ListCase& c : cases) {
    const auto live =
        service(fmt::format(R"({{"metadata":{{"name":"web","uid":"u"}},"spec":{{"ports":{}}}}})", c.live));
    const auto next = apply_ok(*live, config(fmt::format(R"("spec":{{"ports":{}}})", c.config)), "me");
    std::string ports;
    for (const auto& p : next->as<Service>().spec.ports) ports += (ports.empty() ? "" : " ") + std::to_string(p.port);
    EXPECT_EQ(ports, c.expected) << c.live << " + " << c.config;
  }
}

TEST(Apply, ReplacesAtomicListsAndMapsWhole) {
  const auto live =
      apply_ok(*nothing(), config(R"("spec":{"selector":{"a":"1","b":"2"},"externalIPs":["1.1.1.1"]})"), "me");
  const auto next = apply_ok(*live, config(R"("spec":{"selector":{"c":"3"},"externalIPs":["2.2.2.2"]})"), "me");
  EXPECT_EQ(next->as<Service>().spec.selector, (StringMap{{"c", "3"}}));
  EXPECT_EQ(owners(*next), "Apply me: .spec.externalIPs .spec.selector");
}

TEST(Apply, SaysWhatIsWrongWithAConfiguration) {
  const struct {
    std::string config;
    const char* message;
  } cases[] = {
      {"[]", "an applied configuration is an object"},
      {R"({"apiVersion":"v2","kind":"Service"})", "Specified patch version: v2, expected: v1"},
      {R"({"apiVersion":"v1","kind":"Pod"})", "Specified patch kind: Pod, expected: Service"},
      {R"({"apiVersion":"v1","kind":"Service","metadata":{"managedFields":[]}})", "metadata.managedFields must be nil"},
      {config(R"("spec":{"selectr":{}})"), "v1, Kind=Service): .spec.selectr: field not declared in schema"},
      {config(R"("spec":{"ports":[{"name":"a"}]})"), R"(omits key field "port")"},
      {config(R"("spec":{"ports":[{"port":{}}]})"), R"(key field "port" is not a scalar)"},
      {config(R"("spec":{"ports":[null]})"), "may not have a null element"},
      {config(R"("spec":{"ports":{}})"), ".spec.ports: expected list"},
      {config(R"("spec":[])"), ".spec: expected map"},
      {config(R"("spec":{"type":1})"), "cannot unmarshal number"},
  };
  for (const auto& c : cases) {
    const auto result = apply(*nothing(), c.config, "me");
    ASSERT_FALSE(result.has_value()) << c.config;
    EXPECT_EQ(result.error().code, Code::kBadRequest);
    EXPECT_NE(result.error().message.find(c.message), std::string::npos) << result.error().message;
  }
}

TEST(Apply, LetsKubectlTakeOverWhatItAppliedFromTheClientSide) {
  const char* text =
      R"({"metadata":{"name":"web","annotations":{"kubectl.kubernetes.io/last-applied-configuration":"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"web\"},\"spec\":{\"type\":\"NodePort\"}}"}},"spec":{"type":"NodePort","sessionAffinity":"None"}})";
  const auto live = created(kind_of<Service>(), text, writer("kubectl-client-side-apply"));
  EXPECT_TRUE(apply(*live, config(R"("spec":{"type":"ClusterIP"})"), "kubectl").has_value());
  EXPECT_FALSE(apply(*live, config(R"("spec":{"type":"ClusterIP"})"), "somebody").has_value());
  EXPECT_FALSE(apply(*live, config(R"("spec":{"sessionAffinity":"ClientIP"})"), "kubectl").has_value());
}

TEST(Manager, ComesFromTheUserAgentAndIsChecked) {
  EXPECT_EQ(manager_from_user_agent("kubectl/v1.35.0 (linux/amd64)"), "kubectl");
  EXPECT_EQ(manager_from_user_agent("curl"), "curl");
  EXPECT_EQ(manager_from_user_agent(std::string(300, 'x')).size(), 128u);
  EXPECT_TRUE(check_manager("kubectl").has_value());
  EXPECT_FALSE(check_manager(std::string(129, 'x')).has_value());
  EXPECT_FALSE(check_manager("a\nb").has_value());
}

}  // namespace
}  // namespace fairlead::api
