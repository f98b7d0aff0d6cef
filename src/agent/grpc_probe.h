// A gRPC probe: grpc.health.v1.Health/Check (https://github.com/grpc/grpc/blob/master/doc/health-checking.md).
#pragma once

#include <chrono>
#include <string>

#include "base/ip.h"
#include "base/result.h"
#include "rt/loop.h"

namespace fairlead::agent {

// Success when the server says that `service` (empty: the server as a whole) is SERVING. An error's message is what the
// event Unhealthy shows.
rt::Task<Result<>> grpc_check(rt::Loop& loop, Endpoint server, std::string service, std::chrono::seconds limit);

// The messages, which have one field each: HealthCheckRequest.service and HealthCheckResponse.status. Pure.
std::string encode_health_request(std::string_view service);
Result<int> decode_health_response(std::string_view bytes);
std::string_view health_status_name(int status);

}  // namespace fairlead::agent
