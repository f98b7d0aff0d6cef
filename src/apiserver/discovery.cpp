#include "apiserver/discovery.h"

#include <sys/utsname.h>

#include <algorithm>
#include <vector>

#include "api/kind.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

using api::KindInfo;

struct GroupVersion {
  std::string_view group;
  std::string_view version;
  bool operator==(const GroupVersion&) const = default;
};

// In the order of the list of kinds.
std::vector<GroupVersion> group_versions() {
  std::vector<GroupVersion> out;
  for (const KindInfo* k : api::all_kinds()) {
    const GroupVersion gv{k->group, k->version};
    if (std::find(out.begin(), out.end(), gv) == out.end()) out.push_back(gv);
  }
  return out;
}

struct Subresource {
  std::string_view name;
  std::string_view group, version, kind;
  std::vector<std::string_view> verbs;
};

std::vector<Subresource> subresources(const KindInfo& k) {
  std::vector<Subresource> out;
  for (const std::string_view name : k.other_subresources) {
    if (name == "attach") out.push_back({name, "", "v1", "PodAttachOptions", {"create", "get"}});
    if (name == "exec") out.push_back({name, "", "v1", "PodExecOptions", {"create", "get"}});
    if (name == "log") out.push_back({name, "", "v1", "Pod", {"get"}});
    if (name == "portforward") out.push_back({name, "", "v1", "PodPortForwardOptions", {"create", "get"}});
    if (name == "binding") out.push_back({name, "", "v1", "Binding", {"create"}});
    if (name == "eviction") out.push_back({name, "policy", "v1", "Eviction", {"create"}});
    if (name == "token") out.push_back({name, "authentication.k8s.io", "v1", "TokenRequest", {"create"}});
    if (name == "finalize") out.push_back({name, k.group, k.version, k.kind, {"update"}});
  }
  if (k.has_scale) out.push_back({"scale", "autoscaling", "v1", "Scale", {"get", "patch", "update"}});
  if (k.has_status) out.push_back({"status", k.group, k.version, k.kind, {"get", "patch", "update"}});
  return out;
}

const std::vector<std::string_view>& verbs(const KindInfo& k) {
  static const std::vector<std::string_view> kCreate = {"create"};
  static const std::vector<std::string_view> kRead = {"get", "list", "watch"};
  if (k.create_only) return kCreate;
  if (k.read_only) return kRead;
  static const std::vector<std::string_view> kVerbs = {"create", "delete", "deletecollection", "get",
                                                       "list",   "patch",  "update",           "watch"};
  return kVerbs;
}

std::string strings(const std::vector<std::string_view>& list) {
  std::string out = "[";
  for (const std::string_view s : list) {
    if (out.size() > 1) out += ',';
    out += quote(s);
  }
  return out + "]";
}

std::string group_version_text(const GroupVersion& gv) {
  return gv.group.empty() ? std::string(gv.version) : fmt::format("{}/{}", gv.group, gv.version);
}

std::string group_body(std::string_view name) {
  std::string versions;
  std::string preferred;
  for (const GroupVersion& gv : group_versions()) {
    if (gv.group != name) continue;
    const std::string one =
        fmt::format(R"({{"groupVersion":"{}","version":"{}"}})", group_version_text(gv), gv.version);
    if (preferred.empty()) preferred = one;
    if (!versions.empty()) versions += ',';
    versions += one;
  }
  return fmt::format(R"("name":"{}","versions":[{}],"preferredVersion":{})", name, versions, preferred);
}

std::vector<std::string_view> group_names() {
  std::vector<std::string_view> out;
  for (const GroupVersion& gv : group_versions()) {
    if (!gv.group.empty() && std::find(out.begin(), out.end(), gv.group) == out.end()) out.push_back(gv.group);
  }
  return out;
}

std::string legacy_resource(const KindInfo& k) {
  std::string out = fmt::format(R"({{"name":"{}","singularName":"{}","namespaced":{},"kind":"{}","verbs":{})", k.plural,
                                k.singular, k.namespaced, k.kind, strings(verbs(k)));
  if (!k.short_names.empty()) out += fmt::format(R"(,"shortNames":{})", strings(k.short_names));
  if (!k.categories.empty()) out += fmt::format(R"(,"categories":{})", strings(k.categories));
  out += '}';
  for (const Subresource& s : subresources(k)) {
    out += fmt::format(R"(,{{"name":"{}/{}","singularName":"","namespaced":{},)", k.plural, s.name, k.namespaced);
    if (s.group != k.group || s.version != k.version)
      out += fmt::format(R"("group":"{}","version":"{}",)", s.group, s.version);
    out += fmt::format(R"("kind":"{}","verbs":{}}})", s.kind, strings(s.verbs));
  }
  return out;
}

