#include "apiserver/credentials.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "pki/kubeconfig.h"

namespace fairlead::apiserver {
namespace {

constexpr const char* kCluster = "fairlead";

Result<> make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return fail(last_system_error(fmt::format("create {}", path)));
}

// Whether the stored certificate still serves: not near its end, and for everything that is asked for.
bool serves(const pki::KeyPairPem& stored, const pki::CertificateSpec& spec, WallTime now) {
  const auto info = pki::inspect(stored.certificate);
  const auto old = pki::needs_renewal(stored.certificate, now);
  if (!info || !old || *old) return false;
  const auto has = [](const auto& all, const auto& one) { return std::find(all.begin(), all.end(), one) != all.end(); };
  return std::all_of(spec.dns_names.begin(), spec.dns_names.end(),
                     [&](const auto& n) { return has(info->dns_names, n); }) &&
         std::all_of(spec.ip_addresses.begin(), spec.ip_addresses.end(),
                     [&](const auto& a) { return has(info->ip_addresses, a); });
}

}  // namespace

Result<Credentials> Credentials::open(std::string directory, const Clock& clock) {
  if (directory.empty()) {
    FL_TRY(auto ca, pki::Ca::create("fairlead-ca", clock.now()));
    FL_TRY(auto key, pki::JwtKey::generate());
    return Credentials("", clock, std::move(ca), std::move(key));
  }
  FL_CHECK(make_directory(directory));
  FL_TRY(auto ca, pki::Ca::load_or_create(directory + "/ca", "fairlead-ca", clock.now()));
  FL_TRY(auto key, pki::JwtKey::load_or_generate(directory + "/service-account.key"));
  return Credentials(std::move(directory), clock, std::move(ca), std::move(key));
}

Result<pki::KeyPairPem> Credentials::server_certificate(const std::vector<IpAddress>& addresses) {
  pki::CertificateSpec spec;
  spec.common_name = "kube-apiserver";
  spec.dns_names = {"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
                    "kubernetes.default.svc.cluster.local"};
  spec.ip_addresses = {IpAddress::v4(0x7F000001)};
  for (const IpAddress& a : addresses) {
    const bool listed = std::find(spec.ip_addresses.begin(), spec.ip_addresses.end(), a) != spec.ip_addresses.end();
    if (!a.is_unspecified() && !listed) spec.ip_addresses.push_back(a);
  }
  spec.usage = pki::Usage::kServer;
  const std::string prefix = directory_ + "/server";
  if (!directory_.empty()) {
    const auto stored = pki::read_key_pair(prefix);
    if (stored && serves(*stored, spec, clock_->now())) return *stored;
  }
  FL_TRY(auto issued, ca_.issue(spec, clock_->now()));
  if (!directory_.empty()) FL_CHECK(pki::write_key_pair(prefix, issued));
  return issued;
}

Result<pki::KeyPairPem> Credentials::kubelet_client_certificate() const {
  pki::CertificateSpec spec;
  spec.common_name = "kube-apiserver-kubelet-client";
  spec.organizations = {"system:masters"};
  spec.usage = pki::Usage::kClient;
  return ca_.issue(spec, clock_->now());
}

Result<std::string> Credentials::kubeconfig_text(const std::string& server_url, const std::string& user,
                                                 const std::vector<std::string>& groups) const {
  pki::CertificateSpec spec;
  spec.common_name = user;
  spec.organizations = groups;
  spec.usage = pki::Usage::kClient;
  FL_TRY(auto issued, ca_.issue(spec, clock_->now()));
  pki::Kubeconfig::Cluster cluster;
  cluster.name = kCluster;
  cluster.server = server_url;
  cluster.ca_pem = ca_pem();
  pki::Kubeconfig::User holder;
  holder.name = user;
  holder.certificate_pem = std::move(issued.certificate);
  holder.key_pem = std::move(issued.key);
  return pki::format_kubeconfig(pki::make_kubeconfig(kCluster, std::move(cluster), std::move(holder)));
}

Result<std::string> Credentials::write_kubeconfig(const std::string& name, const std::string& server_url,
                                                  const std::string& user,
                                                  const std::vector<std::string>& groups) const {
  std::string path = fmt::format("{}/{}.kubeconfig", directory_, name);
  if (const auto stored = pki::load_kubeconfig(path)) {
    const auto access = pki::select_context(*stored);
    const bool ours = access && access->cluster.server == server_url && access->cluster.ca_pem == ca_pem();
    const auto old = ours ? pki::needs_renewal(access->user.certificate_pem, clock_->now()) : Result<bool>(true);
    if (old && !*old) return path;
  }
  FL_TRY(const std::string text, kubeconfig_text(server_url, user, groups));
  FL_CHECK(write_file_atomically(path, text, 0600));
  return path;
}

}  // namespace fairlead::apiserver
