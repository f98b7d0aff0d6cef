#include "dns/worker.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace fairlead::dns {

namespace {

// What epoll's events carry: below TcpConnections::kFirst these, from there on connections.
constexpr uint64_t kWake = 0;
constexpr uint64_t kUdp = 1;
constexpr uint64_t kListener = 1 << 8;

constexpr int kBatches = 16;  // of one socket before the others get their turn

}  // namespace

Result<std::unique_ptr<Worker>> Worker::create(Deps deps, std::vector<Fd> udp, std::vector<Fd> tcp) {
  check(udp.size() < kListener - kUdp && tcp.size() < TcpConnections::kFirst - kListener, "too many listen addresses");
  Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail(last_system_error("epoll_create1"));
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(last_system_error("eventfd"));
  const auto add = [&](int fd, uint64_t tag) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
    return ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) == 0;
  };
  bool ok = add(wake.get(), kWake);
  for (size_t i = 0; i < udp.size(); ++i) ok = ok && add(udp[i].get(), kUdp + i);
  for (size_t i = 0; i < tcp.size(); ++i) ok = ok && add(tcp[i].get(), kListener + i);
  if (!ok) return fail(last_system_error("epoll_ctl"));
  return std::unique_ptr<Worker>(
      new Worker(std::move(deps), std::move(udp), std::move(tcp), std::move(epoll), std::move(wake)));
}

Worker::Worker(Deps deps, std::vector<Fd> udp, std::vector<Fd> tcp, Fd epoll, Fd wake)
    : deps_(std::move(deps)),
      udp_(std::move(udp)),
      tcp_(std::move(tcp)),
      epoll_(std::move(epoll)),
      wake_(std::move(wake)),
      reader_(std::make_unique<RcuDomain::Reader>(deps_.zone.rcu())),
      handler_(deps_.zone, deps_.forwarder, deps_.counters, deps_.handler),
      connections_(std::make_unique<TcpConnections>(epoll_.get(), *this, handler_, *reader_, deps_.clock, deps_.tcp)) {}

Worker::~Worker() { check(!thread_.joinable(), "a DNS worker destroyed while it runs"); }

void Worker::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "dns-worker");
    run();
  });
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

void Worker::run() {
  std::array<epoll_event, 64> events;
  for (;;) {
    // Without connections there is nothing to time out.
    const int timeout = connections_->size() == 0 ? -1 : 500;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout);
    for (int i = 0; i < n; ++i) {
      const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
      if (tag == kWake) {
        take_mail();
      } else if (tag < kListener) {
        serve_udp(udp_[tag - kUdp].get(), kBatches);
      } else if (tag < TcpConnections::kFirst) {
        connections_->accept(tcp_[tag - kListener].get());
      } else {
        connections_->on_event(tag, events[static_cast<size_t>(i)].events, jobs_);
        hand_over();
      }
    }
    connections_->close_idle();
    if (!stopping_.load()) continue;
    // What the kernel has taken for us is ours to answer.
    for (const auto& fd : udp_) {
      while (serve_udp(fd.get(), kBatches)) {
      }
    }
    take_mail();
    connections_->close_all();
    return;
  }
}

bool Worker::serve_udp(int fd, int batches) {
  for (int b = 0; b < batches; ++b) {
    const size_t n = batch_.receive(fd);
    if (n == 0) return false;
    const MonoTime start = deps_.clock.mono();
    size_t answered = 0;
    {
      const RcuDomain::Guard guard(*reader_);
      for (size_t i = 0; i < n; ++i) {
        const auto family = batch_.from(i).raw()->sa_family == AF_INET ? Counters::kV4 : Counters::kV6;
        const size_t size =
            handler_.handle(batch_.request(i), family, Counters::kUdp, start, batch_.reply_buffer(i), jobs_,
                            [&] { return ReplyTo{.worker = this, .fd = fd, .peer = batch_.peer(i)}; });
        if (size == 0) continue;
        batch_.reply(i, size);
        ++answered;
      }
    }
    batch_.send(fd);
    if (answered > 0) deps_.counters.duration((deps_.clock.mono() - start) / static_cast<int64_t>(answered), answered);
    if (!jobs_.empty()) hand_over();
    if (n < UdpBatch::kMessages) return false;
  }
  return true;
}

void Worker::hand_over() {
  if (jobs_.empty()) return;
  deps_.jobs.submit(jobs_);
  // The rest is too much: refused now, so that the client asks elsewhere.
  auto rest = std::move(jobs_);
  jobs_.clear();
  std::array<uint8_t, 512> buffer;
  for (const auto& job : rest) {
    deps_.counters.shed();
    deps_.counters.response(Rcode::kServFail);
    const size_t size = write_error(job.query, Rcode::kServFail, buffer, flag::kRecursionAvailable);
    reply(job.to, std::span(buffer).first(size));
  }
}

void Worker::reply(const ReplyTo& to, std::span<const uint8_t> answer) {
  if (to.connection == 0) {
    send_udp(to.fd, to.peer, answer);
    return;
  }
  bool first = false;
  {
    const std::lock_guard lock(mail_mutex_);
    first = mail_.empty();
    mail_.push_back({to.connection, {answer.begin(), answer.end()}});
  }
  if (first) (void)::eventfd_write(wake_.get(), 1);
}

void Worker::take_mail() {
  eventfd_t count = 0;
  (void)::eventfd_read(wake_.get(), &count);
  std::vector<Late> mail;
  {
    const std::lock_guard lock(mail_mutex_);
    mail.swap(mail_);
  }
  for (const auto& late : mail) connections_->deliver(late.connection, late.bytes, jobs_);
  hand_over();
}

}  // namespace fairlead::dns
