#include "apiserver/negotiate.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::apiserver {
namespace {

struct Accepted {
  std::string type;
  std::string as, group, version;
  double q = 1;
};

std::vector<Accepted> parse_accept(const net::Headers& headers) {
  std::vector<Accepted> out;
  for (const std::string_view line : headers.all("accept")) {
    for (const std::string_view part : split(line, ',')) {
      const auto pieces = split(part, ';');
      Accepted a;
      a.type = lower(trim(pieces[0]));
      for (size_t i = 1; i < pieces.size(); ++i) {
        const auto equals = pieces[i].find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = trim(pieces[i].substr(0, equals));
        const std::string value(trim(pieces[i].substr(equals + 1)));
        if (name == "as") a.as = value;
        if (name == "g") a.group = value;
        if (name == "v") a.version = value;
        if (name == "q") a.q = std::strtod(value.c_str(), nullptr);
      }
      if (!a.type.empty() && a.q > 0) out.push_back(std::move(a));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const Accepted& a, const Accepted& b) { return a.q > b.q; });
  return out;
}

std::optional<Shape> shape_of(const Accepted& a) {
  if (a.as.empty()) return Shape::kObject;
  if (a.as == "Table" && a.group == "meta.k8s.io" && a.version == "v1") return Shape::kTable;
  if ((a.as == "PartialObjectMetadata" || a.as == "PartialObjectMetadataList") && a.group == "meta.k8s.io" &&
      a.version == "v1") {
    return Shape::kPartialMetadata;
  }
  if (a.as == "APIGroupDiscoveryList" && a.group == "apidiscovery.k8s.io" && a.version == "v2")
    return Shape::kAggregatedDiscovery;
  return std::nullopt;
}

}  // namespace

Result<MediaType> negotiate(const net::Headers& headers, std::initializer_list<Shape> shapes) {
  const auto accepted = parse_accept(headers);
  if (accepted.empty()) return MediaType{"application/json", Shape::kObject};
  for (const Accepted& a : accepted) {
    const auto shape = shape_of(a);
    if (!shape || std::find(shapes.begin(), shapes.end(), *shape) == shapes.end()) continue;
    if (a.type == "application/json" || a.type == "application/yaml") return MediaType{a.type, *shape};
    const bool objects =
        *shape == Shape::kPartialMetadata ||
        (*shape == Shape::kObject && std::find(shapes.begin(), shapes.end(), Shape::kTable) != shapes.end());
    if (a.type == kProtobuf && objects) return MediaType{a.type, *shape};
    if (a.type == "*/*" || a.type == "application/*") return MediaType{"application/json", *shape};
  }
  return fail(Code::kNotAcceptable,
              "only the following media types are accepted: application/json, application/yaml, "
              "application/vnd.kubernetes.protobuf");
}

std::string body_type(const net::Headers& headers) {
  const std::string_view value = headers.get("content-type");
  const std::string type = lower(trim(value.substr(0, value.find(';'))));
  return type.empty() ? "application/json" : type;
}

}  // namespace fairlead::apiserver
