// Durable single-object creates per second, with many clients, beside etcd: `creates KUBECONFIG ETCD CLIENTS SECONDS
// ROUNDS`. Both sides get the same bytes, from as many concurrent clients, in alternating rounds; medians and their
// ratio are printed. Fairlead is asked over TLS with JSON that it decodes, validates and stores; etcd over plain gRPC
// with bytes that it stores.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/text.h"
#include "etcd_kv.grpc.pb.h"
#include "net/http_client.h"
#include "pki/kubeconfig.h"
#include "rt/task_group.h"

namespace fairlead {
namespace {

using Clock = std::chrono::steady_clock;

std::string lease_json(const std::string& name) {
  return fmt::format(
      R"({{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{{"name":"{}","namespace":"default",)"
      R"("labels":{{"bench":"creates"}}}},"spec":{{"holderIdentity":"{}","leaseDurationSeconds":40}}}})",
      name, std::string(200, 'x'));
}

rt::Task<> one_client(net::HttpClient& http, std::string prefix, Clock::time_point end, uint64_t& done,
                      uint64_t& failed) {
  for (uint64_t i = 0; Clock::now() < end; ++i) {
    net::HttpCall call;
    call.method = "POST";
    call.target = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
    call.headers.set("Content-Type", "application/json");
    call.body = lease_json(fmt::format("{}-{}", prefix, i));
    auto response = co_await http.request(std::move(call));
    if (response && response->status == 201) {
      ++done;
    } else {
      if (failed++ == 0)
        std::fprintf(stderr, "%s\n", response ? response->body.c_str() : response.error().message.c_str());
      co_return;
    }
  }
}

rt::Task<double> fairlead_round(rt::Loop& loop, net::HttpClient& http, int clients, int seconds) {
  uint64_t done = 0;
  uint64_t failed = 0;
  const auto begin = Clock::now();
  rt::TaskGroup group(loop);
  for (int c = 0; c < clients; ++c) {
    group.spawn("client", one_client(http, fmt::format("b{}", random_suffix(8)), begin + std::chrono::seconds(seconds),
                                     done, failed));
  }
  co_await group.join();
  if (failed != 0) std::fprintf(stderr, "fairlead: %lu clients failed\n", static_cast<unsigned long>(failed));
  co_return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - begin).count();
}

double etcd_round(etcdserverpb::KV::Stub& stub, int clients, int seconds) {
  std::atomic<uint64_t> done = 0;
  const auto begin = Clock::now();
  std::vector<std::thread> threads;
  for (int c = 0; c < clients; ++c) {
    threads.emplace_back([&, prefix = random_suffix(8)] {
      for (uint64_t i = 0; Clock::now() < begin + std::chrono::seconds(seconds); ++i) {
        const auto name = fmt::format("{}-{}", prefix, i);
        etcdserverpb::PutRequest request;
        request.set_key("/registry/leases/default/" + name);
        request.set_value(lease_json(name));
        etcdserverpb::PutResponse response;
        grpc::ClientContext context;
        if (!stub.Put(&context, request, &response).ok()) return;
        ++done;
      }
    });
  }
  for (auto& t : threads) t.join();
  return static_cast<double>(done) / std::chrono::duration<double>(Clock::now() - begin).count();
}

double median(std::vector<double> v) {
  std::sort(v.begin(), v.end());
  return v[v.size() / 2];
}

int run(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: bench_creates KUBECONFIG ETCD-HOST:PORT|none CLIENTS SECONDS ROUNDS\n");
    return 2;
  }
  const int clients = std::atoi(argv[3]);
  const int seconds = std::atoi(argv[4]);
  const int rounds = std::atoi(argv[5]);
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
  auto http =
      net::HttpClient::create(loop, {.base_url = config->cluster.server, .tls = *tls, .max_idle_connections = 64});
  std::unique_ptr<etcdserverpb::KV::Stub> etcd;
  if (std::string_view(argv[2]) != "none") {
    etcd = etcdserverpb::KV::NewStub(grpc::CreateChannel(argv[2], grpc::InsecureChannelCredentials()));
  }
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int r = 0; r < rounds; ++r) {
    ours.push_back(rt::run(loop, fairlead_round(loop, **http, clients, seconds)));
    if (etcd) theirs.push_back(etcd_round(*etcd, clients, seconds));
    std::printf("round %d: fairlead %.0f/s%s\n", r + 1, ours.back(),
                etcd ? fmt::format(", etcd {:.0f}/s", theirs.back()).c_str() : "");
  }
  std::printf("median of %d: fairlead %.0f creates/s", rounds, median(ours));
  if (etcd) std::printf(", etcd %.0f puts/s, ratio %.2f", median(theirs), median(ours) / median(theirs));
  std::printf(" (%d clients)\n", clients);
  return 0;
}

}  // namespace
}  // namespace fairlead

int main(int argc, char** argv) { return fairlead::run(argc, argv); }
