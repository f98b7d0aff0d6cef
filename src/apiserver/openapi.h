// OpenAPI v3 of what is served, made from the field tables.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fairlead::apiserver {

// /openapi/v3: which documents there are.
std::string openapi_index();
// /openapi/v3/PATH ("api/v1", "apis/apps/v1").
std::optional<std::string> openapi_document(std::string_view path);

}  // namespace fairlead::apiserver
