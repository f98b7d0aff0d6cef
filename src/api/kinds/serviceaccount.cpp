#include "api/kinds/serviceaccount.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<ServiceAccount>() {
  using T = ServiceAccount;
  static const TypeInfo info(
      "io.k8s.api.core.v1.ServiceAccount",
      {
          field(&T::metadata, "metadata", 1, kOmitEmpty),
          field(&T::secrets, "secrets", 2, kOmitEmpty | kPatchMerge | kListMap, "name", "name"),
          field(&T::image_pull_secrets, "imagePullSecrets", 3, kOmitEmpty),
          field(&T::automount_service_account_token, "automountServiceAccountToken", 4, kOmitEmpty),
      });
  return info;
}

namespace {

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next, const Object& old) {
  Problems out;
  check_object_meta_update(out, next.meta(), old.meta());
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& account = object.as<ServiceAccount>();
  return {Cell(static_cast<int64_t>(account.secrets.size())), age(account.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<ServiceAccount>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "ServiceAccount",
      .plural = "serviceaccounts",
      .singular = "serviceaccount",
      .short_names = {"sa"},
      .categories = {},
      .other_subresources = {"token"},
      .type = &type_info<ServiceAccount>,
      .make = [] { return make_object(ServiceAccount{}); },
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Secrets", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
