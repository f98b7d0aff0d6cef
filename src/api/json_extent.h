// How large a JSON value is: bounds what input may make of a few bytes.
#pragma once

#include <boost/json/fwd.hpp>
#include <cstddef>

namespace fairlead::api {

// How deep parse_json() reads; nothing that is to be read again may nest deeper.
constexpr size_t kMaxJsonDepth = 256;

struct JsonExtent {
  size_t values = 0;
  size_t bytes = 0;  // of keys and strings
  size_t depth = 0;  // 0 for scalars, 1 for [] and {}
};

JsonExtent extent_of(const boost::json::value& value);

}  // namespace fairlead::api
