#include "api/json_extent.h"

#include <algorithm>
#include <boost/json/value.hpp>

namespace fairlead::api {
namespace {

void include(JsonExtent& whole, const boost::json::value& part) {
  const JsonExtent extent = extent_of(part);
  whole.values += extent.values;
  whole.bytes += extent.bytes;
  whole.depth = std::max(whole.depth, extent.depth + 1);
}

}  // namespace

JsonExtent extent_of(const boost::json::value& value) {
  JsonExtent extent{1, 0, value.is_structured() ? size_t{1} : size_t{0}};
  if (value.is_string()) extent.bytes = value.get_string().size();
  if (value.is_array()) {
    for (const auto& element : value.get_array()) include(extent, element);
  }
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      extent.bytes += member.key().size();
      include(extent, member.value());
    }
  }
  return extent;
}

}  // namespace fairlead::api
