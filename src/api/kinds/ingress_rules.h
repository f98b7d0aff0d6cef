// What must hold for an Ingress.
#pragma once

#include "api/kinds/ingress.h"
#include "api/validation.h"

namespace fairlead::api {

FieldErrors validate_ingress(const Object& object);
FieldErrors validate_ingress_update(const Object& next, const Object& old);
FieldErrors validate_ingress_status(const Object& next, const Object& old);

}  // namespace fairlead::api
