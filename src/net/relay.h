// Passing an upgraded connection on: what a proxy does with exec, attach and port-forward. Nothing of the protocol in
// it is understood here; memory is one buffer for each direction, whatever the two ends send.
#pragma once

#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "net/tls_stream.h"
#include "rt/loop.h"

namespace fairlead::net {

// Copies both ways until either end closes or fails. What `backend` sent before it closed still reaches `client`, which
// is given time to read it; what `client` sent before it left may not reach `backend`.
rt::Task<> relay(rt::Loop& loop, Stream& client, Stream& backend);

// Says the end to `client` and reads, to no purpose, until it has closed too: closing while it still sends would make
// the kernel throw away what it has not read yet (RFC 9112, 9.6). Bounded by 15 minutes, Kubernetes' own patience.
rt::Task<> close_gently(Stream& client);

// Sends `request` on as `target`. When `to` switches protocols, so does `response`, and the connection is relayed until
// it ends; any other answer is passed on as it is. An error means that there was no answer and nothing has been sent.
rt::Task<Result<>> relay_upgrade(rt::Loop& loop, HttpClient& to, const HttpRequest& request, std::string target,
                                 ResponseWriter& response);

// Whether the request asks to switch protocols (RFC 9110, 7.8).
bool asks_upgrade(const HttpRequest& request);

// The fields that belong to the message and not to the connection that it came over (RFC 9110, 7.6.1), without the
// credentials of the client; with what an upgrade needs.
Headers forwarded_fields(const Headers& from);

}  // namespace fairlead::net
