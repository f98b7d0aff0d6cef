// Mounts on the node's own file system: tmpfs for volumes, and parts of volumes (subPath) without being led astray by
// links that a container may have made in them.
#pragma once

#include <string>

#include "base/result.h"

namespace fairlead::agent {

bool is_mount_point(const std::string& path);
// `size` in bytes; 0: the kernel's default, half of the memory.
Result<> mount_tmpfs(const std::string& path, int64_t size);

// Binds <volume>/<sub> to `target`, a path of ours, and makes directories that are missing with the volume's own mode.
// Links are followed, but what leads out of the volume is refused, also when it is changed meanwhile.
Result<> bind_sub_path(const std::string& volume, const std::string& sub, const std::string& target);

// Unmounts everything below the directory, then removes it. Never removes what is mounted: an error says what still is.
Result<> remove_tree(const std::string& directory);

}  // namespace fairlead::agent
