// The program of the image localhost/web:1: tells who answered. One thread, epoll, no dependencies, static.
//
//   GET /            line 1 the pod's name, line 2 the address this connection arrived at, line 3 the client's address
//   GET /healthz     200 while the process runs
//   GET /ready       200, or 503 after SIGTERM or while the file /tmp/unready exists
//   GET /slow?ms=N   the three lines after N milliseconds
//   GET /bytes?n=N   N bytes
//   UDP datagram     the three lines, from the same port
//
// Environment: PORT (80), POD_NAME (the host name), DRAIN_MS (0). On SIGTERM the program goes on serving for DRAIN_MS,
// telling keep-alive clients to reconnect, then finishes the requests it has, closes idle connections in order and
// exits with 0.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Time = std::chrono::steady_clock::time_point;
constexpr size_t kMaxHead = 64 * 1024;
constexpr size_t kMaxBytes = 1UL << 30;
constexpr auto kLinger = std::chrono::seconds(1);

Time now() { return std::chrono::steady_clock::now(); }

std::string environment(const char* name, std::string fallback) {
  const char* value = getenv(name);
  return value != nullptr && *value != 0 ? value : std::move(fallback);
}

struct Address {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
};

// 10.0.0.1:80 or [fd00::1]:80; a v4-mapped address is shown as the v4 address it is.
std::string text_of(const Address& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
  const std::string port = ":" + std::to_string(ntohs(v6.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
    return text + port;
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return "[" + std::string(text) + "]" + port;
}

[[noreturn]] void die(const std::string& what) {
  fprintf(stderr, "web: %s: %s\n", what.c_str(), strerror(errno));
  exit(1);
}

// A dual-stack socket, or IPv4 alone where the kernel has no IPv6.
int open_socket(int type, uint16_t port, bool& v6) {
  int fd = v6 ? socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) : -1;
  if (fd < 0) v6 = false;
  if (!v6) fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  const int on = 1;
  const int off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (type == SOCK_DGRAM) {
    if (v6) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
    if (!v6) setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
  }
  Address address;
  if (v6) {
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    auto& a = reinterpret_cast<sockaddr_in6&>(address.storage);
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(port);
    address.length = sizeof(a);
  } else {
    auto& a = reinterpret_cast<sockaddr_in&>(address.storage);
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    address.length = sizeof(a);
  }
  if (bind(fd, address.raw(), address.length) < 0) {
    if (v6 && errno == EADDRNOTAVAIL) {
      close(fd);
      v6 = false;
      return open_socket(type, port, v6);
    }
    die("bind port " + std::to_string(port));
  }
  if (type == SOCK_STREAM && listen(fd, 4096) < 0) die("listen");
  return fd;
}

struct Request {
  std::string target;
  bool head = false;
  bool keep_alive = true;
  size_t length = 0;  // of head and body together
};

enum class Parsed { kIncomplete, kBad, kDone };

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

Parsed parse(const std::string& in, Request& request) {
  const size_t end = in.find("\r\n\r\n");
  if (end == std::string::npos) return in.size() > kMaxHead ? Parsed::kBad : Parsed::kIncomplete;
  const std::string_view head(in.data(), end);
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const size_t first = line.find(' ');
  const size_t second = line.find(' ', first + 1);
  if (first == std::string_view::npos || second == std::string_view::npos) return Parsed::kBad;
  const std::string_view version = line.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return Parsed::kBad;
  request.target = line.substr(first + 1, second - first - 1);
  request.head = line.substr(0, first) == "HEAD";
  request.keep_alive = version == "HTTP/1.1";
  size_t body = 0;
  for (size_t at = line.size() + 2; at < head.size();) {
    size_t stop = head.find("\r\n", at);
    if (stop == std::string_view::npos) stop = head.size();
    const std::string_view field = head.substr(at, stop - at);
    at = stop + 2;
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos) return Parsed::kBad;
    std::string_view value = field.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    if (same_word(field.substr(0, colon), "connection")) {
      if (same_word(value, "close")) request.keep_alive = false;
      if (same_word(value, "keep-alive")) request.keep_alive = true;
    } else if (same_word(field.substr(0, colon), "content-length")) {
      body = strtoull(std::string(value).c_str(), nullptr, 10);
      if (body > kMaxBytes) return Parsed::kBad;
    } else if (same_word(field.substr(0, colon), "transfer-encoding")) {
      return Parsed::kBad;
    }
  }
  request.length = end + 4 + body;
  return in.size() < request.length ? Parsed::kIncomplete : Parsed::kDone;
}

size_t query_number(std::string_view target, std::string_view key) {
  const size_t at = target.find("?" + std::string(key) + "=");
  return at == std::string_view::npos ? 0
                                      : strtoull(std::string(target.substr(at + key.size() + 2)).c_str(), nullptr, 10);
}

class Web {
 public:
  Web(uint16_t port, std::string name, std::chrono::milliseconds drain) : name_(std::move(name)), drain_(drain) {
    bool v6 = true;
    listener_ = open_socket(SOCK_STREAM, port, v6);
    datagrams_ = open_socket(SOCK_DGRAM, port, v6);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    signal(SIGPIPE, SIG_IGN);
    signals_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    for (const int fd : {listener_, datagrams_, signals_}) watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }

