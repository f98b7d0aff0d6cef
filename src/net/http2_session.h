// HTTP/2 (RFC 9113) on one accepted connection, after ALPN has chosen it: internal to http1_connection.cpp, which owns
// the socket and hands it over after the handshake. nghttp2 does frames, HPACK and flow control; here are the tasks.
//
// One task reads, one writes, and each request has its handler's. A response goes out as the peer's windows allow; its
// handler waits meanwhile, so what a slow reader holds is its handler and nothing else. Bounded: streams (250, and as
// many handlers again whose client has reset the stream), header and body bytes, bodies of one connection in all,
// resets per second (CVE-2023-44487), bytes waiting for the socket, and the time that each may take.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/http_server.h"
#include "net/tls_stream.h"
#include "rt/event.h"
#include "rt/loop.h"

struct nghttp2_session;

namespace fairlead::net {

struct HttpServerShared;
class Http2Exchange;

class Http2Session {
 public:
  Http2Session(HttpServerShared& shared, Stream& stream, std::shared_ptr<const PeerIdentity> identity);
  ~Http2Session();
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;

  // Serves until either side ends the connection; every handler has ended when it returns. `first_request` is called
  // when a request's header is complete for the first time.
  rt::Task<> run(std::function<void()> first_request);
  // Cancels the handlers, for good; run() then ends after saying so to the peer (GOAWAY).
  void cancel();
  // Ends what has taken too long. False: the connection itself has.
  [[nodiscard]] bool sweep(MonoTime now);

 private:
  friend class Http2Exchange;
  friend struct Http2Callbacks;

  rt::Task<> read();
  rt::Task<> write();
  rt::Task<> end();
  void start_writer();
  // Outside of nghttp2's callbacks: starts the handlers of complete requests, cancels those whose client has left.
  void settle();
  void start_handler(Http2Exchange& exchange);
  void handler_ended(int32_t id);
  void wake() { wake_.notify(); }
  [[nodiscard]] Http2Exchange* find(int32_t id);
  [[nodiscard]] bool finished() const;

  HttpServerShared& shared_;
  Stream& stream_;
  std::shared_ptr<const PeerIdentity> identity_;
  std::function<void()> first_request_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, std::unique_ptr<Http2Exchange>> exchanges_;
  std::vector<int32_t> ready_;    // requests that are complete
  std::vector<int32_t> leaving_;  // streams that were closed while their handler runs
  std::string out_;               // on its way into the socket
  rt::Event wake_;                // the writer's
  rt::Event changed_;             // a handler or the writer has ended
  rt::asio::cancellation_signal writer_signal_;
  size_t buffered_ = 0;  // bytes of bodies of requests that are not complete
  size_t handlers_ = 0;
  MonoTime deadline_;  // of the connection when it is idle
  MonoTime write_deadline_ = MonoTime::max();
  uint64_t written_mark_ = 0;
  uint8_t burst_ = 0;
  bool writing_ = false;  // the writer's task runs
  bool broken_ = false;   // the socket, or the protocol
  bool stopping_ = false;
  bool cancelled_ = false;
};

}  // namespace fairlead::net
