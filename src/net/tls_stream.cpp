// System calls first, waiting second: every operation is tried at once and only waits for the reactor when the kernel
// says EAGAIN. OpenSSL works on the socket itself through a BIO of ours (send() with MSG_NOSIGNAL), without buffers in
// between.
#include "net/tls_stream.h"

#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace fairlead::net {

namespace asio = rt::asio;
using asio::ip::tcp;

namespace {

constexpr size_t kRecord = 16 * 1024;  // RFC 8446, 5.1: the most that one record carries
constexpr size_t kMaxPieces = 16;

Endpoint endpoint_of(const tcp::endpoint& from) {
  const asio::ip::address a = from.address();
  if (a.is_v4()) return {IpAddress::v4(a.to_v4().to_uint()), from.port()};
  return {IpAddress::v6(a.to_v6().to_bytes()), from.port()};
}

tcp::endpoint endpoint_of(const Endpoint& from) {
  if (from.address.is_v4()) return {asio::ip::address_v4(from.address.v4_host_order()), from.port};
  return {asio::ip::address_v6(from.address.bytes()), from.port};
}

// A peer that vanished (power, cable) is noticed within 30 s when nothing is under way, else within 60 s: watches
// depend on it.
void tune(int fd) {
  const auto set = [fd](int level, int option, int value) { ::setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

std::string subject_part(X509_NAME* name, int index) {
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
  if (size < 0) return {};
  std::string part(reinterpret_cast<char*>(text), static_cast<size_t>(size));
  OPENSSL_free(text);
  return part;
}

}  // namespace

int bio_read(BIO* bio, char* into, int size) {
  auto* stream = static_cast<Stream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t n = ::recv(stream->socket_.native_handle(), into, static_cast<size_t>(size), MSG_DONTWAIT);
  if (n == 0) stream->ended_ = true;
  if (n < 0 && (would_block(errno) || errno == EINTR)) BIO_set_retry_read(bio);
  return static_cast<int>(n);
}

int bio_write(BIO* bio, const char* from, int size) {
  auto* stream = static_cast<Stream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const ssize_t n =
      ::send(stream->socket_.native_handle(), from, static_cast<size_t>(size), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n > 0) stream->written_ += static_cast<uint64_t>(n);
  if (n < 0 && (would_block(errno) || errno == EINTR)) BIO_set_retry_write(bio);
  return static_cast<int>(n);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Stream*>(BIO_get_data(bio))->ended_ ? 1 : 0;
  return 0;
}

namespace {

BIO_METHOD* bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "fairlead socket");
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

}  // namespace

Stream::Stream(tcp::socket socket) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  const tcp::endpoint remote = socket_.remote_endpoint(ignored);
  peer_ = endpoint_of(remote);
  tune(socket_.native_handle());
}

Stream::~Stream() { SSL_free(ssl_); }

rt::Task<Result<std::unique_ptr<Stream>>> Stream::connect(Endpoint to) {
  auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  auto [error] = co_await socket.async_connect(endpoint_of(to), asio::as_tuple(asio::use_awaitable));
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
  if (error) co_return fail(Code::kUnavailable, fmt::format("connect to {}: {}", to, error.message()));
  co_return std::make_unique<Stream>(std::move(socket));
}

Result<> Stream::start_tls(const TlsContext& context, std::string_view host) {
  FL_TRY(ssl_, context.new_session(host));
  BIO* bio = BIO_new(bio_method());
  check(bio != nullptr, "out of memory for a TLS connection");
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  return {};
}

rt::Task<Result<>> Stream::accept_tls(const TlsContext& context) {
  check(context.is_server(), "accept_tls() needs a server's TLS context");
  FL_CO_CHECK(start_tls(context, {}));
  co_return co_await handshake();
}

