// The world of a controller in tests: an API in memory, a clock that only tests move, and no time that passes.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "api/kinds/deployment.h"
#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "client/memory_api.h"
#include "client/testing.h"
#include "controllers/common/context.h"
#include "controllers/common/pods.h"

namespace fairlead::controllers {

struct ControllerTest : testing::Test {
  FakeClock clock;
  rt::Loop loop;
  client::MemoryApi api{loop, clock};
  client::SharedInformers informers{loop, api, {.first = {}, .longest = {}}};
  client::EventRecorder events{loop, api, clock, "test"};
  rt::TaskGroup group{loop};
  Context context{loop, api, clock, informers, events};

  // After the controllers under test were made.
  void start() {
    for (auto* informer : informers.all()) group.spawn("informer", informer->run());
    group.spawn("events", events.run());
    settle();
  }
  void settle() { client::settle(loop); }
  void TearDown() override { client::stop(loop, group); }

  // What a kubelet would report.
  void make_ready(const api::Pod& pod, const std::string& ip = "10.244.1.1") {
    api::Pod next = *api.find<api::Pod>(pod.metadata.namespace_, pod.metadata.name);
    if (next.spec.node_name.empty()) next.spec.node_name = "node1";
    next.status.phase = "Running";
    next.status.pod_ip = ip;
    next.status.pod_ips = {{ip}};
    api::PodCondition ready;
    ready.type = "Ready";
    ready.status = "True";
    set_condition(next, ready, clock.now());
    api.put(next);
  }
  void make_all_ready() {
    for (const auto& pod : api.all<api::Pod>()) {
      if (!is_ready(*pod)) make_ready(*pod);
    }
    settle();
  }
  // What a kubelet does with pods that are being deleted.
  void finish_deletions() {
    for (const auto& pod : api.all<api::Pod>()) {
      if (is_terminating(*pod)) api.drop(api::kind_of<api::Pod>(), pod->metadata.namespace_, pod->metadata.name);
    }
    settle();
  }
  size_t active_pods() const {
    size_t n = 0;
    for (const auto& pod : api.all<api::Pod>()) n += is_active(*pod) ? 1 : 0;
    return n;
  }
};

inline api::PodTemplateSpec web_template(const std::string& image = "web:1") {
  api::PodTemplateSpec spec;
  spec.metadata.labels["app"] = "web";
  auto& container = spec.spec.containers.emplace_back();
  container.name = "web";
  container.image = image;
  return spec;
}

inline api::ReplicaSet web_set(int replicas, const std::string& name = "web") {
  api::ReplicaSet set;
  set.metadata.namespace_ = "default";
  set.metadata.name = name;
  set.spec.replicas = replicas;
  set.spec.selector.get_or_create().match_labels["app"] = "web";
  set.spec.template_ = web_template();
  return set;
}

inline api::Deployment web_deployment(int replicas) {
  api::Deployment d;
  d.metadata.namespace_ = "default";
  d.metadata.name = "web";
  d.spec.replicas = replicas;
  d.spec.selector.get_or_create().match_labels["app"] = "web";
  d.spec.template_ = web_template();
  d.spec.strategy.type = "RollingUpdate";
  auto& rolling = d.spec.strategy.rolling_update.emplace();
  rolling.max_surge = api::IntOrString(std::string("25%"));
  rolling.max_unavailable = api::IntOrString(std::string("25%"));
  d.spec.progress_deadline_seconds = 600;
  d.spec.revision_history_limit = 10;
  return d;
}

}  // namespace fairlead::controllers
