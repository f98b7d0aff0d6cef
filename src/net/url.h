// URLs as far as Kubernetes clients and servers use them (RFC 3986): absolute http(s) URLs, percent-encoding, queries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace fairlead::net {

struct Url {
  std::string scheme;                           // "http" or "https"
  std::string host;                             // without brackets for IPv6
  uint16_t port = 0;                            // the scheme's default when not given
  std::string path;                             // "" or "/..." without a trailing slash
  std::string query;                            // raw, without '?'
  [[nodiscard]] std::string authority() const;  // as in a Host field: brackets for IPv6, no default port
};

Result<Url> parse_url(std::string_view text);

// Encodes everything but unreserved characters; in paths and query values alike.
std::string percent_encode(std::string_view text);
// kBadRequest on a broken escape. `plus_is_space` for query parts.
Result<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

// Decoded name=value pairs, in order. A part without '=' has the value "".
using Query = std::vector<std::pair<std::string, std::string>>;
Result<Query> parse_query(std::string_view raw);
// First value of `name`, or "".
std::string_view query_get(const Query& query, std::string_view name);
std::string format_query(const Query& query);

}  // namespace fairlead::net
