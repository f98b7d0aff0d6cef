#include "apiserver/stream_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "net/relay.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::apiserver {
namespace {

using rt::Task;

constexpr size_t kBuffer = 32 * 1024;
constexpr std::chrono::seconds kUpgradeLimit{30};
constexpr std::chrono::seconds kStreamLimit{30};  // as client-go waits for a stream's reply
constexpr std::string_view kTunnelPrefix = "SPDY/3.1+";

net::HttpCall spdy_call(const net::HttpRequest& request, std::string target, std::string_view protocol) {
  net::HttpCall call;
  call.method = "POST";
  call.target = std::move(target);
  call.headers = net::forwarded_fields(request.headers);
  for (const char* name : {"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol",
                           "Sec-WebSocket-Extensions", "X-Stream-Protocol-Version", "Origin"})
    call.headers.remove(name);
  call.headers.set("Upgrade", "SPDY/3.1");
  call.headers.set("X-Stream-Protocol-Version", protocol);
  call.timeout = kUpgradeLimit;
  return call;
}

// Two tasks write to each end: the one that carries its bytes, and the one that answers its pings.
class Writer {
 public:
  Writer(rt::Loop& loop, net::Stream& stream) : stream_(stream), free_(loop) {}

  // False when the other end is gone.
  Task<bool> write(std::string_view first, std::string_view second = {}) {
    if (first.empty() && second.empty()) co_return true;
    while (busy_) co_await free_.wait();
    busy_ = true;
    const std::array<std::string_view, 2> pieces{first, second};
    const auto written = co_await stream_.write(std::span<const std::string_view>(pieces));
    busy_ = false;
    free_.notify();
    co_return written.has_value();
  }
  Task<> idle() {
    while (busy_) co_await free_.wait();
  }

 private:
  net::Stream& stream_;
  rt::Event free_;
  bool busy_ = false;
};

struct Session {
  Session(rt::Loop& l, net::Stream& c, net::Stream& k)
      : loop(l), client(c), kubelet(k), to_client(l, c), to_kubelet(l, k), changed(l) {}
  rt::Loop& loop;
  net::Stream& client;
  net::Stream& kubelet;
  Writer to_client;
  Writer to_kubelet;
  rt::Event changed;
  bool client_ended = false;
  bool kubelet_ended = false;
  uint16_t close_code = net::kWsNormal;  // what a client is told that broke the protocol
};

// Runs both directions until one has ended; the caller says the last word to the client.
Task<> run_both(Session& session, Task<> from_client, Task<> from_kubelet) {
  rt::TaskGroup pumps(session.loop);
  pumps.spawn("from kubelet", std::move(from_kubelet));
  pumps.spawn("from client", std::move(from_client));
  std::exception_ptr cancelled;
  try {
    while (!session.client_ended && !session.kubelet_ended) co_await session.changed.wait();
    // A frame that is cut in the middle would leave no way to say the last word.
    co_await rt::with_timeout(session.to_client.idle(), kUpgradeLimit);
  } catch (const boost::system::system_error&) {
    cancelled = std::current_exception();
  }
  co_await rt::shield();
  co_await pumps.shutdown();
  session.kubelet.close();
  if (cancelled) std::rethrow_exception(cancelled);
}

// ---- remote commands

struct Commanding : Session {
  Commanding(rt::Loop& l, net::Stream& c, net::Stream& k, StdStreams streams) : Session(l, c, k), command(streams) {}
  RemoteCommand command;
};

// False when the session is over.
Task<bool> take_from_client(Commanding& s, net::WebSocketDecoder& decoder, std::span<char> bytes) {
  std::string to_client;
  std::string to_kubelet;
  for (;;) {
    const auto piece = decoder.next(bytes);
    const auto taken = !piece    ? Result<>(std::unexpected(piece.error()))
                       : !*piece ? Result<>()
                                 : s.command.from_client(**piece, to_client, to_kubelet);
    if (!taken) {
      s.close_code = net::kWsProtocolError;
      co_return false;
    }
    if (!*piece || s.command.client_closed()) break;
  }
  const bool answered = co_await s.to_client.write(to_client);
  if (!answered) co_return false;
  const bool passed = co_await s.to_kubelet.write(to_kubelet);
  co_return passed && !s.command.client_closed();
}

Task<> command_from_client(Commanding& s) {
  while (!s.command.opened()) co_await s.changed.wait();
  net::WebSocketDecoder decoder;
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const auto n = co_await s.client.read_some(buffer);
    if (!n || *n == 0) break;
    const bool more = co_await take_from_client(s, decoder, std::span(buffer).first(*n));
    if (!more) break;
  }
  s.client_ended = true;
  s.changed.notify();
}

Task<bool> take_from_kubelet(Commanding& s, net::SpdyDecoder& decoder, std::string_view bytes) {
  std::string to_client;
  std::string to_kubelet;
  for (;;) {
    const auto event = decoder.next(bytes);
    if (!event) co_return false;
    if (!*event) break;
    s.command.from_kubelet(**event, to_client, to_kubelet);
  }
  s.changed.notify();
  const bool answered = co_await s.to_kubelet.write(to_kubelet);
  if (!answered) co_return false;
  const bool passed = co_await s.to_client.write(to_client);
  co_return passed && !s.command.complete();
}

Task<> command_from_kubelet(Commanding& s) {
  net::SpdyDecoder decoder;
  std::vector<char> buffer(kBuffer);
  const auto deadline = std::chrono::steady_clock::now() + kStreamLimit;
  for (;;) {
    Result<size_t> n = 0;
    if (s.command.opened()) {
      n = co_await s.kubelet.read_some(buffer);
    } else {
      const auto left = deadline - std::chrono::steady_clock::now();
      auto in_time = co_await rt::with_timeout(s.kubelet.read_some(buffer), left);
      if (!in_time) break;
      n = *std::move(in_time);
    }
    if (!n || *n == 0) break;
    const bool more = co_await take_from_kubelet(s, decoder, std::string_view(buffer.data(), *n));
    if (!more) break;
  }
  s.kubelet_ended = true;
  s.changed.notify();
}

