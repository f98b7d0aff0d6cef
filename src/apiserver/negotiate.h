// Which form of answer a client gets (Accept) and which form its body has (Content-Type).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fairlead::apiserver {

enum class Shape : uint8_t { kObject, kTable, kPartialMetadata, kAggregatedDiscovery };

inline constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";

struct MediaType {
  std::string type = "application/json";  // lower case
  Shape shape = Shape::kObject;
  [[nodiscard]] bool protobuf() const { return type == kProtobuf; }
};

// The first of the client's types that `shapes` allow; protobuf for objects and metadata, not for tables and discovery.
// YAML is answered with JSON, which is YAML too (YAML 1.2, 1.3). kNotAcceptable names what there is.
Result<MediaType> negotiate(const net::Headers& headers, std::initializer_list<Shape> shapes);

// Content-Type without parameters, lower case; "application/json" when there is none.
std::string body_type(const net::Headers& headers);

}  // namespace fairlead::apiserver
