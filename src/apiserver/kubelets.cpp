#include "apiserver/kubelets.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/kinds/node.h"
#include "apiserver/errors.h"

namespace fairlead::apiserver {
namespace {

constexpr uint16_t kDefaultPort = 10250;

std::string address_of(const api::Node& node) {
  for (const char* type : {"InternalIP", "ExternalIP"}) {
    const auto it = std::ranges::find(node.status.addresses, type, &api::NodeAddress::type);
    if (it != node.status.addresses.end()) return it->address;
  }
  return {};
}

}  // namespace

std::string pem_of_annotation(std::string_view base64) {
  constexpr size_t kLine = 64;
  std::string out = "-----BEGIN CERTIFICATE-----\n";
  for (; !base64.empty(); base64.remove_prefix(std::min(kLine, base64.size())))
    out += std::string(base64.substr(0, kLine)) + "\n";
  return out + "-----END CERTIFICATE-----\n";
}

void Kubelets::set_certificate(pki::KeyPairPem pair) {
  pair_ = std::move(pair);
  trust_.clear();
}

Result<std::shared_ptr<net::TlsContext>> Kubelets::tls_for(const std::string& node, std::string ca_pem) {
  Trust& known = trust_[node];
  if (known.tls && known.ca_pem == ca_pem) return known.tls;
  net::TlsClientConfig config;
  config.ca_pem = ca_pem;
  config.certificate_pem = pair_.certificate;
  config.key_pem = pair_.key;
  FL_TRY(known.tls, net::TlsContext::client(std::move(config)));
  known.ca_pem = std::move(ca_pem);
  return known.tls;
}

Result<std::unique_ptr<net::HttpClient>> Kubelets::client(const std::string& name) {
  const api::KindInfo& kind = api::kind_of<api::Node>();
  const CachedPtr found = registry_.cache(kind).find(name);
  if (!found) {
    trust_.erase(name);
    return fail(not_found(kind, name));
  }
  const auto& node = found->object()->as<api::Node>();
  const auto address = IpAddress::parse(address_of(node));
  if (!address) return fail(Code::kInternal, fmt::format("no preferred addresses found; known addresses: {}", name));
  const int32_t port = node.status.daemon_endpoints.kubelet_endpoint.port;
  const auto pinned = node.metadata.annotations.find(kKubeletCaAnnotation);
  const std::string ca = pinned == node.metadata.annotations.end() ? ca_pem_ : pem_of_annotation(pinned->second);
  net::HttpClientConfig config;
  config.base_url = "https://" + Endpoint{*address, port > 0 ? static_cast<uint16_t>(port) : kDefaultPort}.to_string();
  config.user_agent = "kube-apiserver";
  auto tls = tls_for(name, ca);
  if (!tls) return fail(std::move(tls).error().in(fmt::format("node {}: annotation {}", name, kKubeletCaAnnotation)));
  config.tls = *std::move(tls);
  return net::HttpClient::create(loop_, std::move(config));
}

}  // namespace fairlead::apiserver
