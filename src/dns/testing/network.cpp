#include "dns/testing/network.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "rt/time.h"

namespace fairlead::dns::testing {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using Bytes = std::vector<uint8_t>;

namespace {

constexpr auto kUse = asio::as_tuple(asio::use_awaitable);

asio::ip::address loopback_or(const IpAddress& a) {
  if (a.is_v4()) return asio::ip::address_v4(a.v4_host_order());
  return asio::ip::address_v6(a.bytes());
}

rt::Task<Bytes> exchange(Endpoint server, Bytes request) {
  const auto executor = co_await asio::this_coro::executor;
  udp::socket socket(executor);
  const udp::endpoint to(loopback_or(server.address), server.port);
  socket.open(to.protocol());
  socket.connect(to);
  socket.send(asio::buffer(request));
  Bytes answer(kMaxMessage);
  const auto [error, n] = co_await socket.async_receive(asio::buffer(answer), kUse);
  if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
  answer.resize(error ? 0 : n);
  co_return answer;
}

}  // namespace

struct FakeUpstream::Sockets {
  explicit Sockets(rt::Loop& loop)
      : udp_socket(loop.executor(), udp::endpoint(asio::ip::address_v4::loopback(), 0)),
        acceptor(loop.executor(), tcp::endpoint(asio::ip::address_v4::loopback(), udp_socket.local_endpoint().port())) {
  }
  udp::socket udp_socket;
  tcp::acceptor acceptor;
};

FakeUpstream::FakeUpstream(rt::Loop& loop, Answer answer)
    : answer_(std::move(answer)), sockets_(std::make_unique<Sockets>(loop)), tasks_(loop) {
  tasks_.spawn("udp", serve_udp());
  tasks_.spawn("tcp", serve_tcp());
}

FakeUpstream::~FakeUpstream() = default;

Endpoint FakeUpstream::endpoint() const {
  return {IpAddress::v4(INADDR_LOOPBACK), sockets_->udp_socket.local_endpoint().port()};
}

std::optional<Bytes> FakeUpstream::reply(std::span<const uint8_t> request, bool over_tcp) {
  Query query;
  if (Query::parse(request, query) != Query::Verdict::kOk) return std::nullopt;
  if (query.question.type != RecordType::kHinfo) {
    asked.push_back(fmt::format("{} {} {}", over_tcp ? "tcp" : "udp", query.question.name.to_string(),
                                to_string(query.question.type)));
  }
  const auto message = answer_(query, over_tcp);
  if (!message) return std::nullopt;
  auto bytes = message->write();
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

rt::Task<> FakeUpstream::serve_udp() {
  Bytes buffer(4096);
  udp::endpoint from;
  for (;;) {
    const auto [error, n] = co_await sockets_->udp_socket.async_receive_from(asio::buffer(buffer), from, kUse);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    const auto answer = reply({buffer.data(), n}, false);
    if (answer) sockets_->udp_socket.send_to(asio::buffer(*answer), from);
  }
}

rt::Task<> FakeUpstream::serve_tcp() {
  for (;;) {
    auto [error, socket] = co_await sockets_->acceptor.async_accept(kUse);
    if (error == asio::error::operation_aborted) co_return;
    if (error) continue;
    std::array<uint8_t, 2> length{};
    const auto [length_error, got] = co_await asio::async_read(socket, asio::buffer(length), kUse);
    if (length_error) continue;
    Bytes request(static_cast<size_t>(length[0]) << 8 | length[1]);
    const auto [read_error, n] = co_await asio::async_read(socket, asio::buffer(request), kUse);
    if (read_error) continue;
    (void)got, (void)n;
    const auto answer = reply(request, true);
    if (!answer) continue;
    const Bytes out = framed(*answer);
    const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(out), kUse);
    (void)write_error, (void)written;
  }
}

rt::Task<> FakeUpstream::shutdown() { co_await tasks_.shutdown(); }

Message answer_with(const Query& query, const std::vector<std::string>& addresses, uint32_t ttl) {
  Message m;
  m.header = {.id = query.id, .flags = flag::kResponse | flag::kRecursionDesired | flag::kRecursionAvailable};
  m.questions = {query.question};
  for (const auto& text : addresses) {
    rdata::A a;
    const uint32_t value = IpAddress::parse(text)->v4_host_order();
    for (size_t i = 0; i < 4; ++i) a.address[i] = static_cast<uint8_t>(value >> (24 - 8 * i));
    m.answers.push_back({query.question.name, RecordType::kA, kClassIn, ttl, a});
  }
  if (query.edns) m.edns = Edns{.udp_size = 1232};
  return m;
}

Message failure(const Query& query, Rcode rcode) {
  Message m = answer_with(query, {});
  m.header.flags = static_cast<uint16_t>(m.header.flags | static_cast<uint16_t>(rcode));
  return m;
}

rt::Task<std::optional<Bytes>> udp_exchange(Endpoint server, Bytes request) {
  auto answer = co_await rt::with_timeout(exchange(server, std::move(request)), std::chrono::seconds(5));
  if (answer && answer->empty()) answer.reset();
  co_return answer;
}

rt::Task<std::vector<Bytes>> tcp_exchange(Endpoint server, Bytes bytes, size_t answers) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  std::vector<Bytes> out;
  const tcp::endpoint to(loopback_or(server.address), server.port);
  const auto [connect_error] = co_await socket.async_connect(to, kUse);
  if (connect_error) co_return out;
  const auto [write_error, written] = co_await asio::async_write(socket, asio::buffer(bytes), kUse);
  if (write_error) co_return out;
  while (out.size() < answers) {
    std::array<uint8_t, 2> length{};
    const auto [length_error, got] = co_await asio::async_read(socket, asio::buffer(length), kUse);
    if (length_error) co_return out;
    Bytes message(static_cast<size_t>(length[0]) << 8 | length[1]);
    const auto [read_error, n] = co_await asio::async_read(socket, asio::buffer(message), kUse);
    if (read_error) co_return out;
    (void)written, (void)got, (void)n;
    out.push_back(std::move(message));
  }
  co_return out;
}

Bytes framed(std::span<const uint8_t> message) {
  Bytes out = {static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())};
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

}  // namespace fairlead::dns::testing
