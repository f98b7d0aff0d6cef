// A directory whose files change all at once, in the layout that Kubernetes gives configMap volumes and that programs
// watch for:
//   ..2026_01_02_15_04_05.123456/conf/key   the files
//   ..data -> ..2026_01_02_15_04_05.123456  replaced by rename(2), so a reader sees all of the old or all of the new
//   conf -> ..data/conf                     one for each top-level name
#pragma once

#include <optional>
#include <string>

#include "agent/payload.h"
#include "base/clock.h"
#include "base/result.h"

namespace fairlead::agent {

// Makes the directory hold the payload and nothing else; it exists already. False when it did so before. With a group,
// files are its and readable by it. An update that was interrupted is completed by the next. `now` names the files'
// directory.
Result<bool> write_payload(const std::string& directory, const Payload& payload, std::optional<int64_t> group,
                           WallTime now);

}  // namespace fairlead::agent