  void run() {
    while (!finished()) {
      epoll_event events[128];
      const int n = epoll_wait(epoll_, events, 128, wait_ms());
      for (int i = 0; i < n; ++i) dispatch(events[i].data.fd, events[i].events);
      on_time();
    }
  }

 private:
  struct Connection {
    std::string in;
    std::string out;
    size_t sent = 0;
    uint64_t id = 0;
    bool waiting = false;  // for the time of /slow
    bool closing = false;  // close after `out`
    bool shut = false;     // our side is closed; reading what the client still sends
  };
  struct Timer {
    Time at;
    int fd;
    uint64_t id;
    enum class What { kAnswer, kClose } what;
    bool operator<(const Timer& other) const { return at > other.at; }
  };

  void watch(int op, int fd, uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    epoll_ctl(epoll_, op, fd, &event);
  }

  [[nodiscard]] bool finished() const { return stopped_ && connections_.empty(); }

  [[nodiscard]] int wait_ms() const {
    Time next = Time::max();
    if (!timers_.empty()) next = timers_.top().at;
    if (terminating_ && !stopped_) next = std::min(next, stop_at_);
    if (next == Time::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now()).count();
    return static_cast<int>(std::clamp<long>(left, 0, 60'000));
  }

  void dispatch(int fd, uint32_t events) {
    if (fd == listener_) return accept_all();
    if (fd == datagrams_) return answer_datagrams();
    if (fd == signals_) return terminate();
    const auto found = connections_.find(fd);
    if (found == connections_.end()) return;
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !read_some(fd, found->second)) return;
    progress(fd);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      connections_[fd].id = ++last_id_;
      watch(EPOLL_CTL_ADD, fd, EPOLLIN);
    }
  }

  void terminate() {
    signalfd_siginfo info;
    while (read(signals_, &info, sizeof(info)) == sizeof(info)) {
    }
    if (terminating_) return;
    terminating_ = true;
    stop_at_ = now() + drain_;
  }

  // What is queued for accept() counts as ours: it is accepted before the listener closes.
  void stop() {
    accept_all();
    stopped_ = true;
    close(listener_);
    close(datagrams_);
    std::vector<int> all;
    for (const auto& entry : connections_) all.push_back(entry.first);
    for (const int fd : all) {
      const auto found = connections_.find(fd);
      if (!read_some(fd, found->second)) continue;
      progress(fd);
    }
  }

  void on_time() {
    if (terminating_ && !stopped_ && now() >= stop_at_) stop();
    while (!timers_.empty() && timers_.top().at <= now()) {
      const Timer timer = timers_.top();
      timers_.pop();
      const auto found = connections_.find(timer.fd);
      if (found == connections_.end() || found->second.id != timer.id) continue;
      if (timer.what == Timer::What::kClose) {
        drop(timer.fd);
      } else {
        found->second.waiting = false;
        respond(timer.fd, found->second, slow_[timer.id], 200, lines(timer.fd));
        slow_.erase(timer.id);
        progress(timer.fd);
      }
    }
  }

  void drop(int fd) {
    slow_.erase(connections_[fd].id);
    connections_.erase(fd);
    close(fd);
  }

  // False when the connection is gone.
  bool read_some(int fd, Connection& c) {
    char buffer[16384];
    for (;;) {
      const ssize_t n = read(fd, buffer, sizeof(buffer));
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
      if (n <= 0) {
        // A client that half-closes after its request still gets the answer.
        if (n == 0 && !c.shut && (c.waiting || c.sent < c.out.size())) {
          c.closing = true;
          watch(EPOLL_CTL_MOD, fd, c.sent < c.out.size() ? uint32_t{EPOLLOUT} : 0U);
          return true;
        }
        drop(fd);
        return false;
      }
      if (!c.shut) c.in.append(buffer, static_cast<size_t>(n));
      if (c.in.size() > kMaxHead + kMaxBytes) {
        drop(fd);
        return false;
      }
    }
  }

  // Answers complete requests, writes what can be written, and closes what is over.
  void progress(int fd) {
    for (;;) {
      Connection& c = connections_[fd];
      if (c.shut) return;
      if (c.sent == c.out.size() && !c.waiting && !c.closing) {
        Request request;
        const Parsed parsed = parse(c.in, request);
        if (parsed == Parsed::kBad) {
          request.keep_alive = false;
          c.in.clear();
          respond(fd, c, request, 400, "bad request\n");
        } else if (parsed == Parsed::kDone) {
          c.in.erase(0, request.length);
          answer(fd, c, request);
        }
      }
      while (c.sent < c.out.size()) {
        const ssize_t n = send(fd, c.out.data() + c.sent, c.out.size() - c.sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) return watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
        if (n < 0) return drop(fd);
        c.sent += static_cast<size_t>(n);
      }
      const bool answered = !c.out.empty();
      c.out.clear();
      c.sent = 0;
      if (c.waiting) return;
      if (c.closing || (stopped_ && !answered)) return shut(fd, c);
      if (!answered) return watch(EPOLL_CTL_MOD, fd, EPOLLIN);
    }
  }

