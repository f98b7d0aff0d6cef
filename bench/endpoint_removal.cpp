// From the API's answer to a pod's deletion until its address is gone from every node's rules:
//   bench_endpoint_removal KUBECONFIG LABEL-SELECTOR COUNT NETNS...
// Each node's namespace is listened to for the kernel's own notice of a committed ruleset (NFNLGRP_NFTABLES); after
// each, the rules are read back. The time of the notice that removed the address counts. Needs iptables in its nft
// variant.
#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "net/http_client.h"
#include "net/netns.h"
#include "pki/kubeconfig.h"
#include "rt/time.h"

namespace fairlead {
namespace {

using Clock = std::chrono::steady_clock;

bool rules_have(const std::string& address) {
  FILE* pipe = popen("iptables-save -t nat 2>/dev/null", "r");
  if (pipe == nullptr) return true;
  std::string text;
  char buffer[8192];
  while (const size_t n = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  pclose(pipe);
  return text.find(address + ":") != std::string::npos || text.find(address + "/32") != std::string::npos;
}

// Waits, inside the namespace, until the address is gone; `when` is the time of the commit that removed it.
void watch_node(const std::string& netns, const std::string& address, std::atomic<int>& listening,
                Clock::time_point& when, bool& gone) {
  auto fd = net::open_netns(netns);
  if (!fd) return;
  (void)net::in_netns(fd->get(), [&]() -> Result<> {
    Fd socket_fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
    sockaddr_nl self{};
    self.nl_family = AF_NETLINK;
    if (::bind(socket_fd.get(), reinterpret_cast<sockaddr*>(&self), sizeof self) != 0)
      return fail(last_system_error("bind"));
    const int group = NFNLGRP_NFTABLES;
    ::setsockopt(socket_fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group);
    ++listening;
    const auto end = Clock::now() + std::chrono::seconds(10);
    while (Clock::now() < end) {
      pollfd p{socket_fd.get(), POLLIN, 0};
      if (::poll(&p, 1, 1000) <= 0) continue;
      char buffer[65536];
      while (::recv(socket_fd.get(), buffer, sizeof buffer, MSG_DONTWAIT) > 0) {
      }
      const auto seen = Clock::now();
      if (!rules_have(address)) {
        when = seen;
        gone = true;
        return {};
      }
    }
    return {};
  });
}

struct Pod {
  std::string name;
  std::string address;
};

rt::Task<std::vector<Pod>> ready_pods(net::HttpClient& http, std::string selector) {
  std::vector<Pod> pods;
  net::HttpCall call;
  call.target = "/api/v1/namespaces/default/pods?labelSelector=" + selector;
  auto response = co_await http.request(std::move(call));
  if (!response || response->status != 200) co_return pods;
  const auto list = boost::json::parse(response->body);
  for (const auto& item : list.at("items").as_array()) {
    if (item.at("metadata").as_object().contains("deletionTimestamp")) continue;
    const auto* conditions = item.at("status").as_object().if_contains("conditions");
    if (conditions == nullptr || !conditions->is_array()) continue;
    for (const auto& c : conditions->as_array()) {
      if (c.at("type") == "Ready" && c.at("status") == "True") {
        pods.push_back({std::string(item.at("metadata").at("name").as_string()),
                        std::string(item.at("status").at("podIP").as_string())});
      }
    }
  }
  co_return pods;
}

rt::Task<int> measure(net::HttpClient& http, std::string selector, int count, std::vector<std::string> nodes) {
  std::vector<double> milliseconds;
  const auto first = co_await ready_pods(http, selector);
  const size_t wanted = first.size();
  if (wanted == 0) {
    std::fprintf(stderr, "no ready pod matches %s\n", selector.c_str());
    co_return 1;
  }
  int missed = 0;
  for (int i = 0; i < count; ++i) {
    auto pods = co_await ready_pods(http, selector);
    for (int tries = 0; pods.size() < wanted && tries < 200; ++tries) {
      co_await rt::sleep(std::chrono::milliseconds(50));
      pods = co_await ready_pods(http, selector);
    }
    co_await rt::sleep(std::chrono::milliseconds(300));  // until every node has the replacement's rules
    const auto victim = pods.front();
    std::atomic<int> listening = 0;
    std::vector<Clock::time_point> when(nodes.size());
    std::unique_ptr<bool[]> gone(new bool[nodes.size()]());
    std::vector<std::thread> threads;
    for (size_t n = 0; n < nodes.size(); ++n) {
      threads.emplace_back([&, n] { watch_node(nodes[n], victim.address, listening, when[n], gone[n]); });
    }
    while (listening < static_cast<int>(nodes.size())) co_await rt::sleep(std::chrono::milliseconds(1));
    net::HttpCall call;
    call.method = "DELETE";
    call.target = "/api/v1/namespaces/default/pods/" + victim.name;
    const auto response = co_await http.request(std::move(call));
    const auto answered = Clock::now();
    for (auto& t : threads) t.join();
    if (!response || response->status != 200) ++missed;
    for (size_t n = 0; n < nodes.size(); ++n) {
      if (!gone[n]) {
        ++missed;
        continue;
      }
      milliseconds.push_back(std::max(0.0, std::chrono::duration<double, std::milli>(when[n] - answered).count()));
    }
  }
  if (milliseconds.empty()) co_return 1;
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto at = [&](double q) {
    return milliseconds[std::min(milliseconds.size() - 1,
                                 static_cast<size_t>(q * static_cast<double>(milliseconds.size())))];
  };
  std::printf(
      "pod deleted -> gone from a node's rules: p50 %.1f ms, p90 %.1f ms, p99 %.1f ms, max %.1f ms (%zu samples on %zu "
      "nodes, %d missed)\n",
      at(0.5), at(0.9), at(0.99), milliseconds.back(), milliseconds.size(), nodes.size(), missed);
  co_return missed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: bench_endpoint_removal KUBECONFIG LABEL-SELECTOR COUNT NETNS...\n");
    return 2;
  }
  auto file = pki::load_kubeconfig(argv[1]);
  auto config = file ? pki::select_context(*file) : Result<pki::ClusterAccess>(std::unexpected(file.error()));
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message.c_str());
    return 1;
  }
  auto tls = net::TlsContext::client({.ca_pem = config->cluster.ca_pem,
                                      .certificate_pem = config->user.certificate_pem,
                                      .key_pem = config->user.key_pem});
  if (!tls) {
    std::fprintf(stderr, "%s\n", tls.error().message.c_str());
    return 1;
  }
  rt::Loop loop;
  auto http = net::HttpClient::create(loop, {.base_url = config->cluster.server, .tls = *tls});
  return rt::run(loop, measure(**http, argv[2], std::atoi(argv[3]), std::vector<std::string>(argv + 4, argv + argc)));
}

}  // namespace
}  // namespace fairlead

int main(int argc, char** argv) { return fairlead::run(argc, argv); }
