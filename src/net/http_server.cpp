#include "net/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.h"
#include "net/http1_connection.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {

namespace asio = rt::asio;
using asio::ip::tcp;

namespace {

using namespace std::chrono_literals;

Endpoint endpoint_of(const tcp::endpoint& from) {
  const asio::ip::address a = from.address();
  if (a.is_v4()) return {IpAddress::v4(a.to_v4().to_uint()), from.port()};
  return {IpAddress::v6(a.to_v6().to_bytes()), from.port()};
}

Result<tcp::acceptor> listen(rt::Loop& loop, const Endpoint& at, bool reuse_port) {
  const bool v4 = at.address.is_v4();
  const tcp::endpoint local = v4 ? tcp::endpoint(asio::ip::address_v4(at.address.v4_host_order()), at.port)
                                 : tcp::endpoint(asio::ip::address_v6(at.address.bytes()), at.port);
  tcp::acceptor acceptor(loop.executor());
  boost::system::error_code error;
  acceptor.open(local.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && !v4) acceptor.set_option(asio::ip::v6_only(true), error);
  using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  if (!error && reuse_port) acceptor.set_option(ReusePort(true), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(4096, error);
  if (error) return fail(Code::kUnavailable, fmt::format("listen on {}: {}", at, error.message()));
  return acceptor;
}

bool out_of_resources(const boost::system::error_code& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_buffer_space ||
         error == asio::error::no_memory || error == boost::system::errc::too_many_files_open_in_system;
}

class Server final : public HttpServer {
 public:
  Server(rt::Loop& loop, HttpServerConfig config, HttpHandler handler)
      : shared_(loop, std::move(config), std::move(handler)), group_(loop), changed_(loop) {}

  ~Server() override { check(connections_.empty(), "HttpServer destroyed while it serves; shutdown() first"); }

  Result<> open() {
    for (const Endpoint& at : shared_.config.listen) {
      FL_TRY(tcp::acceptor acceptor, listen(shared_.loop, at, shared_.config.reuse_port));
      boost::system::error_code error;
      endpoints_.push_back(endpoint_of(acceptor.local_endpoint(error)));
      acceptors_.push_back(std::move(acceptor));
    }
    for (tcp::acceptor& acceptor : acceptors_) group_.spawn(shared_.config.name + " accept", accept(acceptor));
    group_.spawn(shared_.config.name + " deadlines", sweep());
    return {};
  }

  [[nodiscard]] const std::vector<Endpoint>& endpoints() const override { return endpoints_; }
  [[nodiscard]] size_t connections() const override { return connections_.size(); }

  rt::Task<> shutdown() override {
    co_await rt::shield();
    stopping_ = true;
    boost::system::error_code ignored;
    for (tcp::acceptor& acceptor : acceptors_) acceptor.close(ignored);
    group_.cancel();
    for (auto& connection : connections_) connection.cancel();
    while (!connections_.empty()) co_await changed_.wait();
    co_await group_.join();
  }

 private:
  rt::Task<> accept(tcp::acceptor& acceptor) {
    for (;;) {
      auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
      if (error == asio::error::operation_aborted || stopping_) co_return;
      if (out_of_resources(error)) {
        log::warn("cannot accept", {{"server", shared_.config.name}, {"error", error.message()}});
        if (!shared_.half_open.empty()) shared_.half_open.front()->cancel();
        co_await rt::sleep(50ms);
      } else if (!error) {
        admit(std::move(socket));
      }
    }
  }

  void admit(tcp::socket socket) {
    const HttpLimits& limits = shared_.config.limits;
    if (connections_.size() >= limits.max_connections) {
      log::debug("connection refused: too many", {{"server", shared_.config.name}, {"limit", limits.max_connections}});
      return;
    }
    const auto it = connections_.emplace(connections_.end(), shared_, std::move(socket));
    it->start([this, it] {
      connections_.erase(it);
      changed_.notify();
    });
    if (connections_.size() == 1) changed_.notify();
    while (shared_.half_open.size() > limits.max_half_open) shared_.half_open.front()->cancel();
  }

  // Deadlines are checked in rounds, so that an operation costs a clock reading and no timer.
  rt::Task<> sweep() {
    const HttpLimits& limits = shared_.config.limits;
    const auto shortest = std::min({limits.handshake_timeout, limits.header_timeout, limits.body_timeout,
                                    limits.idle_timeout, limits.write_timeout});
    const auto round = std::clamp<std::chrono::milliseconds>(shortest / 8, 5ms, 1000ms);
    for (;;) {
      while (connections_.empty()) co_await changed_.wait();
      co_await rt::sleep(round);
      const MonoTime now = std::chrono::steady_clock::now();
      for (auto& connection : connections_) connection.sweep(now);
    }
  }

  HttpServerShared shared_;
  std::list<Http1Connection> connections_;
  std::vector<tcp::acceptor> acceptors_;
  std::vector<Endpoint> endpoints_;
  rt::TaskGroup group_;
  rt::Event changed_;
  bool stopping_ = false;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(rt::Loop& loop, HttpServerConfig config, HttpHandler handler) {
  check(!config.listen.empty(), "an HTTP server needs at least one address");
  auto server = std::make_unique<Server>(loop, std::move(config), std::move(handler));
  FL_CHECK(server->open());
  return server;
}

}  // namespace fairlead::net
