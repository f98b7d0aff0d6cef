#include "api/kinds/secret.h"

#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/duration.h"
#include "api/kind.h"
#include "api/kinds/configmap.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<Secret>() {
  using T = Secret;
  static const TypeInfo info("io.k8s.api.core.v1.Secret", {
                                                              field(&T::metadata, "metadata", 1, kOmitEmpty),
                                                              field(&T::data, "data", 2, kOmitEmpty),
                                                              field(&T::type, "type", 3, kOmitEmpty),
                                                              field(&T::string_data, "stringData", 4, kOmitEmpty),
                                                              field(&T::immutable, "immutable", 5, kOmitEmpty),
                                                          });
  return info;
}

namespace {

constexpr const char* kServiceAccountName = "kubernetes.io/service-account.name";

void set_defaults(Object& object) {
  auto& secret = object.as<Secret>();
  if (secret.type.empty()) secret.type = "Opaque";
  for (auto& [key, value] : secret.string_data) secret.data[key].data = std::move(value);
  secret.string_data.clear();
}

void check_docker_config(Problems& out, const Secret& secret, std::string_view key) {
  const auto path = FieldPath("data").key(key);
  const auto it = secret.data.find(std::string(key));
  if (it == secret.data.end()) return out.required(path);
  const auto parsed = parse_json(it->second.data);
  // The text of the error stays out: it might quote the secret.
  if (!parsed || !parsed->is_object())
    out.invalid(path, "<secret contents redacted>", "must be a well-formed JSON object");
}

// What the types that Kubernetes knows must contain.
void check_type(Problems& out, const Secret& secret) {
  const auto require = [&](std::string_view key) {
    if (!secret.data.contains(std::string(key))) out.required(FieldPath("data").key(key));
  };
  if (secret.type == "kubernetes.io/service-account-token") {
    const auto it = secret.metadata.annotations.find(kServiceAccountName);
    if (it == secret.metadata.annotations.end() || it->second.empty())
      out.required((FieldPath("metadata") / "annotations").key(kServiceAccountName));
  } else if (secret.type == "kubernetes.io/dockercfg") {
    check_docker_config(out, secret, ".dockercfg");
  } else if (secret.type == "kubernetes.io/dockerconfigjson") {
    check_docker_config(out, secret, ".dockerconfigjson");
  } else if (secret.type == "kubernetes.io/basic-auth") {
    // Either may be missing, or empty, but not both missing.
    if (!secret.data.contains("username") && !secret.data.contains("password")) {
      require("username");
      require("password");
    }
  } else if (secret.type == "kubernetes.io/ssh-auth") {
    const auto it = secret.data.find("ssh-privatekey");
    if (it == secret.data.end() || it->second.data.empty()) out.required(FieldPath("data").key("ssh-privatekey"));
  } else if (secret.type == "kubernetes.io/tls") {
    require("tls.crt");
    require("tls.key");
  }
}

void check_content(Problems& out, const Secret& secret) {
  size_t total = 0;
  for (const auto& [key, value] : secret.data) {
    out.invalid(FieldPath("data").key(key), key, config_map_key(key));
    total += value.data.size();
  }
  if (total > kMaxConfigBytes) out.too_long(FieldPath("data"), kMaxConfigBytes);
  check_type(out, secret);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), true, name_is_subdomain);
  check_content(out, object.as<Secret>());
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<Secret>();
  const auto& old = old_object.as<Secret>();
  Problems out;
  check_object_meta_update(out, next.metadata, old.metadata);
  if (next.type != old.type) out.immutable(FieldPath("type"), next.type);
  if (old.immutable.value_or(false)) {
    constexpr std::string_view kWhy = "field is immutable when `immutable` is set";
    if (!next.immutable.value_or(false)) out.forbidden(FieldPath("immutable"), kWhy);
    if (next.data != old.data) out.forbidden(FieldPath("data"), kWhy);
  }
  check_content(out, next);
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& secret = object.as<Secret>();
  return {secret.type, Cell(static_cast<int64_t>(secret.data.size())), age(secret.metadata.creation_timestamp, now)};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  if (path == "type") return object.as<Secret>().type;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Secret>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Secret",
      .plural = "secrets",
      .singular = "secret",
      .short_names = {},
      .categories = {},
      .type = &type_info<Secret>,
      .make = [] { return make_object(Secret{}); },
      .set_defaults = set_defaults,
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Type", "string"}, {"Data", "string"}, {"Age", "string"}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
