// OpenAPI v2 (swagger) of what is served, from the field tables: what kubectl up to 1.26 validates and explains with,
// and later ones fall back to. The v3 documents are apiserver/openapi.h.
#pragma once

#include <string>

namespace fairlead::api {

// GET /openapi/v2 as application/json.
std::string openapi_v2_json();
// As application/com.github.proto-openapi.spec.v2.v1.0+protobuf (also written @v1.0): gnostic's openapi.v2.Document.
std::string openapi_v2_proto();

}  // namespace fairlead::api
