// What the server says it serves: /api, /apis and below, in the legacy and the aggregated form. Pure functions over the
// list of kinds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::apiserver {

// Verbs of kinds and of their subresources, as discovery names them and routes allow them.
std::string legacy_versions(std::string_view server_address);  // /api: APIVersions
std::string group_list();                                      // /apis: APIGroupList
std::optional<std::string> group(std::string_view name);       // /apis/G: APIGroup
// /api/v1 and /apis/G/V: APIResourceList
std::optional<std::string> resource_list(std::string_view group, std::string_view version);
// The aggregated form of /api (core) or /apis (the rest): APIGroupDiscoveryList
std::string aggregated(bool core);
// /version
std::string version_json();

}  // namespace fairlead::apiserver
