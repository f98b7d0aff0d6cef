// The scale subresource: autoscaling/v1 Scale as a view of a kind's spec.replicas, by field table.
#pragma once

#include "api/kind.h"
#include "api/types/scale.h"

namespace fairlead::apiserver {

const api::KindInfo& scale_kind();
api::Scale scale_of(const api::Object& object);
// The object with the replicas that `scale` asks for. kInvalid when negative.
Result<api::MutableObject> scaled(const api::Object& object, const api::Scale& scale);

}  // namespace fairlead::apiserver