  // Closes in order: a reset would take answers still on their way with it, so the client closes first, within a limit.
  void shut(int fd, Connection& c) {
    c.shut = true;
    shutdown(fd, SHUT_WR);
    watch(EPOLL_CTL_MOD, fd, EPOLLIN);
    timers_.push({now() + kLinger, fd, c.id, Timer::What::kClose});
  }

  void answer(int fd, Connection& c, const Request& request) {
    const std::string path = request.target.substr(0, request.target.find('?'));
    if (path == "/") return respond(fd, c, request, 200, lines(fd));
    if (path == "/healthz") return respond(fd, c, request, 200, "ok\n");
    if (path == "/ready") {
      const bool ready = !terminating_ && access("/tmp/unready", F_OK) != 0;
      return respond(fd, c, request, ready ? 200 : 503, ready ? "ready\n" : "not ready\n");
    }
    if (path == "/bytes") {
      return respond(fd, c, request, 200, std::string(std::min(query_number(request.target, "n"), kMaxBytes), 'x'));
    }
    if (path == "/slow") {
      c.waiting = true;
      slow_[c.id] = request;
      const auto delay = std::chrono::milliseconds(std::min<size_t>(query_number(request.target, "ms"), 3'600'000));
      timers_.push({now() + delay, fd, c.id, Timer::What::kAnswer});
      return;
    }
    respond(fd, c, request, 404, "not found: " + path + "\n");
  }

  void respond(int, Connection& c, const Request& request, int status, const std::string& body) {
    const bool keep = request.keep_alive && !terminating_;
    const char* reason = status == 200   ? "OK"
                         : status == 400 ? "Bad Request"
                         : status == 404 ? "Not Found"
                                         : "Service Unavailable";
    c.out = "HTTP/1.1 " + std::to_string(status) + " " + reason +
            "\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(body.size()) +
            (keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
    if (!request.head) c.out += body;
    c.closing = c.closing || !keep;
  }

  std::string lines(int fd) {
    Address own;
    Address client;
    getsockname(fd, own.raw(), &own.length);
    getpeername(fd, client.raw(), &client.length);
    return name_ + "\n" + text_of(own) + "\n" + text_of(client) + "\n";
  }

  void answer_datagrams() {
    for (;;) {
      Address client;
      char data[2048];
      alignas(cmsghdr) char control[128];
      iovec part{data, sizeof(data)};
      msghdr message{};
      message.msg_name = client.raw();
      message.msg_namelen = sizeof(client.storage);
      message.msg_iov = &part;
      message.msg_iovlen = 1;
      message.msg_control = control;
      message.msg_controllen = sizeof(control);
      if (recvmsg(datagrams_, &message, 0) < 0) return;
      client.length = message.msg_namelen;
      // The answer leaves from the address the question arrived at, with that address's packet information sent back.
      Address own;
      getsockname(datagrams_, own.raw(), &own.length);
      for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
          auto* info = reinterpret_cast<in6_pktinfo*>(CMSG_DATA(c));
          reinterpret_cast<sockaddr_in6&>(own.storage).sin6_addr = info->ipi6_addr;
          info->ipi6_ifindex = 0;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
          auto* info = reinterpret_cast<in_pktinfo*>(CMSG_DATA(c));
          reinterpret_cast<sockaddr_in&>(own.storage).sin_addr = info->ipi_addr;
          info->ipi_spec_dst = info->ipi_addr;
          info->ipi_ifindex = 0;
        }
      }
      const std::string body = name_ + "\n" + text_of(own) + "\n" + text_of(client) + "\n";
      memcpy(data, body.data(), std::min(body.size(), sizeof(data)));
      part.iov_len = std::min(body.size(), sizeof(data));
      sendmsg(datagrams_, &message, 0);
    }
  }

  std::string name_;
  std::chrono::milliseconds drain_;
  int listener_ = -1;
  int datagrams_ = -1;
  int signals_ = -1;
  int epoll_ = -1;
  std::map<int, Connection> connections_;
  std::map<uint64_t, Request> slow_;
  std::priority_queue<Timer> timers_;
  uint64_t last_id_ = 0;
  bool terminating_ = false;
  bool stopped_ = false;
  Time stop_at_{};
};

}  // namespace

int main() {
  char host[256] = "";
  gethostname(host, sizeof(host) - 1);
  const long port = strtol(environment("PORT", "80").c_str(), nullptr, 10);
  if (port < 1 || port > 65535) {
    fprintf(stderr, "web: PORT: %ld: must be between 1 and 65535\n", port);
    return 2;
  }
  const long drain = strtol(environment("DRAIN_MS", "0").c_str(), nullptr, 10);
  Web web(static_cast<uint16_t>(port), environment("POD_NAME", host), std::chrono::milliseconds(std::max(0L, drain)));
  web.run();
  return 0;
}
