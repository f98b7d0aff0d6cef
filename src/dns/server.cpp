#include "dns/server.h"

#include <mutex>

namespace fairlead::dns {

struct Server::Inbox {
  std::mutex mutex;
  std::vector<ForwardJob> jobs;
  Server* server = nullptr;  // null once it is gone; loop only
};

namespace {

struct Sockets {
  Fd udp;
  Fd tcp;
  Endpoint endpoint;
};

Result<Sockets> bind_both(const Endpoint& endpoint) {
  // A port that is free for UDP may be taken for TCP; with port 0 another is tried.
  for (int tries = 0;; ++tries) {
    FL_TRY(auto udp, bind_udp(endpoint));
    FL_TRY(const auto local, local_endpoint(udp.get()));
    auto tcp = listen_tcp(local);
    if (tcp) return Sockets{std::move(udp), std::move(*tcp), local};
    if (endpoint.port != 0 || tries == 16) return fail(std::move(tcp).error());
  }
}

}  // namespace

Server::Server(rt::Loop& loop, Zone& zone, Forwarder& forwarder, Metrics& metrics, const Clock& clock,
               ServerConfig config)
    : loop_(loop),
      zone_(zone),
      forwarder_(forwarder),
      metrics_(metrics),
      counters_(metrics.add_thread()),
      clock_(clock),
      config_(std::move(config)),
      inbox_(std::make_shared<Inbox>()),
      buffer_(kMaxMessage) {
  inbox_->server = this;
}

Server::~Server() { inbox_->server = nullptr; }

Result<std::unique_ptr<Server>> Server::create(rt::Loop& loop, Zone& zone, Forwarder& forwarder, Metrics& metrics,
                                               const Clock& clock, ServerConfig config) {
  if (config.listen.empty()) return fail(Code::kInvalid, "DNS: no address to listen on");
  auto server = std::unique_ptr<Server>(new Server(loop, zone, forwarder, metrics, clock, std::move(config)));
  server->endpoints_ = server->config_.listen;
  for (size_t w = 0; w < std::max<size_t>(1, server->config_.workers); ++w) {
    std::vector<Fd> udp;
    std::vector<Fd> tcp;
    for (auto& endpoint : server->endpoints_) {
      FL_TRY(auto sockets, bind_both(endpoint));
      endpoint = sockets.endpoint;
      udp.push_back(std::move(sockets.udp));
      tcp.push_back(std::move(sockets.tcp));
    }
    Worker::Deps deps{
        zone, forwarder, *server, metrics.add_thread(), clock, server->config_.handler, server->config_.tcp};
    FL_TRY(auto worker, Worker::create(std::move(deps), std::move(udp), std::move(tcp)));
    server->workers_.push_back(std::move(worker));
  }
  return server;
}

void Server::start() {
  for (auto& worker : workers_) worker->start();
}

void Server::submit(std::vector<ForwardJob>& jobs) {
  bool first = false;
  {
    const std::lock_guard lock(inbox_->mutex);
    first = inbox_->jobs.empty();
    while (!jobs.empty() && inbox_->jobs.size() < config_.max_jobs) {
      inbox_->jobs.push_back(std::move(jobs.back()));
      jobs.pop_back();
    }
    first = first && !inbox_->jobs.empty();
  }
  if (!first) return;
  loop_.post([inbox = inbox_] {
    if (inbox->server) inbox->server->take_jobs();
  });
}

void Server::take_jobs() {
  std::vector<ForwardJob> jobs;
  {
    const std::lock_guard lock(inbox_->mutex);
    jobs.swap(inbox_->jobs);
  }
  for (auto& job : jobs) {
    auto shared = std::make_shared<ForwardJob>(std::move(job));
    Question question = shared->query.question;
    if (!shared->chain.empty()) question.name = shared->chain.back();
    question.klass = kClassIn;
    const bool dnssec_ok = shared->query.edns && shared->query.edns->dnssec_ok;
    const bool unchecked = (shared->query.flags & flag::kCheckingDisabled) != 0;
    forwarder_.ask(question, dnssec_ok, unchecked,
                   [this, shared](const StoredAnswer* answer) { finish(*shared, answer); });
  }
}

void Server::finish(const ForwardJob& job, const StoredAnswer* answer) {
  Rcode rcode = Rcode::kServFail;
  const size_t size = render_job(job, answer, zone_.config().ttl, clock_.mono(), buffer_, rcode);
  counters_.response(rcode);
  counters_.duration(clock_.mono() - job.received);
  job.to.worker->reply(job.to, std::span(buffer_).first(size));
}

rt::Task<> Server::shutdown(std::chrono::milliseconds limit) {
  take_jobs();
  co_await forwarder_.drain(limit);
  co_await forwarder_.shutdown();
  // From here on the forwarder answers at once, so what workers still hand over is answered below.
  for (auto& worker : workers_) worker->stop();
  take_jobs();
  co_return;
}

}  // namespace fairlead::dns