std::string aggregated_resource(const KindInfo& k) {
  std::string out = fmt::format(
      R"({{"resource":"{}","responseKind":{{"group":"{}","version":"{}","kind":"{}"}},"scope":"{}","singularResource":"{}","verbs":{})",
      k.plural, k.group, k.version, k.kind, k.namespaced ? "Namespaced" : "Cluster", k.singular, strings(verbs(k)));
  if (!k.short_names.empty()) out += fmt::format(R"(,"shortNames":{})", strings(k.short_names));
  if (!k.categories.empty()) out += fmt::format(R"(,"categories":{})", strings(k.categories));
  std::string subs;
  for (const Subresource& s : subresources(k)) {
    if (!subs.empty()) subs += ',';
    subs +=
        fmt::format(R"({{"subresource":"{}","responseKind":{{"group":"{}","version":"{}","kind":"{}"}},"verbs":{}}})",
                    s.name, s.group, s.version, s.kind, strings(s.verbs));
  }
  if (!subs.empty()) out += fmt::format(R"(,"subresources":[{}])", subs);
  return out + "}";
}

}  // namespace

std::string legacy_versions(std::string_view server_address) {
  return fmt::format(
      R"({{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[{{"clientCIDR":"0.0.0.0/0","serverAddress":"{}"}}]}})",
      server_address);
}

std::string group_list() {
  std::string groups;
  for (const std::string_view name : group_names()) {
    if (!groups.empty()) groups += ',';
    groups += "{" + group_body(name) + "}";
  }
  return fmt::format(R"({{"kind":"APIGroupList","apiVersion":"v1","groups":[{}]}})", groups);
}

std::optional<std::string> group(std::string_view name) {
  const auto names = group_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) return std::nullopt;
  return fmt::format(R"({{"kind":"APIGroup","apiVersion":"v1",{}}})", group_body(name));
}

std::optional<std::string> resource_list(std::string_view group_name, std::string_view version) {
  const GroupVersion gv{group_name, version};
  std::string resources;
  for (const KindInfo* k : api::all_kinds()) {
    if (k->group != group_name || k->version != version) continue;
    if (!resources.empty()) resources += ',';
    resources += legacy_resource(*k);
  }
  if (resources.empty()) return std::nullopt;
  return fmt::format(R"({{"kind":"APIResourceList","apiVersion":"v1","groupVersion":"{}","resources":[{}]}})",
                     group_version_text(gv), resources);
}

std::string aggregated(bool core) {
  std::string items;
  std::vector<std::string_view> names = core ? std::vector<std::string_view>{""} : group_names();
  for (const std::string_view name : names) {
    std::string versions;
    for (const GroupVersion& gv : group_versions()) {
      if (gv.group != name) continue;
      std::string resources;
      for (const KindInfo* k : api::all_kinds()) {
        if (k->group != gv.group || k->version != gv.version) continue;
        if (!resources.empty()) resources += ',';
        resources += aggregated_resource(*k);
      }
      if (!versions.empty()) versions += ',';
      versions += fmt::format(R"({{"version":"{}","resources":[{}],"freshness":"Current"}})", gv.version, resources);
    }
    if (!items.empty()) items += ',';
    items += fmt::format(R"({{"metadata":{},"versions":[{}]}})",
                         name.empty() ? "{}" : fmt::format(R"({{"name":"{}"}})", name), versions);
  }
  return fmt::format(
      R"({{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{{}},"items":[{}]}})",
      items);
}

std::string version_json() {
  utsname u{};
  ::uname(&u);
  const std::string_view machine = u.machine;
  const std::string_view arch = machine == "x86_64" ? "amd64" : machine == "aarch64" ? "arm64" : machine;
  return fmt::format(
      R"({{"major":"1","minor":"35","gitVersion":"v1.35.0+fairlead-{}","gitCommit":"","gitTreeState":"clean","buildDate":"1970-01-01T00:00:00Z","goVersion":"none","compiler":"{}","platform":"linux/{}"}})",
      FAIRLEAD_VERSION,
#ifdef __clang__
      "clang",
#else
      "gcc",
#endif
      arch);
}

}  // namespace fairlead::apiserver
