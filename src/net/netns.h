// Named network namespaces, compatible with ip-netns(8): a bind mount per name under /run/netns.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace fairlead::net {

inline constexpr std::string_view kNetnsDir = "/run/netns";

// kAlreadyExists when the name is taken. The new namespace's loopback is down, as the kernel makes it.
Result<> create_netns(const std::string& name, const std::string& dir = std::string(kNetnsDir));
// Removes the name; the namespace itself goes with its last process. A name that does not exist is not an error.
Result<> delete_netns(const std::string& name, const std::string& dir = std::string(kNetnsDir));
// kNotFound when there is no such name, kInternal when the file is no namespace (left by a reboot or half a creation).
Result<Fd> open_netns(const std::string& name, const std::string& dir = std::string(kNetnsDir));
Result<Fd> open_netns_path(const std::string& path);
Result<Fd> open_own_netns();
Result<std::vector<std::string>> list_netns(const std::string& dir = std::string(kNetnsDir));  // sorted

// A namespace without a name, which lives as long as the descriptor: for tests.
Result<Fd> create_anonymous_netns();

// Calls `fn` on a thread of its own inside the namespace and returns its Result. Blocks the caller: for short system
// calls.
Result<> in_netns(int netns_fd, const std::function<Result<>()>& fn);

// Sets a sysctl of the namespace, never of another: the files under /proc/sys/net show the namespace of the thread that
// opens them. `name` uses slashes: "net/ipv4/ip_forward".
Result<> set_netns_sysctl(int netns_fd, const std::string& name, const std::string& value);
Result<std::string> get_netns_sysctl(int netns_fd, const std::string& name);

}  // namespace fairlead::net
