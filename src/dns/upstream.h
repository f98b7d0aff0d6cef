// One question to one upstream resolver: over UDP from a socket of its own, so that port and ID are random (RFC 5452),
// and over TCP when the answer was cut.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "dns/message.h"
#include "rt/loop.h"

namespace fairlead::dns {

struct UpstreamQuestion {
  Question question;
  bool dnssec_ok = false;
  bool checking_disabled = false;
};

// The answer as received, its ID and question checked. kTimeout after `limit`; kUnavailable when the upstream cannot be
// reached; kBadRequest for an answer that makes no sense. Errors name the upstream.
rt::Task<Result<std::vector<uint8_t>>> ask_upstream(Endpoint upstream, UpstreamQuestion question,
                                                    std::chrono::milliseconds limit);

}  // namespace fairlead::dns
