// A container's log file from where the client wants it, to its end or, followed, to the container's: across rotation,
// which renames the file and begins a new one under the old name.
#pragma once

#include <string>

#include "agent/log_lines.h"
#include "base/result.h"
#include "rt/blocking.h"
#include "rt/loop.h"

namespace fairlead::agent {

// Where the lines go, and who knows whether there will be more.
class LogSink {
 public:
  virtual ~LogSink() = default;
  // An error ends the stream: the client has left.
  virtual rt::Task<Result<>> write(std::string_view text) = 0;
  // Whether the container may still write. Asked now and then while following.
  virtual rt::Task<bool> running() = 0;
};

// kNotFound when there is no such file.
rt::Task<Result<>> stream_log(rt::Loop& loop, rt::BlockingPool& pool, std::string path, LogQuery query, LogSink& sink);

}  // namespace fairlead::agent
