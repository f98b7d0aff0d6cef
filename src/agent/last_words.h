// A container's termination message: what it wrote to its terminationMessagePath, a file of ours that is mounted there,
// or else the end of its log.
#pragma once

#include <string>
#include <string_view>

#include "agent/pod_config.h"
#include "base/result.h"

namespace fairlead::agent {

// Where the file of one instance is on the node.
std::string last_words_path(const NodeFacts& node, const std::string& uid, const std::string& container,
                            uint32_t attempt);
std::string container_log_path(const NodeFacts& node, const std::string& uid, const std::string& container,
                               uint32_t attempt);

// The empty file, which every user of the container may write.
Result<> make_last_words(const std::string& path);
// The end of the file, at most 4096 bytes; when that is empty, of the log unless `log_path` is empty.
std::string last_words(const std::string& path, const std::string& log_path);

// What the last 80 lines of a log in CRI's format ("TIME stdout F text") say, at most 2048 bytes. Pure.
std::string log_tail(std::string_view log);

}  // namespace fairlead::agent