rt::Task<Result<>> Stream::connect_tls(const TlsContext& context, std::string host) {
  check(!context.is_server(), "connect_tls() needs a client's TLS context");
  FL_CO_CHECK(start_tls(context, host));
  co_return co_await handshake();
}

rt::Task<Result<>> Stream::handshake() {
  for (;;) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    if (result == 1) co_return Result<>();
    FL_CO_TRY(const Step step, ssl_step(result, "TLS handshake"));
    if (step.wait == Wait::kNone) co_return fail(Code::kUnavailable, "TLS handshake: the peer closed the connection");
    co_await wait(step.wait);
  }
}

// What an SSL_* call that did not succeed means. A clean end is {kNone, 0}.
Result<Stream::Step> Stream::ssl_step(int result, std::string_view what) {
  const int system = errno;
  switch (SSL_get_error(ssl_, result)) {
    case SSL_ERROR_WANT_READ:
      return Step{Wait::kRead, 0};
    case SSL_ERROR_WANT_WRITE:
      return Step{Wait::kWrite, 0};
    case SSL_ERROR_ZERO_RETURN:
      return Step{Wait::kNone, 0};
    case SSL_ERROR_SYSCALL:
      failed_ = true;
      if (ended_ || system == 0) return Step{Wait::kNone, 0};
      return fail(Code::kUnavailable, system_error(what, system).message);
    default:
      break;
  }
  failed_ = true;
  const unsigned long code = ERR_get_error();
  const char* text = code != 0 ? ERR_reason_error_string(code) : nullptr;
  std::string reason = text != nullptr ? text : "protocol error";
  if (ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED) {
    reason = fmt::format("certificate of the peer: {}", X509_verify_cert_error_string(SSL_get_verify_result(ssl_)));
  }
  ERR_clear_error();
  return fail(Code::kUnavailable, fmt::format("{}: {}", what, reason));
}

Result<Stream::Step> Stream::read_step(std::span<char> into) {
  if (!unread_.empty()) {
    const size_t n = std::min(into.size(), unread_.size());
    std::copy_n(unread_.begin(), n, into.begin());
    unread_.erase(0, n);
    return Step{Wait::kNone, n};
  }
  if (ssl_ != nullptr) {
    if (failed_) return Step{Wait::kNone, 0};
    ERR_clear_error();
    errno = 0;
    size_t n = 0;
    const int result = SSL_read_ex(ssl_, into.data(), into.size(), &n);
    if (result == 1) return Step{Wait::kNone, n};
    return ssl_step(result, "TLS read");
  }
  for (;;) {
    const ssize_t n = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (n >= 0) return Step{Wait::kNone, static_cast<size_t>(n)};
    if (would_block(errno)) return Step{Wait::kRead, 0};
    if (errno != EINTR) return fail(Code::kUnavailable, last_system_error("read").message);
  }
}

// Moves bytes from the front of `pieces`: one system call, or one record.
Result<Stream::Step> Stream::write_step(std::span<const std::string_view> pieces) {
  if (ssl_ != nullptr) {
    if (failed_) return fail(Code::kUnavailable, "TLS write: the connection has failed");
    // Small pieces travel in one record: a header and a short body cost one record and one system call.
    std::array<char, kRecord> gathered;
    std::string_view record = pieces[0];
    if (record.size() < kRecord && pieces.size() > 1) {
      size_t n = 0;
      for (const std::string_view piece : pieces) {
        const size_t take = std::min(piece.size(), kRecord - n);
        piece.copy(gathered.data() + n, take);
        n += take;
        if (n == kRecord) break;
      }
      record = {gathered.data(), n};
    }
    ERR_clear_error();
    errno = 0;
    size_t n = 0;
    const int result = SSL_write_ex(ssl_, record.data(), record.size(), &n);
    if (result == 1) return Step{Wait::kNone, n};
    FL_TRY(const Step step, ssl_step(result, "TLS write"));
    if (step.wait == Wait::kNone) return fail(Code::kUnavailable, "TLS write: the peer closed the connection");
    return step;
  }
  std::array<iovec, kMaxPieces> vectors;
  const size_t count = std::min(pieces.size(), vectors.size());
  for (size_t i = 0; i < count; ++i) vectors[i] = {const_cast<char*>(pieces[i].data()), pieces[i].size()};
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t n = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      written_ += static_cast<uint64_t>(n);
      return Step{Wait::kNone, static_cast<size_t>(n)};
    }
    if (would_block(errno)) return Step{Wait::kWrite, 0};
    if (errno != EINTR) return fail(Code::kUnavailable, last_system_error("write").message);
  }
}

