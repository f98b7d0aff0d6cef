// A small network of namespaces for tests with real packets: a node that routes, pods behind it, and a client outside
// the cluster. Everything lives in anonymous namespaces and goes with the object.
//
//   client 192.0.2.2 ---- 192.0.2.1 node 10.244.1.1/30 ---- 10.244.1.2  pod 0 "a"
//          2001:db8::2        ::1        10.244.1.5/30 ---- 10.244.1.6  pod 1 "b"
//                                        10.244.1.9/30 ---- 10.244.1.10 pod 2 "c"
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/ip.h"
#include "base/result.h"

namespace fairlead::proxy::conformance {

inline constexpr int kPods = 3;
inline constexpr uint16_t kServerPort = 8080;  // TCP and UDP, on every pod
inline constexpr std::string_view kClusterCidr = "10.244.0.0/16";
inline constexpr std::string_view kClusterCidr6 = "fd00:10:244::/48";

// What a client saw.
struct Answer {
  enum class Kind : uint8_t { kAnswer, kRefused, kTimeout, kOther };
  Kind kind = Kind::kOther;
  std::string from;      // the pod's name
  std::string saw_peer;  // the client's address as the pod saw it
  std::string detail;    // of kOther
  [[nodiscard]] std::string to_string() const;
};

class Lab {
 public:
  // An error (no rights, no namespaces) means that such tests cannot run here.
  static Result<std::unique_ptr<Lab>> create();
  ~Lab();
  Lab(const Lab&) = delete;
  Lab& operator=(const Lab&) = delete;

  [[nodiscard]] int node() const { return node_.get(); }
  [[nodiscard]] int client() const { return client_.get(); }
  [[nodiscard]] int pod(int i) const { return pods_[static_cast<size_t>(i)].get(); }
  [[nodiscard]] IpAddress pod_ip(int i, IpFamily family = IpFamily::kV4) const;
  static std::string pod_name(int i) { return std::string(1, static_cast<char>('a' + i)); }
  [[nodiscard]] IpAddress node_ip(IpFamily family = IpFamily::kV4) const;
  [[nodiscard]] IpAddress client_ip(IpFamily family = IpFamily::kV4) const;
  // A second address of the client's, in the pod range of another node: with it, the client is a pod there.
  [[nodiscard]] IpAddress remote_pod_ip() const { return *IpAddress::parse("10.244.2.2"); }

 private:
  Lab() = default;
  Result<> build();
  Result<> connect_pod(int i);
  Result<> connect_client();
  Result<> serve(int i);

  Fd node_;
  Fd client_;
  std::vector<Fd> pods_;
  std::vector<std::jthread> servers_;
  Fd stop_;
};

inline constexpr std::chrono::milliseconds kPatience{2000};  // for what has to be answered
inline constexpr std::chrono::milliseconds kSilence{400};    // for what must not be

// Connects from a namespace and reads the answer. One connection each.
Answer tcp_ask(int netns, Endpoint to, std::chrono::milliseconds limit = kPatience);
Answer tcp_ask_from(int netns, const IpAddress& source, Endpoint to, std::chrono::milliseconds limit = kPatience);
// A UDP socket that keeps its port, as a resolver does.
class UdpClient {
 public:
  static Result<UdpClient> open(int netns, Endpoint to);
  Answer ask(std::chrono::milliseconds limit = kPatience);

 private:
  explicit UdpClient(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};
Answer udp_ask(int netns, Endpoint to, std::chrono::milliseconds limit = kPatience);
// An ICMP echo request: true when answered.
bool ping(int netns, const IpAddress& to, std::chrono::milliseconds limit = kSilence);

}  // namespace fairlead::proxy::conformance
