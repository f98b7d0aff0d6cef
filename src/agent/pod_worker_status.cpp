// PodWorker's voice: what it computes as the pod's status is written by a task of its own, the newest only, so that a
// slow API never keeps a pod from starting.
#include "agent/pod_status.h"
#include "agent/pod_worker.h"
#include "base/log.h"
#include "rt/time.h"

namespace fairlead::agent {

using namespace std::chrono_literals;

void PodWorker::publish() {
  if (!pod_ || gone_) return;
  api::Pod base = *pod_;
  // Transition times go on from what was last said, also while it is on its way.
  if (sent_) base.status = *sent_;
  api::PodStatus status = pod_status(base, state_, context_.node, ending(), context_.clock.now());
  if (status == base.status && !pending_) return;
  if (written_ && status == written_->first && pod_->status == written_->second && !pending_) return;
  pending_ = std::move(status);
  writer_event_.notify();
}

rt::Task<> PodWorker::write_status() {
  for (;;) {
    while (!pending_) co_await writer_event_.wait();
    sent_ = std::exchange(pending_, std::nullopt);
    api::Pod next = *pod_;
    next.status = *sent_;
    auto written = co_await client::update(context_.api, std::move(next), "status");
    if (written) {
      written_.emplace(*std::exchange(sent_, std::nullopt), (*written)->as<api::Pod>().status);
      set_pod(PodPtr(*written, &(*written)->as<api::Pod>()));
      continue;
    }
    const Error& error = written.error();
    sent_.reset();
    if (error.code == Code::kNotFound) {
      // The informer says so too, in its time.
      co_await rt::sleep(100ms);
    } else if (error.code == Code::kConflict) {
      auto latest = co_await context_.api.get(api::kind_of<api::Pod>(), pod_->metadata.namespace_, pod_->metadata.name);
      if (latest && (*latest)->meta().uid == uid_) {
        set_pod(PodPtr(*latest, &(*latest)->as<api::Pod>()));
        publish();
      } else {
        co_await rt::sleep(100ms);
      }
    } else {
      log::warn("pod status not written", {{"pod", api::key_of(pod_->metadata)}, {"error", error.message}});
      co_await rt::sleep(500ms);
      publish();
    }
  }
}

}  // namespace fairlead::agent
