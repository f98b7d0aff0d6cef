// Ages as kubectl shows them.
#pragma once

#include <chrono>
#include <string>

#include "api/schema.h"
#include "base/clock.h"

namespace fairlead::api {

// Two or three significant figures: "5s", "3m20s", "47h", "2d5h", "3y40d"; "<invalid>" when more than a second
// negative.
std::string human_duration(std::chrono::microseconds duration);
// From a timestamp until now; "<unknown>" when it is unset.
std::string age(const Time& since, WallTime now);
std::string age(const MicroTime& since, WallTime now);

}  // namespace fairlead::api
