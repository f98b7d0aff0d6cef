#include "api/kinds/ingressclass.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<IngressClassParametersReference>() {
  using T = IngressClassParametersReference;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressClassParametersReference",
                             {
                                 field(&T::api_group, "apiGroup", 1, kOmitEmpty),
                                 field(&T::kind, "kind", 2, kRequired),
                                 field(&T::name, "name", 3, kRequired),
                                 field(&T::scope, "scope", 4, 0),
                                 field(&T::namespace_, "namespace", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressClassSpec>() {
  using T = IngressClassSpec;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressClassSpec",
                             {
                                 field(&T::controller, "controller", 1, kOmitEmpty),
                                 field(&T::parameters, "parameters", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<IngressClass>() {
  using T = IngressClass;
  static const TypeInfo info("io.k8s.api.networking.v1.IngressClass",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kOmitEmpty),
                             });
  return info;
}

bool is_default_class(const IngressClass& c) {
  const auto it = c.metadata.annotations.find("ingressclass.kubernetes.io/is-default-class");
  return it != c.metadata.annotations.end() && it->second == "true";
}

namespace {

void set_defaults(Object& object) {
  auto& parameters = object.as<IngressClass>().spec.parameters;
  if (parameters && !parameters->scope) parameters->scope = "Cluster";
}

void prepare_update(Object& object, const Object& old_object) {
  auto& next = object.as<IngressClass>();
  const auto& old = old_object.as<IngressClass>();
  next.metadata.generation = old.metadata.generation + (next.spec == old.spec ? 0 : 1);
}

// "example.com/ingress-controller": a domain, and a path after it.
void check_controller(Problems& out, const FieldPath& path, const std::string& controller) {
  constexpr size_t kMaxBytes = 250;
  if (controller.empty()) return out.required(path);
  if (controller.size() > kMaxBytes) out.too_long(path, kMaxBytes);
  const auto slash = controller.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == controller.size())
    return out.invalid(path, controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  out.invalid(path, controller, dns1123_subdomain(std::string_view(controller).substr(0, slash)));
  constexpr std::string_view kPathCharacters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%";
  if (controller.find_first_not_of(kPathCharacters, slash + 1) != std::string::npos) {
    out.invalid(path, controller, "Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')");
  }
}

void check_parameters(Problems& out, const FieldPath& path, const IngressClassParametersReference& p) {
  if (p.api_group) out.invalid(path / "apiGroup", *p.api_group, dns1123_subdomain(*p.api_group));
  if (p.kind.empty()) out.required(path / "kind");
  out.invalid(path / "kind", p.kind, name_is_path_segment(p.kind));
  if (p.name.empty()) out.required(path / "name");
  out.invalid(path / "name", p.name, name_is_path_segment(p.name));
  const std::string scope = p.scope.value_or("");
  if (!p.scope) {
    out.required(path / "scope");
  } else if (scope == "Namespace") {
    if (!p.namespace_)
      out.required(path / "namespace", "`parameters.scope` is set to 'Namespace'");
    else
      out.invalid(path / "namespace", *p.namespace_, dns1123_label(*p.namespace_));
  } else if (scope != "Cluster") {
    out.not_supported(path / "scope", scope, {"Cluster", "Namespace"});
  } else if (p.namespace_) {
    out.forbidden(path / "namespace", "`parameters.scope` is set to 'Cluster'");
  }
}

void check_spec(Problems& out, const IngressClassSpec& spec) {
  const FieldPath path("spec");
  check_controller(out, path / "controller", spec.controller);
  if (spec.parameters) check_parameters(out, path / "parameters", *spec.parameters);
}

FieldErrors validate(const Object& object) {
  Problems out;
  check_object_meta(out, object.meta(), false, name_is_subdomain);
  check_spec(out, object.as<IngressClass>().spec);
  return std::move(out).take();
}

FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<IngressClass>().spec;
  Problems out;
  check_object_meta_update(out, next_object.meta(), old_object.meta());
  if (next.controller != old_object.as<IngressClass>().spec.controller)
    out.immutable(FieldPath("spec") / "controller", next.controller);
  check_spec(out, next);
  return std::move(out).take();
}

std::string parameters_cell(const IngressClassSpec& spec) {
  if (!spec.parameters) return "<none>";
  const auto& p = *spec.parameters;
  return p.kind + (p.api_group ? "." + *p.api_group : "") + "/" + p.name;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& c = object.as<IngressClass>();
  return {c.spec.controller, parameters_cell(c.spec), age(c.metadata.creation_timestamp, now)};
}

}  // namespace

template <>
const KindInfo& kind_of<IngressClass>() {
  static const KindInfo info{
      .group = "networking.k8s.io",
      .version = "v1",
      .kind = "IngressClass",
      .plural = "ingressclasses",
      .singular = "ingressclass",
      .short_names = {},
      .categories = {},
      .namespaced = false,
      .type = &type_info<IngressClass>,
      .make = [] { return make_object(IngressClass{}); },
      .set_defaults = set_defaults,
      .prepare_create = [](Object& next) { next.meta().generation = 1; },
      .prepare_update = prepare_update,
      .validate = validate,
      .validate_update = validate_update,
      .columns = {{"Controller", "string"}, {"Parameters", "string"}, {"Age", "string"}},
      .row = row,
  };
  return info;
}

}  // namespace fairlead::api
