// PATCH bodies applied to objects: JSON patch (RFC 6902), JSON merge patch (RFC 7386) and Kubernetes' strategic merge
// patch, whose merge keys come from the field tables.
#pragma once

#include <boost/json/fwd.hpp>

#include "api/codec.h"
#include "api/kind.h"
#include "client/api.h"

namespace fairlead::apiserver {

// The object that `body` makes of `current`. kBadRequest: not a patch; kInvalid: a JSON patch that does not apply.
Result<api::MutableObject> patched(const api::Object& current, client::PatchType type, std::string_view body,
                                   api::DecodeReport* report = nullptr);

Result<> apply_json_patch(boost::json::value& document, const boost::json::value& patch);
void apply_merge_patch(boost::json::value& document, const boost::json::value& patch);
Result<> apply_strategic_merge(boost::json::value& document, const boost::json::value& patch,
                               const api::TypeInfo& type);

}  // namespace fairlead::apiserver
