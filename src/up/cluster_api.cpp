#include "up/cluster_api.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/text.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "pki/kubeconfig.h"

namespace fairlead::up {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kCallTimeout{5000};

Result<json::value> parse(std::string_view text) {
  boost::system::error_code ec;
  auto value = json::parse(text, ec);
  if (ec) return fail(Code::kInternal, fmt::format("the API server's answer is not JSON: {}", ec.message()));
  return value;
}

// The elements of the array at `path`, nothing when any part of it is missing.
std::vector<const json::value*> items(const json::value& value, std::string_view key) {
  std::vector<const json::value*> out;
  if (!value.is_object()) return out;
  const auto* list = value.get_object().if_contains(key);
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& item : list->get_array()) out.push_back(&item);
  return out;
}

const json::value& child(const json::value& value, std::string_view key) {
  static const json::value kNothing;
  if (!value.is_object()) return kNothing;
  const auto* found = value.get_object().if_contains(key);
  return found != nullptr ? *found : kNothing;
}

std::string_view text(const json::value& value) {
  return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
}

struct Place {
  std::string_view kind;
  std::string_view prefix;
  std::string_view plural;
  bool namespaced;
};
constexpr Place kPlaces[] = {
    {"Namespace", "/api/v1", "namespaces", false},
    {"Service", "/api/v1", "services", true},
    {"ServiceAccount", "/api/v1", "serviceaccounts", true},
    {"ConfigMap", "/api/v1", "configmaps", true},
    {"Deployment", "/apis/apps/v1", "deployments", true},
    {"DaemonSet", "/apis/apps/v1", "daemonsets", true},
    {"ClusterRole", "/apis/rbac.authorization.k8s.io/v1", "clusterroles", false},
    {"ClusterRoleBinding", "/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", false},
};

// The value of `key: value` at an indentation of exactly `indent`, below `parent:` at the margin when that is not
// empty. Enough for manifests of our own, which a test holds to this form.
std::string scalar(std::string_view yaml, std::string_view parent, std::string_view key) {
  const size_t indent = parent.empty() ? 0 : 2;
  bool inside = parent.empty();
  for (auto line : split(yaml, '\n')) {
    if (!line.empty() && line.front() != ' ' && line.front() != '#' && !parent.empty())
      inside = trim(line) == fmt::format("{}:", parent);
    if (!inside || line.size() <= indent || line.find_first_not_of(' ') != indent) continue;
    line.remove_prefix(indent);
    if (line.starts_with(key) && line.substr(key.size()).starts_with(":"))
      return std::string(trim(line.substr(key.size() + 1)));
  }
  return {};
}

std::string api_message(std::string_view body) {
  const auto status = parse(body);
  if (!status) return std::string(trim(body.substr(0, 200)));
  const auto message = text(child(*status, "message"));
  return std::string(message.empty() ? trim(body.substr(0, 200)) : message);
}

}  // namespace

ClusterApi::ClusterApi(std::unique_ptr<net::HttpClient> client) : client_(std::move(client)) {}
ClusterApi::~ClusterApi() = default;

Result<std::unique_ptr<ClusterApi>> ClusterApi::create(rt::Loop& loop, const std::string& kubeconfig) {
  FL_TRY(auto file, pki::load_kubeconfig(kubeconfig));
  FL_TRY(auto access, pki::select_context(file));
  net::TlsClientConfig tls;
  tls.ca_pem = access.cluster.ca_pem;
  tls.certificate_pem = access.user.certificate_pem;
  tls.key_pem = access.user.key_pem;
  tls.server_name = access.cluster.tls_server_name;
  net::HttpClientConfig config;
  config.base_url = access.cluster.server;
  FL_TRY(config.tls, net::TlsContext::client(std::move(tls)));
  FL_TRY(auto client, net::HttpClient::create(loop, std::move(config)));
  return std::unique_ptr<ClusterApi>(new ClusterApi(std::move(client)));
}

rt::Task<Result<std::string>> ClusterApi::get(std::string path) {
  net::HttpCall call;
  call.target = path;
  call.timeout = kCallTimeout;
  auto response = co_await client_->request(std::move(call));
  if (!response) co_return fail(std::move(response).error());
  if (response->status == 404) co_return fail(Code::kNotFound, fmt::format("GET {}: not found", path));
  if (response->status != 200) {
    co_return fail(Code::kUnavailable,
                   fmt::format("GET {}: HTTP {}: {}", path, response->status, api_message(response->body)));
  }
  co_return std::move(response->body);
}

rt::Task<Result<>> ClusterApi::ready() {
  auto body = co_await get("/readyz");
  if (!body) co_return fail(std::move(body).error());
  co_return Result<>{};
}

rt::Task<Result<std::vector<std::string>>> ClusterApi::ready_nodes(WallTime since) {
  auto body = co_await get("/api/v1/nodes");
  if (!body) co_return fail(std::move(body).error());
  co_return parse_ready_nodes(*body, since);
}

