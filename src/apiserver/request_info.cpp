#include "apiserver/request_info.h"

#include "base/text.h"

namespace fairlead::apiserver {
namespace {

std::string verb_of(const RequestInfo& info) {
  const bool one = !info.name.empty();
  // A WebSocket begins with GET, and runs a command all the same (KEP-2862: create is asked for both).
  if (info.plural == "pods" &&
      (info.subresource == "exec" || info.subresource == "attach" || info.subresource == "portforward"))
    return "create";
  if (info.method == "GET" || info.method == "HEAD") {
    if (info.flag("watch")) return "watch";
    return one ? "get" : "list";
  }
  if (info.method == "POST") return "create";
  if (info.method == "PUT") return "update";
  if (info.method == "PATCH") return "patch";
  if (info.method == "DELETE") return one ? "delete" : "deletecollection";
  return lower(info.method);
}

// `parts` follow the version: [namespaces/NS/]resource[/name[/subresource]].
void parse_resource(std::span<const std::string> parts, RequestInfo& info) {
  if (!parts.empty() && parts[0] == "watch") {
    parts = parts.subspan(1);
    info.query.insert(info.query.begin(), {"watch", "true"});
  }
  if (parts.empty()) return;
  info.resource = true;
  if (parts[0] == "namespaces" && parts.size() > 2 && parts[2] != "status" && parts[2] != "finalize") {
    info.ns = parts[1];
    parts = parts.subspan(2);
  }
  info.plural = parts[0];
  if (parts.size() > 1) info.name = parts[1];
  for (size_t i = 2; i < parts.size(); ++i) info.subresource += (i > 2 ? "/" : "") + parts[i];
  // A namespace is itself in the namespace of its name, for authorization.
  if (info.plural == "namespaces" && info.group.empty() && !info.name.empty()) info.ns = info.name;
  info.kind = api::find_resource(info.group, info.version, info.plural);
}

}  // namespace

bool RequestInfo::verb_served() const {
  if (kind == nullptr) return true;
  if (kind->create_only) return verb == "create" && name.empty();
  const bool reads = verb == "get" || verb == "list" || verb == "watch";
  return reads || !kind->read_only;
}

bool RequestInfo::flag(std::string_view key) const {
  const std::string_view v = param(key);
  return v == "true" || v == "1" || v == "True" || v == "TRUE" || v == "t" || v == "T";
}

Result<RequestInfo> parse_request(const net::HttpRequest& request) {
  RequestInfo info;
  info.method = request.method;
  FL_TRY(info.query, net::parse_query(request.query()));
  std::vector<std::string> parts;
  for (const std::string_view raw : split(request.path(), '/')) {
    if (raw.empty()) continue;
    FL_TRY(auto part, net::percent_decode(raw));
    info.path += "/" + part;
    parts.push_back(std::move(part));
  }
  if (info.path.empty()) info.path = "/";
  const std::span<const std::string> all(parts);
  if (parts.size() > 2 && parts[0] == "api") {
    info.version = parts[1];
    parse_resource(all.subspan(2), info);
  } else if (parts.size() > 3 && parts[0] == "apis") {
    info.group = parts[1];
    info.version = parts[2];
    parse_resource(all.subspan(3), info);
  }
  info.verb = info.resource ? verb_of(info) : lower(info.method);
  return info;
}

}  // namespace fairlead::apiserver
