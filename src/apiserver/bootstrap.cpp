#include "apiserver/bootstrap.h"

#include "api/kinds/endpoints.h"
#include "api/kinds/endpointslice.h"
#include "api/kinds/service.h"
#include "api/kinds/servicecidr.h"

namespace fairlead::apiserver {
namespace {

api::Service wanted_service(const IpAddress& address, uint16_t port) {
  api::Service s;
  s.metadata.name = "kubernetes";
  s.metadata.namespace_ = "default";
  s.metadata.labels = {{"component", "apiserver"}, {"provider", "kubernetes"}};
  s.spec.type = "ClusterIP";
  s.spec.cluster_ip = address.to_string();
  s.spec.cluster_ips = {address.to_string()};
  s.spec.session_affinity = "None";
  s.spec.ip_families = {std::string(to_string(address.family()))};
  s.spec.ip_family_policy = "SingleStack";
  api::ServicePort& https = s.spec.ports.emplace_back();
  https.name = "https";
  https.protocol = "TCP";
  https.port = 443;
  https.target_port = api::IntOrString(int32_t{port});
  return s;
}

api::Endpoints wanted_endpoints(const Endpoint& advertised) {
  api::Endpoints e;
  e.metadata.name = "kubernetes";
  e.metadata.namespace_ = "default";
  e.metadata.labels = {{"endpointslice.kubernetes.io/skip-mirror", "true"}};
  api::EndpointSubset& subset = e.subsets.emplace_back();
  subset.addresses.emplace_back().ip = advertised.address.to_string();
  api::EndpointPort& port = subset.ports.emplace_back();
  port.name = "https";
  port.port = advertised.port;
  port.protocol = "TCP";
  return e;
}

api::EndpointSlice wanted_slice(const Endpoint& advertised) {
  api::EndpointSlice s;
  s.metadata.name = "kubernetes";
  s.metadata.namespace_ = "default";
  s.metadata.labels = {{"kubernetes.io/service-name", "kubernetes"}};
  s.address_type = to_string(advertised.address.family());
  api::SliceEndpoint& endpoint = s.endpoints.emplace_back();
  endpoint.addresses = {advertised.address.to_string()};
  endpoint.conditions.ready = true;
  api::EndpointSlicePort& port = s.ports.emplace_back();
  port.name = "https";
  port.port = int32_t{advertised.port};
  port.protocol = "TCP";
  return s;
}

// Creates the object, or makes its content what it should be.
template <class T>
Task<Result<>> ensure(Registry& registry, T wanted, void (*copy)(T& to, const T& from)) {
  const api::KindInfo& kind = api::kind_of<T>();
  if (!registry.cache(kind).find("default/kubernetes")) {
    auto created = co_await registry.create("default", api::make_object(std::move(wanted)));
    if (!created) co_return fail(std::move(created).error());
    co_return Result<>{};
  }
  Registry::Change change = [wanted = std::move(wanted),
                             copy](const api::Object& current) -> Result<api::MutableObject> {
    auto next = current.clone();
    copy(next->as<T>(), wanted);
    return next;
  };
  auto updated = co_await registry.update(kind, "default", "kubernetes", std::move(change));
  if (!updated) co_return fail(std::move(updated).error());
  co_return Result<>{};
}

void copy_service(api::Service& to, const api::Service& from) { to.spec.ports = from.spec.ports; }
void copy_endpoints(api::Endpoints& to, const api::Endpoints& from) { to.subsets = from.subsets; }
void copy_slice(api::EndpointSlice& to, const api::EndpointSlice& from) {
  to.endpoints = from.endpoints;
  to.ports = from.ports;
}

}  // namespace

namespace {

api::ServiceCidr wanted_cidr(const std::vector<Cidr>& networks) {
  api::ServiceCidr c;
  c.metadata.name = "kubernetes";
  for (const auto& n : networks) c.spec.cidrs.push_back(n.to_string());
  return c;
}

api::Condition ready_condition(WallTime now) {
  api::Condition c;
  c.type = "Ready";
  c.status = "True";
  c.last_transition_time.at = std::chrono::floor<std::chrono::seconds>(now);
  c.message = "Kubernetes Service CIDR is ready";
  return c;
}

}  // namespace

Task<Result<>> publish_service_networks(Registry& registry, std::vector<Cidr> networks) {
  const api::KindInfo& kind = api::kind_of<api::ServiceCidr>();
  api::ServiceCidr wanted = wanted_cidr(networks);
  if (const CachedPtr current = registry.cache(kind).find("kubernetes")) {
    if (current->object()->as<api::ServiceCidr>().spec == wanted.spec) co_return Result<>{};
    // Networks of a ServiceCIDR cannot change: the server was started with others.
    auto removed = co_await registry.remove(kind, "", "kubernetes");
    if (!removed) co_return fail(std::move(removed).error());
  }
  auto created = co_await registry.create("", api::make_object(std::move(wanted)));
  if (!created) co_return fail(std::move(created).error());
  Registry::Change change = [now = registry.clock().now()](const api::Object& current) -> Result<api::MutableObject> {
    auto next = current.clone();
    next->as<api::ServiceCidr>().status.conditions = {ready_condition(now)};
    return next;
  };
  WriteOptions status;
  status.subresource = "status";
  auto updated = co_await registry.update(kind, "", "kubernetes", std::move(change), std::move(status));
  if (!updated) co_return fail(std::move(updated).error());
  co_return Result<>{};
}

Task<Result<>> publish_api_server(Registry& registry, IpAddress address, Endpoint advertised) {
  auto service = co_await ensure<api::Service>(registry, wanted_service(address, advertised.port), copy_service);
  if (!service) co_return service;
  // Pods could not reach a loopback address, and Endpoints may not name one: the Service then has no endpoints.
  if (advertised.address.is_loopback()) co_return service;
  auto endpoints = co_await ensure<api::Endpoints>(registry, wanted_endpoints(advertised), copy_endpoints);
  if (!endpoints) co_return endpoints;
  co_return co_await ensure<api::EndpointSlice>(registry, wanted_slice(advertised), copy_slice);
}

}  // namespace fairlead::apiserver
