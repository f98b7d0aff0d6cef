// The manifests of deploy/ that `up` installs, built into the program.
#pragma once

#include <string_view>

namespace fairlead::up {

extern const std::string_view kDnsManifest;  // deploy/dns.yaml, with ${...} for expand()

}  // namespace fairlead::up
