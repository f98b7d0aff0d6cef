#include "dns/tcp.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace fairlead::dns {

namespace {

constexpr size_t kReadSize = 16 * 1024;

}  // namespace

TcpConnections::TcpConnections(int epoll, Worker& worker, Handler& handler, RcuDomain::Reader& reader,
                               const Clock& clock, TcpLimits limits)
    : epoll_(epoll),
      worker_(worker),
      handler_(handler),
      reader_(reader),
      clock_(clock),
      limits_(limits),
      buffer_(kMaxMessage + 2) {}

void TcpConnections::accept(int listener) {
  for (int i = 0; i < 64; ++i) {
    SocketAddress from;
    Fd fd(::accept4(listener, from.raw(), &from.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd && (errno == EMFILE || errno == ENFILE) && !by_activity_.empty()) {
      close(connections_.at(by_activity_.front()));
      continue;
    }
    if (!fd) return;
    if (connections_.size() >= limits_.connections) close(connections_.at(by_activity_.front()));
    const int on = 1;
    (void)::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const uint64_t id = next_id_++;
    Connection& c = connections_[id];
    c.fd = std::move(fd);
    c.id = id;
    c.family = from.endpoint().address.is_v4() ? Counters::kV4 : Counters::kV6;
    c.active = clock_.mono();
    c.place = by_activity_.insert(by_activity_.end(), id);
    c.interest = EPOLLIN;
    epoll_event event{.events = EPOLLIN, .data = {.u64 = id}};
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd.get(), &event) != 0) close(c);
  }
}

void TcpConnections::on_event(uint64_t id, uint32_t events, std::vector<ForwardJob>& jobs) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  Connection& c = it->second;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(c);
  if ((events & EPOLLIN) != 0) read(c);
  settle(c, jobs);
}

void TcpConnections::deliver(uint64_t id, std::span<const uint8_t> answer, std::vector<ForwardJob>& jobs) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  Connection& c = it->second;
  if (c.outstanding > 0) --c.outstanding;
  queue(c, answer);
  settle(c, jobs);
}

void TcpConnections::read(Connection& c) {
  while (may_read(c) && c.in.size() < kMaxMessage + 2) {
    const size_t before = c.in.size();
    c.in.resize(before + kReadSize);
    const ssize_t n = ::recv(c.fd.get(), c.in.data() + before, kReadSize, 0);
    c.in.resize(before + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) c.peer_done = true;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) c.peer_done = true;
    if (n < static_cast<ssize_t>(kReadSize)) return;
  }
}

void TcpConnections::answer_all(Connection& c, std::vector<ForwardJob>& jobs) {
  size_t at = 0;
  const RcuDomain::Guard guard(reader_);
  while (c.in.size() - at >= 2 && c.outstanding < limits_.outstanding &&
         c.out.size() - c.out_at < limits_.unsent_bytes) {
    const size_t size = static_cast<size_t>(c.in[at]) << 8 | c.in[at + 1];
    if (c.in.size() - at - 2 < size) break;
    const auto start = clock_.mono();
    const size_t jobs_before = jobs.size();
    const size_t n =
        handler_.handle(std::span(c.in).subspan(at + 2, size), c.family, Counters::kTcp, start, std::span(buffer_),
                        jobs, [&] { return ReplyTo{.worker = &worker_, .connection = c.id}; });
    at += 2 + size;
    touch(c);
    if (jobs.size() > jobs_before) {
      ++c.outstanding;
    } else if (n == 0) {
      c.peer_done = true;  // not a query: whatever follows is not to be trusted either
      at = c.in.size();
    } else {
      queue(c, std::span(buffer_).first(n));
      handler_.counters().duration(clock_.mono() - start);
    }
  }
  c.in.erase(c.in.begin(), c.in.begin() + static_cast<std::ptrdiff_t>(at));
}

void TcpConnections::queue(Connection& c, std::span<const uint8_t> answer) {
  c.out.push_back(static_cast<uint8_t>(answer.size() >> 8));
  c.out.push_back(static_cast<uint8_t>(answer.size()));
  c.out.insert(c.out.end(), answer.begin(), answer.end());
}

void TcpConnections::flush(Connection& c) {
  while (c.out_at < c.out.size()) {
    const ssize_t n = ::send(c.fd.get(), c.out.data() + c.out_at, c.out.size() - c.out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (n < 0) {
      c.peer_done = true;
      c.outstanding = 0;
      c.out_at = c.out.size();
      break;
    }
    c.out_at += static_cast<size_t>(n);
    touch(c);
  }
  c.out.clear();
  c.out_at = 0;
}

void TcpConnections::settle(Connection& c, std::vector<ForwardJob>& jobs) {
  // Sending makes room for questions that had to wait for it.
  for (size_t before = SIZE_MAX; c.in.size() < before;) {
    before = c.in.size();
    flush(c);
    answer_all(c, jobs);
  }
  flush(c);
  const bool unsent = c.out_at < c.out.size();
  // What is left in `in` when the peer has ended is half a question.
  if (c.peer_done && !unsent && c.outstanding == 0) return close(c);
  const uint32_t wanted =
      (may_read(c) ? static_cast<uint32_t>(EPOLLIN) : 0U) | (unsent ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  if (wanted == c.interest) return;
  c.interest = wanted;
  epoll_event event{.events = wanted, .data = {.u64 = c.id}};
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd.get(), &event) != 0) close(c);
}

void TcpConnections::touch(Connection& c) {
  c.active = clock_.mono();
  by_activity_.splice(by_activity_.end(), by_activity_, c.place);
}

void TcpConnections::close(Connection& c) {
  by_activity_.erase(c.place);
  connections_.erase(c.id);
}

void TcpConnections::close_idle() {
  const auto now = clock_.mono();
  while (!by_activity_.empty()) {
    Connection& oldest = connections_.at(by_activity_.front());
    if (now - oldest.active < limits_.idle) return;
    close(oldest);
  }
}

void TcpConnections::close_all() {
  for (auto& [id, c] : connections_) flush(c);
  connections_.clear();
  by_activity_.clear();
}

}  // namespace fairlead::dns
