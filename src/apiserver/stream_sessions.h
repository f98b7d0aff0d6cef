// Sessions with clients that speak WebSocket, from the handshake to the end: remote commands, translated, and the
// tunnel that carries port-forward's SPDY as it is.
#pragma once

#include <string>

#include "apiserver/remote_command.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "rt/loop.h"

namespace fairlead::apiserver {

inline constexpr const char* kRemoteCommandV5 = "v5.channel.k8s.io";

// `target` is the kubelet's path and query. An error means that nothing has been sent.
rt::Task<Result<>> serve_remote_command(rt::Loop& loop, net::HttpClient& kubelet, const net::HttpRequest& request,
                                        std::string target, StdStreams streams, net::ResponseWriter& response);

// What the client calls `protocol` (SPDY/3.1+portforward.k8s.io) is SPDY/3.1 in the payload of its messages.
rt::Task<Result<>> serve_tunnel(rt::Loop& loop, net::HttpClient& kubelet, const net::HttpRequest& request,
                                std::string target, std::string protocol, net::ResponseWriter& response);

// The client's choice of a protocol that serve_tunnel() knows; empty when it offers none.
std::string tunnel_protocol(const net::Headers& request);

}  // namespace fairlead::apiserver
