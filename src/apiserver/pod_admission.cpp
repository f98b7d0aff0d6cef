#include "apiserver/pod_admission.h"

#include "api/kinds/namespace.h"
#include "apiserver/errors.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kMountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
constexpr std::string_view kVolumePrefix = "kube-api-access-";
constexpr int32_t kMode = 0644;
// An hour and seven seconds: by the odd number others recognise tokens that nobody asked for.
constexpr int64_t kTokenSeconds = 3607;

bool mounts_something_there(const api::Container& c) {
  return std::any_of(c.volume_mounts.begin(), c.volume_mounts.end(),
                     [](const api::VolumeMount& m) { return m.mount_path == kMountPath; });
}

api::Volume token_volume(std::string name) {
  api::Volume volume;
  volume.name = std::move(name);
  auto& projected = volume.volume_source.projected.emplace();
  projected.default_mode = kMode;
  auto& token = projected.sources.emplace_back().service_account_token.emplace();
  token.expiration_seconds = kTokenSeconds;
  token.path = "token";
  auto& authority = projected.sources.emplace_back().config_map.emplace();
  authority.local_object_reference.name = "kube-root-ca.crt";
  auto& item = authority.items.emplace_back();
  item.key = "ca.crt";
  item.path = "ca.crt";
  auto& file = projected.sources.emplace_back().downward_api.emplace().items.emplace_back();
  file.path = "namespace";
  auto& from = file.field_ref.emplace();
  from.api_version = "v1";
  from.field_path = "metadata.namespace";
  return volume;
}

void mount_token(api::PodSpec& spec) {
  std::string name;
  for (const auto& v : spec.volumes) {
    if (v.name.starts_with(kVolumePrefix)) name = v.name;
  }
  const bool have = !name.empty();
  if (!have) name = std::string(kVolumePrefix) + random_suffix();
  bool needed = false;
  for (auto* list : {&spec.init_containers, &spec.containers}) {
    for (auto& c : *list) {
      if (mounts_something_there(c)) continue;
      auto& mount = c.volume_mounts.emplace_back();
      mount.name = name;
      mount.read_only = true;
      mount.mount_path = kMountPath;
      needed = true;
    }
  }
  if (needed && !have) spec.volumes.push_back(token_volume(std::move(name)));
}

}  // namespace

void add_service_account(api::Pod& pod, const api::ServiceAccount& account) {
  auto& spec = pod.spec;
  const bool mount =
      spec.automount_service_account_token.value_or(account.automount_service_account_token.value_or(true));
  if (mount) mount_token(spec);
  if (spec.image_pull_secrets.empty()) spec.image_pull_secrets = account.image_pull_secrets;
}

Task<Result<>> PodAdmission::prepare_create(const std::string& ns, const api::Object& object) {
  const auto& wanted = object.as<api::Pod>().spec.service_account_name;
  const std::string key = api::key_of(ns, "default");
  if (!wanted.empty() && wanted != "default") co_return Result<>{};
  if (!registry_.cache(api::kind_of<api::Namespace>()).find(ns)) co_return Result<>{};
  const auto deadline = registry_.clock().mono() + std::chrono::seconds(1);
  while (!registry_.cache(api::kind_of<api::ServiceAccount>()).find(key)) {
    const auto left = deadline - registry_.clock().mono();
    if (left <= std::chrono::seconds(0)) break;
    co_await registry_.progress(left);
  }
  co_return Result<>{};
}

Result<Reservation> PodAdmission::before_write(api::Object& next, const api::Object* old) {
  if (old != nullptr) return Reservation();
  auto& pod = next.as<api::Pod>();
  const auto& name = pod.spec.service_account_name;
  const auto& ns = pod.metadata.namespace_;
  const CachedPtr account = registry_.cache(api::kind_of<api::ServiceAccount>()).find(api::key_of(ns, name));
  if (!account) {
    return fail(forbidden(
        next.kind(), pod.metadata.name,
        fmt::format("error looking up service account {}/{}: serviceaccount {} not found", ns, name, quote(name))));
  }
  add_service_account(pod, account->object()->as<api::ServiceAccount>());
  return Reservation();
}

}  // namespace fairlead::apiserver
