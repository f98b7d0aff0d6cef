// Waiting for files to change (inotify(7)): one directory, not what is below it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::net {

class FileWatch {
 public:
  // Errors name the directory.
  static Result<std::unique_ptr<FileWatch>> create(rt::Loop& loop, const std::string& directory);
  virtual ~FileWatch() = default;

  // Returns when a file in the directory has been written, made, renamed, removed or closed after writing since the
  // last call, or when `limit` has passed; false then.
  virtual rt::Task<bool> changed(std::chrono::milliseconds limit) = 0;
};

}  // namespace fairlead::net
