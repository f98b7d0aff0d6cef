#include "dns/upstream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "base/text.h"
#include "rt/time.h"

namespace fairlead::dns {

namespace asio = boost::asio;
using boost::system::error_code;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr auto kUse = asio::as_tuple(asio::use_awaitable);
constexpr int kMaxStrangers = 32;  // datagrams that are not the answer, before the upstream counts as broken

asio::ip::address asio_address(const IpAddress& a) {
  if (a.is_v4()) return asio::ip::address_v4(a.v4_host_order());
  return asio::ip::address_v6(a.bytes());
}

Error unreachable(const Endpoint& upstream, const error_code& e) {
  return {Code::kUnavailable, fmt::format("upstream {}: {}", upstream, e.message()), {}};
}

size_t compose(std::span<uint8_t> buffer, uint16_t id, const UpstreamQuestion& q, bool edns) {
  const auto flags =
      static_cast<uint16_t>(flag::kRecursionDesired | (q.checking_disabled ? flag::kCheckingDisabled : 0));
  return write_query(buffer, id, flags, q.question.name, q.question.type, q.question.klass, edns ? kDefaultUdpSize : 0,
                     q.dnssec_ok);
}

// Whether this is the answer, as far as can be told from ID and question; the rest is store_answer()'s.
bool answers(std::span<const uint8_t> message, uint16_t id, const Question& question) {
  Reader r(message);
  const auto header = Header::read(r);
  if (!r.ok() || header.id != id || (header.flags & flag::kResponse) == 0) return false;
  // A server that could not read the question may leave it out.
  if (header.questions == 0) return (header.flags & flag::kRcodeMask) != 0;
  Name name;
  r.name(name);
  const auto type = static_cast<RecordType>(r.u16());
  return r.ok() && header.questions == 1 && type == question.type && name.equals(question.name);
}

rt::Task<Result<Bytes>> over_udp(Endpoint upstream, UpstreamQuestion q, bool edns) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::udp::socket socket(executor);
  error_code e;
  const asio::ip::udp::endpoint to(asio_address(upstream.address), upstream.port);
  socket.open(to.protocol(), e);
  // Connected, so that the kernel drops what comes from elsewhere and reports refusals; the port is the kernel's
  // choice.
  if (!e) socket.connect(to, e);
  if (e) co_return fail(unreachable(upstream, e));
  std::array<uint8_t, 512> query;
  const auto id = static_cast<uint16_t>(random_u64());
  const size_t size = compose(query, id, q, edns);
  socket.send(asio::buffer(query.data(), size), 0, e);
  if (e) co_return fail(unreachable(upstream, e));
  Bytes answer(4096);
  for (int i = 0; i < kMaxStrangers; ++i) {
    const auto [error, n] = co_await socket.async_receive(asio::buffer(answer), kUse);
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    if (error) co_return fail(unreachable(upstream, error));
    if (!answers({answer.data(), n}, id, q.question)) continue;
    answer.resize(n);
    co_return answer;
  }
  co_return fail(Code::kBadRequest, fmt::format("upstream {}: answers other questions", upstream));
}

rt::Task<Result<Bytes>> over_tcp(Endpoint upstream, UpstreamQuestion q, bool edns) {
  const auto executor = co_await asio::this_coro::executor;
  asio::ip::tcp::socket socket(executor);
  const asio::ip::tcp::endpoint to(asio_address(upstream.address), upstream.port);
  const auto [connect_error] = co_await socket.async_connect(to, kUse);
  if (connect_error == asio::error::operation_aborted) throw boost::system::system_error(connect_error);
  if (connect_error) co_return fail(unreachable(upstream, connect_error));
  std::array<uint8_t, 512> query;
  const auto id = static_cast<uint16_t>(random_u64());
  const size_t size = compose(std::span(query).subspan(2), id, q, edns);
  query[0] = static_cast<uint8_t>(size >> 8);
  query[1] = static_cast<uint8_t>(size);
  const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(query.data(), size + 2), kUse);
  if (write_error == asio::error::operation_aborted) throw boost::system::system_error(write_error);
  if (write_error) co_return fail(unreachable(upstream, write_error));
  std::array<uint8_t, 2> length;
  const auto [length_error, got] = co_await asio::async_read(socket, asio::buffer(length), kUse);
  if (length_error == asio::error::operation_aborted) throw boost::system::system_error(length_error);
  if (length_error) co_return fail(unreachable(upstream, length_error));
  Bytes answer(static_cast<size_t>(length[0]) << 8 | length[1]);
  const auto [read_error, n] = co_await asio::async_read(socket, asio::buffer(answer), kUse);
  if (read_error == asio::error::operation_aborted) throw boost::system::system_error(read_error);
  if (read_error) co_return fail(unreachable(upstream, read_error));
  (void)written, (void)got, (void)n;
  if (!answers(answer, id, q.question)) {
    co_return fail(Code::kBadRequest, fmt::format("upstream {}: answers another question over TCP", upstream));
  }
  co_return answer;
}

rt::Task<Result<Bytes>> ask(Endpoint upstream, UpstreamQuestion q) {
  bool edns = true;
  auto answer = co_await over_udp(upstream, q, edns);
  if (!answer) co_return answer;
  const auto rcode = static_cast<Rcode>((*answer)[3] & flag::kRcodeMask);
  // Servers from before EDNS refuse it (RFC 6891, 7); they are asked in the old way.
  if (rcode == Rcode::kFormErr || rcode == Rcode::kNotImp) {
    edns = false;
    auto plain = co_await over_udp(upstream, q, edns);
    if (!plain) co_return plain;
    answer = std::move(plain);
  }
  if (((*answer)[2] & (flag::kTruncated >> 8)) == 0) co_return answer;
  auto whole = co_await over_tcp(upstream, q, edns);
  // A cut answer is better than none: the client may come over TCP itself, later.
  if (!whole) co_return answer;
  co_return whole;
}

}  // namespace

rt::Task<Result<Bytes>> ask_upstream(Endpoint upstream, UpstreamQuestion question, std::chrono::milliseconds limit) {
  auto answer = co_await rt::with_timeout(ask(upstream, std::move(question)), limit);
  if (!answer) {
    co_return fail(Code::kTimeout, fmt::format("upstream {}: no answer within {} ms", upstream, limit.count()));
  }
  co_return std::move(*answer);
}

}  // namespace fairlead::dns