Task<> say_farewell(net::Stream& client, api::Status status) {
  const std::string farewell = RemoteCommand::farewell(status);
  const auto said = co_await client.write(farewell);
  if (said) co_await net::close_gently(client);
}

Task<> run_command(rt::Loop& loop, net::Stream& client, net::Stream& kubelet, StdStreams streams) {
  Commanding s(loop, client, kubelet, streams);
  const std::string greeting = s.command.greeting();
  const bool greeted = co_await s.to_client.write(greeting);
  if (!greeted) co_return;
  const std::string streams_wanted = s.command.open();
  const bool opened = co_await s.to_kubelet.write(streams_wanted);
  if (!opened) {
    api::Status status = internal_error("error creating error stream: the kubelet closed the connection");
    co_await say_farewell(client, std::move(status));
    co_return;
  }
  co_await run_both(s, command_from_client(s), command_from_kubelet(s));
  if (s.kubelet_ended) {
    api::Status outcome = s.command.outcome();
    co_await say_farewell(client, std::move(outcome));
    co_return;
  }
  // The client has left, or is told to.
  const std::string close = net::ws_close(s.close_code);
  const auto said = co_await client.write(close);
  if (said) co_await net::close_gently(client);
}

// ---- tunnels

Task<bool> unwrap(Session& s, net::WebSocketDecoder& decoder, std::span<char> bytes) {
  for (;;) {
    const auto piece = decoder.next(bytes);
    if (!piece) {
      s.close_code = net::kWsProtocolError;
      co_return false;
    }
    if (!*piece) co_return true;
    bool more = true;
    switch ((*piece)->opcode) {
      case net::WsOpcode::kClose:
        co_return false;
      case net::WsOpcode::kPing: {
        const std::string pong = net::ws_frame(net::WsOpcode::kPong, (*piece)->bytes);
        more = co_await s.to_client.write(pong);
        break;
      }
      case net::WsOpcode::kPong:
        break;
      default:
        more = co_await s.to_kubelet.write((*piece)->bytes);
        break;
    }
    if (!more) co_return false;
  }
}

Task<> tunnel_from_client(Session& s) {
  net::WebSocketDecoder decoder;
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const auto n = co_await s.client.read_some(buffer);
    if (!n || *n == 0) break;
    const bool more = co_await unwrap(s, decoder, std::span(buffer).first(*n));
    if (!more) break;
  }
  s.client_ended = true;
  s.changed.notify();
}

Task<> tunnel_from_kubelet(Session& s) {
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const auto n = co_await s.kubelet.read_some(buffer);
    if (!n || *n == 0) break;
    const std::string header = net::ws_header(net::WsOpcode::kBinary, *n);
    const bool more = co_await s.to_client.write(header, std::string_view(buffer.data(), *n));
    if (!more) break;
  }
  s.kubelet_ended = true;
  s.changed.notify();
}

}  // namespace

rt::Task<Result<>> serve_remote_command(rt::Loop& loop, net::HttpClient& kubelet, const net::HttpRequest& request,
                                        std::string target, StdStreams streams, net::ResponseWriter& response) {
  FL_CO_TRY(net::Headers handshake, net::ws_handshake(request.headers, kRemoteCommandV5));
  const auto client = co_await response.upgrade(std::move(handshake));
  if (!client) co_return Result<>{};
  auto call = spdy_call(request, std::move(target), "v4.channel.k8s.io");
  const auto upgraded = co_await kubelet.upgrade(std::move(call));
  if (upgraded && upgraded->stream) {
    co_await run_command(loop, **client, *upgraded->stream, streams);
    co_return Result<>{};
  }
  const std::string why = upgraded ? fmt::format("unable to upgrade connection: {}", trim(upgraded->response.body))
                                   : fmt::format("error dialing backend: {}", upgraded.error().message);
  api::Status status = internal_error(why);
  co_await say_farewell(**client, std::move(status));
  co_return Result<>{};
}

std::string tunnel_protocol(const net::Headers& request) {
  for (std::string& protocol : net::ws_protocols(request)) {
    if (protocol.starts_with(kTunnelPrefix) && protocol.ends_with(".k8s.io")) return std::move(protocol);
  }
  return {};
}

rt::Task<Result<>> serve_tunnel(rt::Loop& loop, net::HttpClient& kubelet, const net::HttpRequest& request,
                                std::string target, std::string protocol, net::ResponseWriter& response) {
  FL_CO_TRY(net::Headers handshake, net::ws_handshake(request.headers, protocol));
  auto call = spdy_call(request, std::move(target), protocol.substr(kTunnelPrefix.size()));
  FL_CO_TRY(auto upgraded, co_await kubelet.upgrade(std::move(call)));
  if (!upgraded.stream) {
    net::Headers headers = net::forwarded_fields(upgraded.response.headers);
    (void)co_await response.send(upgraded.response.status, std::move(headers), std::move(upgraded.response.body));
    co_return Result<>{};
  }
  const auto client = co_await response.upgrade(std::move(handshake));
  if (!client) co_return Result<>{};
  Session session(loop, **client, *upgraded.stream);
  co_await run_both(session, tunnel_from_client(session), tunnel_from_kubelet(session));
  const std::string close = net::ws_close(session.close_code);
  const auto said = co_await (*client)->write(close);
  if (said) co_await net::close_gently(**client);
  co_return Result<>{};
}

}  // namespace fairlead::apiserver
