// PodWorker's volumes: made before the first container starts, and kept like the API objects they are made from.
#include "agent/pod_worker.h"
#include "base/log.h"

namespace fairlead::agent {

DownwardFacts PodWorker::downward() const {
  DownwardFacts out;
  out.host_ip = context_.node.ip;
  out.pod_ips = pod_->spec.host_network ? std::vector<std::string>{context_.node.ip} : state_.ips;
  out.node_cpu_milli = context_.node.cpu_milli;
  out.node_memory = context_.node.memory;
  return out;
}

// kUnavailable while the API has not answered yet.
rt::Task<Result<>> PodWorker::set_up_volumes() {
  const auto sources = context_.sources.get(uid_);
  if (!sources) co_return fail(Code::kUnavailable, "waiting for the ConfigMaps and Secrets that the pod refers to");
  if (volumes_) co_return Result<>{};
  const PodPtr pod = pod_;
  FL_CO_TRY(Payloads payloads, volume_payloads(*pod, downward(), *sources));
  const NodeFacts& node = context_.node;
  const WallTime now = context_.clock.now();
  const auto prepare = [&pod, &node, &payloads, now] { return prepare_volumes(*pod, node, payloads, now); };
  FL_CO_TRY(volumes_, co_await rt::blocking(context_.pool, prepare));
  payloads_ = std::move(payloads);
  co_return Result<>{};
}

// An update that fails leaves the files as they were.
rt::Task<> PodWorker::refresh_volumes() {
  // Containers without volumes_ are of an agent before this one.
  if (!volumes_ && state_.containers.empty()) co_return;
  const auto sources = context_.sources.get(uid_);
  if (!sources) co_return;
  const PodPtr pod = pod_;
  auto payloads = volume_payloads(*pod, downward(), *sources);
  if (!payloads) {
    volume_trouble(payloads.error());
    co_return;
  }
  if (payloads->empty() || payloads_ == *payloads) co_return;
  const NodeFacts& node = context_.node;
  const WallTime now = context_.clock.now();
  const auto update = [&pod, &node, &payloads, now] { return update_volumes(*pod, node, *payloads, now); };
  const auto done = co_await rt::blocking(context_.pool, update);
  if (!done) {
    volume_trouble(done.error());
    co_return;
  }
  payloads_ = *std::move(payloads);
}

void PodWorker::volume_trouble(const Error& error) {
  if (error.code == Code::kUnavailable || announced_.contains(error.message)) return;
  announced_[error.message] = true;
  context_.events.warning(*pod_, "FailedMount", error.message);
}

}  // namespace fairlead::agent