rt::Task<Result<size_t>> ClusterApi::ready_endpoints(std::string ns, std::string service) {
  auto body = co_await get(fmt::format("/api/v1/namespaces/{}/endpoints/{}", ns, service));
  if (!body && body.error().code == Code::kNotFound) co_return size_t{0};
  if (!body) co_return fail(std::move(body).error());
  co_return count_ready_addresses(*body);
}

rt::Task<Result<>> ClusterApi::create_missing(std::string yaml) {
  FL_CO_TRY(auto manifests, split_manifests(yaml));
  for (auto& m : manifests) {
    // Asked first: creating a Service whose address is its own already is refused for the address, not for the name.
    net::HttpCall look;
    look.target = fmt::format("{}/{}", m.collection, m.what.substr(m.what.find_last_of("/ ") + 1));
    look.timeout = kCallTimeout;
    const auto found = co_await client_->request(std::move(look));
    if (found && found->status == 200) continue;
    net::HttpCall call;
    call.method = "POST";
    call.target = m.collection;
    call.headers.set("Content-Type", "application/yaml");
    call.headers.set("Accept", "application/json");
    call.body = std::move(m.yaml);
    call.timeout = kCallTimeout;
    auto response = co_await client_->request(std::move(call));
    if (!response) co_return fail(std::move(response).error().in(fmt::format("create {}", m.what)));
    const bool exists = response->status == 409;
    if (!exists && (response->status < 200 || response->status > 299)) {
      co_return fail(Code::kInternal,
                     fmt::format("create {}: HTTP {}: {}", m.what, response->status, api_message(response->body)));
    }
  }
  co_return Result<>{};
}

Result<std::vector<std::string>> parse_ready_nodes(std::string_view node_list_json, WallTime since) {
  // The API has whole seconds.
  const auto second = std::chrono::floor<std::chrono::seconds>(since);
  FL_TRY(const auto list, parse(node_list_json));
  std::vector<std::string> out;
  for (const auto* node : items(list, "items")) {
    for (const auto* condition : items(child(*node, "status"), "conditions")) {
      const auto reported = parse_rfc3339(text(child(*condition, "lastHeartbeatTime")));
      const bool fresh = reported && *reported >= second;
      if (fresh && text(child(*condition, "type")) == "Ready" && text(child(*condition, "status")) == "True") {
        out.emplace_back(text(child(child(*node, "metadata"), "name")));
      }
    }
  }
  return out;
}

Result<size_t> count_ready_addresses(std::string_view endpoints_json) {
  FL_TRY(const auto endpoints, parse(endpoints_json));
  size_t count = 0;
  for (const auto* subset : items(endpoints, "subsets")) count += items(*subset, "addresses").size();
  return count;
}

Result<std::vector<Manifest>> split_manifests(std::string_view yaml) {
  std::vector<std::string> documents(1);
  for (const auto line : split(yaml, '\n')) {
    if (line.starts_with("---"))
      documents.emplace_back();
    else
      documents.back().append(line).push_back('\n');
  }
  std::vector<Manifest> out;
  for (auto& document : documents) {
    const auto kind = scalar(document, "", "kind");
    if (kind.empty()) continue;
    const auto name = scalar(document, "metadata", "name");
    const auto ns = scalar(document, "metadata", "namespace");
    const Place* place = nullptr;
    for (const auto& p : kPlaces) {
      if (p.kind == kind) place = &p;
    }
    if (place == nullptr || name.empty() || place->namespaced == ns.empty()) {
      return fail(
          Code::kInvalid,
          fmt::format("manifest of kind \"{}\", namespace \"{}\", name \"{}\" cannot be installed", kind, ns, name));
    }
    Manifest m;
    m.collection = place->namespaced ? fmt::format("{}/namespaces/{}/{}", place->prefix, ns, place->plural)
                                     : fmt::format("{}/{}", place->prefix, place->plural);
    m.what = place->namespaced ? fmt::format("{} {}/{}", kind, ns, name) : fmt::format("{} {}", kind, name);
    m.yaml = std::move(document);
    out.push_back(std::move(m));
  }
  return out;
}

Result<std::string> expand(std::string_view content, const std::map<std::string, std::string>& values) {
  std::string out;
  for (;;) {
    const auto at = content.find("${");
    out += content.substr(0, at);
    if (at == std::string_view::npos) return out;
    const auto end = content.find('}', at);
    const std::string name(content.substr(at + 2, end == std::string_view::npos ? end : end - at - 2));
    const auto value = values.find(name);
    if (end == std::string_view::npos || value == values.end())
      return fail(Code::kInvalid, fmt::format("${{{}}} has no value", name));
    out += value->second;
    content.remove_prefix(end + 1);
  }
}

}  // namespace fairlead::up
