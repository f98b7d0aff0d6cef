// The dictionary of SPDY/3's header compression. Internal to spdy.cpp.
#pragma once

#include <string>

namespace fairlead::net {

const std::string& spdy_dictionary();

}  // namespace fairlead::net
