// client::Api for components inside the server: the registry itself, without serialisation. Objects are shared and
// immutable.
#pragma once

#include "apiserver/registry.h"
#include "client/api.h"

namespace fairlead::apiserver {

// Whoever uses it runs on the registry's loop and is trusted. The registry outlives it and its watches.
std::unique_ptr<client::Api> make_local_api(Registry& registry);

}  // namespace fairlead::apiserver
