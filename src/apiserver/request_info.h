// What a request asks for, read from its method and URL (apiserver/pkg/endpoints/request in Kubernetes).
#pragma once

#include <string>
#include <vector>

#include "api/kind.h"
#include "net/http.h"
#include "net/url.h"

namespace fairlead::apiserver {

struct RequestInfo {
  std::string method;
  std::string path;  // decoded
  net::Query query;
  std::string verb;  // get, list, watch, create, update, patch, delete, deletecollection; else the method in lower case
  bool resource = false;  // under /api/V or /apis/G/V, with a resource named
  std::string group;
  std::string version;
  std::string ns;
  std::string plural;
  std::string name;
  std::string subresource;
  const api::KindInfo* kind = nullptr;  // null: not served

  // The kind is served with this verb. What is not, is answered with 405, after the question whether one may.
  [[nodiscard]] bool verb_served() const;
  [[nodiscard]] std::string_view param(std::string_view key) const { return net::query_get(query, key); }
  [[nodiscard]] bool flag(std::string_view key) const;
};

// kBadRequest on a broken escape.
Result<RequestInfo> parse_request(const net::HttpRequest& request);

}  // namespace fairlead::apiserver
