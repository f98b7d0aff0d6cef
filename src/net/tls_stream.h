// A connected stream of bytes, plain or TLS, over a non-blocking socket. What HTTP, upgrades (exec, port-forward) and
// their tests read from and write to. One task may read while another writes; not two of the same. Every wait can be
// cancelled; cancelling a write in the middle leaves the stream unusable.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/ip.h"
#include "base/result.h"
#include "net/tls.h"
#include "rt/loop.h"

struct bio_st;  // OpenSSL's BIO

namespace fairlead::net {

class Stream {
 public:
  explicit Stream(rt::asio::ip::tcp::socket socket);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Connects within the caller's patience (use rt::with_timeout). Errors are kUnavailable and name the address.
  static rt::Task<Result<std::unique_ptr<Stream>>> connect(Endpoint to);

  // Both start a TLS session on the connected socket. The context must be of the same side.
  rt::Task<Result<>> accept_tls(const TlsContext& context);
  rt::Task<Result<>> connect_tls(const TlsContext& context, std::string host);

  // At least one byte, or 0 at the end of the stream. A TLS peer that just closes its socket counts as the end.
  rt::Task<Result<size_t>> read_some(std::span<char> into);
  // Everything, in order. The pieces must stay valid until it returns.
  rt::Task<Result<>> write(std::string_view bytes);
  rt::Task<Result<>> write(std::span<const std::string_view> pieces);
  // What can be read without waiting; nullopt when nothing can, 0 at the end.
  Result<std::optional<size_t>> try_read(std::span<char> into);
  // Waits for the socket to have something (or its end); TLS may still have nothing for the caller.
  rt::Task<> wait_readable();
  // Bytes that the next reads give before anything from the socket.
  void unread(std::string_view bytes);

  // Says the end to the peer (TLS close_notify and FIN); without waiting.
  void shutdown_write();
  void close();

  [[nodiscard]] bool secure() const { return ssl_ != nullptr; }
  [[nodiscard]] std::string alpn() const;  // "" when nothing was negotiated
  [[nodiscard]] std::shared_ptr<const PeerIdentity> peer_identity() const;
  [[nodiscard]] const Endpoint& peer() const { return peer_; }
  // Bytes that went into the kernel so far: what tells a slow write from a stuck one.
  [[nodiscard]] uint64_t bytes_written() const { return written_; }
  [[nodiscard]] int fd() { return socket_.native_handle(); }

 private:
  enum class Wait : uint8_t { kNone, kRead, kWrite };
  struct Step {
    Wait wait = Wait::kNone;  // what to wait for before trying again; kNone: `done` bytes were moved
    size_t done = 0;
  };
  friend int bio_read(bio_st* bio, char* into, int size);
  friend int bio_write(bio_st* bio, const char* from, int size);
  friend long bio_control(bio_st* bio, int command, long number, void* pointer);

  Result<> start_tls(const TlsContext& context, std::string_view host);
  rt::Task<Result<>> handshake();
  Result<Step> ssl_step(int result, std::string_view what);
  Result<Step> read_step(std::span<char> into);
  Result<Step> write_step(std::span<const std::string_view> pieces);
  rt::Task<> wait(Wait what);
  rt::Task<> be_fair();

  rt::asio::ip::tcp::socket socket_;
  Endpoint peer_;
  std::string unread_;
  ssl_st* ssl_ = nullptr;
  uint64_t written_ = 0;
  Wait read_wait_ = Wait::kRead;
  uint8_t without_waiting_ = 0;
  bool ended_ = false;   // the peer's FIN was read
  bool failed_ = false;  // TLS broke; OpenSSL must not be used again
};

}  // namespace fairlead::net
