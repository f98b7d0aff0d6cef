// Kubernetes' sentences for what goes wrong (apimachinery/pkg/api/errors), and the way from an Error to a
// metav1.Status. The sentences are part of the interface: clients and their users know them.
#pragma once

#include <string>
#include <string_view>

#include "api/kind.h"
#include "api/types/status.h"
#include "base/result.h"

namespace fairlead::apiserver {

Error not_found(const api::KindInfo& kind, std::string_view name);
Error already_exists(const api::KindInfo& kind, std::string_view name);
Error conflict(const api::KindInfo& kind, std::string_view name, std::string_view why);
Error modified(const api::KindInfo& kind, std::string_view name);  // the conflict of a stale resourceVersion
Error forbidden(const api::KindInfo& kind, std::string_view name, std::string_view why);
Error bad_request(std::string message);

int http_status(Code code);

// The Status a client gets. details.name, kind and group are read back from the sentence, which names them.
api::Status status_of(const Error& error);

}  // namespace fairlead::apiserver
