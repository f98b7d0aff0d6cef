#include "agent/payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

PayloadFile file(std::string bytes, int32_t mode = 0644, std::optional<int64_t> user = {}) {
  return {std::move(bytes), mode, user};
}
std::shared_ptr<const KeyedData> keyed(api::StringMap data, api::StringMap binary = {}) {
  KeyedData out;
  out.data = std::move(data);
  out.binary_data = std::move(binary);
  return std::make_shared<const KeyedData>(std::move(out));
}
api::KeyToPath item(std::string key, std::string path, std::optional<int32_t> mode = {}) {
  api::KeyToPath out;
  out.key = std::move(key);
  out.path = std::move(path);
  out.mode = mode;
  return out;
}
PodSources sources() {
  PodSources out;
  out.config_maps["settings"] = keyed({{"mode", "1"}, {"conf", "a=b"}}, {{"logo", std::string("\0x", 2)}});
  out.secrets["db"] = keyed({{"password", "s3"}});
  return out;
}
std::string error_of(const Result<Payload>& payload) { return payload ? "" : payload.error().message; }

TEST(VolumePayload, HoldsEveryKeyOfAConfigMap) {
  api::VolumeSource v;
  v.config_map.emplace().local_object_reference.name = "settings";
  EXPECT_THAT(
      volume_payload(test_pod(), v, {}, sources()).value(),
      ElementsAre(Pair("conf", file("a=b")), Pair("logo", file(std::string("\0x", 2))), Pair("mode", file("1"))));
  v.config_map->local_object_reference.name = "none";
  EXPECT_EQ(error_of(volume_payload(test_pod(), v, {}, sources())), "configmap \"none\" not found");
  v.config_map->optional = true;
  EXPECT_THAT(volume_payload(test_pod(), v, {}, sources()).value(), IsEmpty());
}

TEST(VolumePayload, PutsItemsWhereTheyBelongWithTheirModes) {
  api::VolumeSource v;
  auto& secret = v.secret.emplace();
  secret.secret_name = "db";
  secret.default_mode = 0400;
  secret.items = {item("password", "keys/db"), item("password", "again", 0600)};
  EXPECT_THAT(volume_payload(test_pod(), v, {}, sources()).value(),
              ElementsAre(Pair("again", file("s3", 0600)), Pair("keys/db", file("s3", 0400))));
  secret.items.push_back(item("user", "user"));
  EXPECT_EQ(error_of(volume_payload(test_pod(), v, {}, sources())), "references non-existent secret key: user");
  secret.optional = true;
  EXPECT_EQ(volume_payload(test_pod(), v, {}, sources())->size(), 2U);
}

TEST(VolumePayload, ProjectsAllSourcesIntoOne) {
  api::Pod pod = test_pod();
  pod.metadata.labels = {{"app", "web"}};
  api::VolumeSource v;
  auto& projected = v.projected.emplace();
  auto& map = projected.sources.emplace_back().config_map.emplace();
  map.local_object_reference.name = "settings";
  map.items = {item("mode", "mode")};
  projected.sources.emplace_back().secret.emplace().local_object_reference.name = "db";
  auto& labels = projected.sources.emplace_back().downward_api.emplace().items.emplace_back();
  labels.path = "labels";
  labels.field_ref.emplace().field_path = "metadata.labels";
  auto& token = projected.sources.emplace_back().service_account_token.emplace();
  token.path = "token";
  PodSources with_token = sources();
  with_token.tokens[token_key(token)] = "jwt";
  EXPECT_THAT(volume_payload(pod, v, {}, with_token).value(),
              ElementsAre(Pair("labels", file("app=\"web\"")), Pair("mode", file("1")), Pair("password", file("s3")),
                          Pair("token", file("jwt"))));
  // A token is only its reader's, when it is known who that is.
  pod.spec.security_context.emplace().run_as_user = 1000;
  EXPECT_EQ(volume_payload(pod, v, {}, with_token)->at("token"), file("jwt", 0600, 1000));

  EXPECT_EQ(error_of(volume_payload(pod, v, {}, {})),
            "[configmap \"settings\" not found, secret \"db\" not found, failed to fetch token: there is none yet for "
            "service account default/]");
}

TEST(VolumePayload, NamesTheContainerWhoseResourcesItShows) {
  api::Pod pod = test_pod();
  pod.spec.containers[0].resources.requests["cpu"].text = "250m";
  api::VolumeSource v;
  auto& item = v.downward_api.emplace().items.emplace_back();
  item.path = "cpu";
  auto& field = item.resource_field_ref.emplace();
  field.container_name = "web";
  field.resource = "requests.cpu";
  field.divisor.text = "1m";
  EXPECT_THAT(volume_payload(pod, v, {}, {}).value(), ElementsAre(Pair("cpu", file("250"))));
  field.container_name = "absent";
  EXPECT_EQ(error_of(volume_payload(pod, v, {}, {})), "container absent not found");
}

TEST(VolumePayload, SaysWhichProjectionIsNotThere) {
  api::VolumeSource v;
  v.projected.emplace().sources.emplace_back().cluster_trust_bundle.emplace();
  EXPECT_EQ(error_of(volume_payload(test_pod(), v, {}, {})),
            "projected volume source clusterTrustBundle is not supported by this node agent");
}

TEST(SourcesOf, FindsAllReferences) {
  api::Pod pod = test_pod({"web"});
  api::Container init = test_container("init");
  init.env_from.emplace_back().config_map_ref.emplace().local_object_reference.name = "a";
  init.env.emplace_back().value_from.emplace().secret_key_ref.emplace().local_object_reference.name = "b";
  pod.spec.init_containers = {init};
  pod.spec.volumes.emplace_back().volume_source.config_map.emplace().local_object_reference.name = "c";
  pod.spec.volumes.emplace_back().volume_source.secret.emplace().secret_name = "d";
  auto& projected = pod.spec.volumes.emplace_back().volume_source.projected.emplace();
  projected.sources.emplace_back().config_map.emplace().local_object_reference.name = "e";
  pod.spec.image_pull_secrets.emplace_back().name = "f";
  const SourceNames names = sources_of(pod);
  EXPECT_THAT(names.config_maps, ElementsAre("a", "c", "e"));
  EXPECT_THAT(names.secrets, ElementsAre("b", "d", "f"));
}

}  // namespace
}  // namespace fairlead::agent
