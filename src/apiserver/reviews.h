// Questions that are answered at once: who is this, may they do that (authentication.k8s.io, authorization.k8s.io).
#pragma once

#include "api/object.h"
#include "apiserver/auth.h"

namespace fairlead::apiserver {

// Fills in the status of a review that `who` asked for in namespace `ns`.
Result<> answer_review(const Identity& who, const std::string& ns, api::Object& review, const Authenticator& auth,
                       Registry& registry);

}  // namespace fairlead::apiserver