rt::Task<> Stream::wait(Wait what) {
  without_waiting_ = 0;
  const auto direction = what == Wait::kWrite ? tcp::socket::wait_write : tcp::socket::wait_read;
  auto [error] = co_await socket_.async_wait(direction, asio::as_tuple(asio::use_awaitable));
  // Any other error shows at the system call that comes next.
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
}

// A peer that always has something to say must not keep the others waiting.
rt::Task<> Stream::be_fair() {
  if (++without_waiting_ < 32) co_return;
  without_waiting_ = 0;
  co_await asio::post(asio::use_awaitable);
}

rt::Task<Result<size_t>> Stream::read_some(std::span<char> into) {
  for (;;) {
    FL_CO_TRY(const Step step, read_step(into));
    if (step.wait == Wait::kNone) {
      co_await be_fair();
      co_return step.done;
    }
    co_await wait(step.wait);
  }
}

Result<std::optional<size_t>> Stream::try_read(std::span<char> into) {
  FL_TRY(const Step step, read_step(into));
  if (step.wait == Wait::kNone) return step.done;
  read_wait_ = step.wait;
  return std::nullopt;
}

rt::Task<> Stream::wait_readable() { co_await wait(std::exchange(read_wait_, Wait::kRead)); }

rt::Task<Result<>> Stream::write(std::string_view bytes) {
  const std::array pieces{bytes};
  co_return co_await write(std::span<const std::string_view>(pieces));
}

rt::Task<Result<>> Stream::write(std::span<const std::string_view> given) {
  std::array<std::string_view, kMaxPieces> pieces;
  check(given.size() <= pieces.size(), "too many pieces in one write");
  size_t count = 0;
  for (const std::string_view piece : given) {
    if (!piece.empty()) pieces[count++] = piece;
  }
  std::span<std::string_view> left(pieces.data(), count);
  while (!left.empty()) {
    FL_CO_TRY(const Step step, write_step(left));
    if (step.wait != Wait::kNone) {
      co_await wait(step.wait);
      continue;
    }
    size_t done = step.done;
    while (!left.empty() && done >= left[0].size()) {
      done -= left[0].size();
      left = left.subspan(1);
    }
    if (!left.empty()) {
      left[0].remove_prefix(done);
      co_await be_fair();
    }
  }
  co_return Result<>();
}

void Stream::unread(std::string_view bytes) { unread_.insert(0, bytes); }

void Stream::shutdown_write() {
  if (ssl_ != nullptr && !failed_) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Stream::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::string Stream::alpn() const {
  if (ssl_ == nullptr) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_, &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::shared_ptr<const PeerIdentity> Stream::peer_identity() const {
  if (ssl_ == nullptr || SSL_get_verify_result(ssl_) != X509_V_OK) return nullptr;
  X509* certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr || SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE) return nullptr;
  auto identity = std::make_shared<PeerIdentity>();
  X509_NAME* name = X509_get_subject_name(certificate);
  const int cn = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
  if (cn >= 0) identity->common_name = subject_part(name, cn);
  for (int i = -1; (i = X509_NAME_get_index_by_NID(name, NID_organizationName, i)) >= 0;) {
    identity->organizations.push_back(subject_part(name, i));
  }
  return identity;
}

}  // namespace fairlead::net
