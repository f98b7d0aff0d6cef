// Short ways to write pods and what is observed of them, for tests.
#pragma once

#include "agent/pod_config.h"
#include "agent/pod_state.h"

namespace fairlead::agent {

inline const WallTime kNow{std::chrono::seconds{1'700'000'000}};

inline api::Container test_container(std::string name) {
  api::Container c;
  c.name = std::move(name);
  c.image = "localhost/web:1";
  return c;
}

inline api::Pod test_pod(std::vector<std::string> containers = {"web"}, std::string policy = "Always") {
  api::Pod pod;
  pod.metadata.name = "web-1";
  pod.metadata.namespace_ = "default";
  pod.metadata.uid = "u1";
  pod.spec.node_name = "node1";
  pod.spec.restart_policy = std::move(policy);
  for (auto& name : containers) pod.spec.containers.push_back(test_container(std::move(name)));
  return pod;
}

inline Sandbox test_sandbox(uint32_t attempt = 0, bool ready = true) {
  Sandbox s;
  s.id = "s" + std::to_string(attempt);
  s.name = "web-1";
  s.ns = "default";
  s.uid = "u1";
  s.attempt = attempt;
  s.ready = ready;
  s.created_at = kNow + std::chrono::seconds(attempt);
  s.labels = {{kPodUidLabel, "u1"}};
  return s;
}

inline CriContainer test_instance(std::string name, uint32_t attempt, ContainerState state, int32_t exit_code = 0,
                                  std::string sandbox = "s0") {
  CriContainer c;
  c.id = name + std::to_string(attempt);
  c.sandbox_id = std::move(sandbox);
  c.name = std::move(name);
  c.attempt = attempt;
  c.state = state;
  c.exit_code = exit_code;
  c.image = "localhost/web:1";
  c.image_ref = "sha256:1";
  c.created_at = c.started_at = kNow - std::chrono::seconds(60);
  if (state == ContainerState::kExited) {
    c.finished_at = kNow - std::chrono::seconds(1);
    c.reason = exit_code == 0 ? "Completed" : "Error";
  }
  return c;
}

inline PodState test_state(std::vector<CriContainer> containers) {
  PodState state;
  state.sandboxes = {test_sandbox()};
  state.ips = {"10.244.1.5"};
  state.containers = std::move(containers);
  return state;
}

}  // namespace fairlead::agent
