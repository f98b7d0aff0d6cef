// The kubelet's HTTPS API of this node, as far as API servers call it: /containerLogs, /exec, /attach, /portForward,
// /pods, /healthz. The runtime's own streaming server does the streaming; its connections are passed through as bytes.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "api/kinds/pod.h"
#include "net/http_server.h"
#include "net/url.h"
#include "rt/blocking.h"

namespace fairlead::agent {

// What the API asks of the agent.
class KubeletHost {
 public:
  using PodPtr = std::shared_ptr<const api::Pod>;
  virtual ~KubeletHost() = default;
  // Null when this node has no such pod.
  [[nodiscard]] virtual PodPtr find_pod(std::string_view ns, std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<PodPtr> all_pods() const = 0;
};

class KubeletApi {
 public:
  // Everything is borrowed.
  KubeletApi(rt::Loop& loop, Cri& cri, const Clock& clock, rt::BlockingPool& pool, KubeletHost& host)
      : loop_(loop), cri_(cri), clock_(clock), pool_(pool), host_(host) {}

  // One request. Only cluster administrators and the API server's own client may ask.
  rt::Task<> handle(net::HttpRequest request, net::ResponseWriter& response);

 private:
  // The parts of the path, and the query, both decoded.
  struct Call {
    std::vector<std::string> parts;
    net::Query query;
  };
  using PodPtr = KubeletHost::PodPtr;

  rt::Task<Result<>> route(const net::HttpRequest& request, net::ResponseWriter& response);
  rt::Task<Result<>> logs(Call call, net::ResponseWriter& response);
  rt::Task<Result<>> exec(Call call, const net::HttpRequest& request, net::ResponseWriter& response);
  rt::Task<Result<>> attach(Call call, const net::HttpRequest& request, net::ResponseWriter& response);
  rt::Task<Result<>> port_forward(Call call, const net::HttpRequest& request, net::ResponseWriter& response);
  rt::Task<Result<>> pods(net::ResponseWriter& response);

  rt::Task<Result<std::string>> running_container(PodPtr pod, std::string name);
  rt::Task<Result<>> pass_on(std::string url, const net::HttpRequest& request, net::ResponseWriter& response);

  rt::Loop& loop_;
  Cri& cri_;
  const Clock& clock_;
  rt::BlockingPool& pool_;
  KubeletHost& host_;
};

}  // namespace fairlead::agent
