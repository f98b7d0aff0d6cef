// Whether the cluster DNS answers where pods ask it: a real question to the Service's address from inside a node.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::up {

// Asks for the A record of kubernetes.default.svc.cluster.local and waits a moment for the answer. Retry while false.
rt::Task<bool> dns_answers(rt::Loop& loop, int netns_fd, IpAddress server);

// Pure parts (RFC 1035, section 4).
std::string encode_question(uint16_t id, std::string_view name);
// A response without error that has at least one answer.
bool is_good_answer(std::string_view message, uint16_t id);

}  // namespace fairlead::up
