#include "agent/log_target.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace fairlead::agent {
namespace {

const api::ContainerStatus* status_of(const api::Pod& pod, std::string_view container) {
  for (const auto* list : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    const auto it = std::ranges::find(*list, container, &api::ContainerStatus::name);
    if (it != list->end()) return &*it;
  }
  return nullptr;
}

bool has_run(const CriContainer& c) {
  return c.state == ContainerState::kRunning || c.state == ContainerState::kExited;
}

// The statuses of pods give ids with the runtime in front: containerd://0123.
bool is_last_state(const api::ContainerStatus* status, const CriContainer& c) {
  return status != nullptr && status->last_state.terminated &&
         status->last_state.terminated->container_id.ends_with(c.id);
}

std::string waiting_for(std::string_view reason) {
  if (reason == "ErrImagePull") return "image can't be pulled";
  if (reason == "ImagePullBackOff") return "trying and failing to pull image";
  return std::string(reason.empty() ? "ContainerCreating" : reason);
}

}  // namespace

Result<std::string> choose_log_instance(const api::Pod& pod, std::string_view container,
                                        const std::vector<CriContainer>& instances, bool previous) {
  const std::string& name = pod.metadata.name;
  const api::ContainerStatus* status = status_of(pod, container);
  std::vector<const CriContainer*> ran;
  for (const CriContainer& c : instances) {
    if (c.name == container && has_run(c)) ran.push_back(&c);
  }
  if (!previous) {
    if (!ran.empty()) return ran.front()->id;
    const bool waits = status != nullptr && status->state.waiting;
    const std::string reason = waits ? status->state.waiting->reason : std::string();
    return fail(Code::kBadRequest, fmt::format("container {} in pod {} is waiting to start: {}", quote(container),
                                               quote(name), waiting_for(reason)));
  }
  // Between two runs the one that ended is the previous one already.
  if (!ran.empty() && ran.front()->state == ContainerState::kExited && is_last_state(status, *ran.front()))
    return ran.front()->id;
  if (ran.size() > 1) return ran[1]->id;
  return fail(Code::kBadRequest,
              fmt::format("previous terminated container {} in pod {} not found", quote(container), quote(name)));
}

}  // namespace fairlead::agent
