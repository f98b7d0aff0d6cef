// A swagger document as gnostic's protobuf message openapi.v2.Document.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>

namespace fairlead::api {

std::string openapi_v2_to_proto(const boost::json::object& document);

}  // namespace fairlead::api
