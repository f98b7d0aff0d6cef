// ConfigMap, Secret and ServiceAccount.
#include <gmock/gmock.h>

#include "api/codec.h"
#include "api/kind.h"
#include "api/kinds/configmap.h"
#include "api/kinds/secret.h"
#include "api/validation.h"

namespace fairlead::api {
namespace {

std::vector<std::string> texts(const FieldErrors& errors) {
  std::vector<std::string> out;
  for (const auto& e : errors) out.push_back(e.field + ": " + e.message);
  return out;
}

MutableObject secret(std::string type, std::map<std::string, Bytes> data) {
  Secret s;
  s.metadata.name = "s";
  s.metadata.namespace_ = "default";
  s.type = std::move(type);
  s.data = std::move(data);
  auto object = make_object(std::move(s));
  kind_of<Secret>().set_defaults(*object);
  return object;
}
std::vector<std::string> problems_of(const Object& object) { return texts(object.kind().validate(object)); }

TEST(ConfigMap, KeysAreCheckedAndMayNotBeInBothMaps) {
  ConfigMap map;
  map.metadata.name = "m";
  map.metadata.namespace_ = "default";
  map.data = {{"a/b", "1"}, {"both", "2"}};
  map.binary_data = {{"both", {"3"}}};
  const auto object = make_object(std::move(map));
  EXPECT_THAT(problems_of(*object),
              testing::ElementsAre(testing::StartsWith("data[a/b]: Invalid value: \"a/b\": a valid config key must"),
                                   "data[both]: Invalid value: \"both\": duplicate of key present in binaryData",
                                   "binaryData[both]: Invalid value: \"both\": duplicate of key present in data"));
}

TEST(ConfigMap, OnceImmutableStaysAsItIs) {
  ConfigMap old;
  old.metadata.name = "m";
  old.metadata.namespace_ = "default";
  old.metadata.resource_version = "1";
  old.data = {{"a", "1"}};
  old.immutable = true;
  auto next = old;
  next.data["a"] = "2";
  next.immutable.reset();
  const auto before = make_object(old);
  EXPECT_THAT(texts(kind_of<ConfigMap>().validate_update(*make_object(next), *before)),
              testing::ElementsAre("immutable: Forbidden: field is immutable when `immutable` is set",
                                   "data: Forbidden: field is immutable when `immutable` is set"));
  next = old;
  next.metadata.labels["x"] = "y";
  EXPECT_THAT(kind_of<ConfigMap>().validate_update(*make_object(next), *before), testing::IsEmpty());
}

TEST(Secret, StringDataBecomesDataAndIsNeverShown) {
  auto s = object_from_text(R"({"metadata":{"name":"s"},"data":{"a":"YQ=="},"stringData":{"a":"b","c":"d"}})",
                            kind_of<Secret>());
  ASSERT_TRUE(s);
  kind_of<Secret>().set_defaults(**s);
  EXPECT_EQ(to_json(**s),
            R"({"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"data":{"a":"Yg==","c":"ZA=="},)"
            R"("type":"Opaque"})");
}

TEST(Secret, TypesSayWhatMustBeThere) {
  EXPECT_THAT(problems_of(*secret("", {})), testing::IsEmpty());
  EXPECT_THAT(problems_of(*secret("example.com/own", {})), testing::IsEmpty());
  EXPECT_THAT(problems_of(*secret("kubernetes.io/tls", {{"tls.crt", {"x"}}})),
              testing::ElementsAre("data[tls.key]: Required value"));
  EXPECT_THAT(problems_of(*secret("kubernetes.io/basic-auth", {})),
              testing::ElementsAre("data[username]: Required value", "data[password]: Required value"));
  EXPECT_THAT(problems_of(*secret("kubernetes.io/basic-auth", {{"password", {""}}})), testing::IsEmpty());
  EXPECT_THAT(problems_of(*secret("kubernetes.io/ssh-auth", {{"ssh-privatekey", {""}}})),
              testing::ElementsAre("data[ssh-privatekey]: Required value"));
  EXPECT_THAT(problems_of(*secret("kubernetes.io/dockerconfigjson", {})),
              testing::ElementsAre("data[.dockerconfigjson]: Required value"));
  EXPECT_THAT(problems_of(*secret("kubernetes.io/dockerconfigjson", {{".dockerconfigjson", {"nope"}}})),
              testing::ElementsAre(testing::HasSubstr("<secret contents redacted>")));
  EXPECT_THAT(problems_of(*secret("kubernetes.io/service-account-token", {})),
              testing::ElementsAre("metadata.annotations[kubernetes.io/service-account.name]: Required value"));
}

TEST(Secret, TheTypeDoesNotChange) {
  const auto old = secret("Opaque", {});
  old->meta().resource_version = "1";
  auto next = old->clone();
  next->as<Secret>().type = "example.com/own";
  EXPECT_THAT(texts(kind_of<Secret>().validate_update(*next, *old)),
              testing::ElementsAre("type: Invalid value: \"example.com/own\": field is immutable"));
}

}  // namespace
}  // namespace fairlead::api
