// PodWorker's beginning of things: sandboxes, and containers with their images, volumes and configuration.
#include <fmt/format.h>

#include "agent/admission.h"
#include "agent/last_words.h"
#include "agent/pod_worker.h"
#include "agent/pull_secrets.h"
#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {

using namespace std::chrono_literals;
using std::chrono::seconds;

// For so long the status shows why the container could not be run, then that it backs off.
constexpr seconds kShowRunError{2};

rt::Task<bool> PodWorker::run_sandbox(RunSandbox action) {
  if (action.attempt > 0) {
    context_.events.normal(*pod_, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  }
  Result<std::string> id;
  auto supported = check_supported(*pod_);
  const SandboxSpec spec = sandbox_spec(*pod_, context_.node, action.attempt);
  if (supported) supported = check_host_name(spec.hostname);
  if (supported) {
    id = co_await context_.cri.run_sandbox(spec);
  } else {
    id = fail(std::move(supported).error());
  }
  if (id) {
    state_.troubles.erase("");
    co_return true;
  }
  if (!ending()) {
    context_.events.warning(*pod_, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + id.error().message);
    trouble("", "ContainerCreating", "Failed to create pod sandbox: " + id.error().message,
            id.error().code == Code::kUnavailable ? 1s
            : id.error().code == Code::kInvalid   ? 60s
                                                  : 5s);
  }
  co_return false;
}

Result<ContainerSpec> PodWorker::make_spec(const api::Container& container, uint32_t attempt, const CriImage& image) {
  ContainerContext context;
  context.env.downward = downward();
  context.env.sources = context_.sources.get(uid_).value_or(PodSources{});
  context.env.services =
      service_env(context_.services.all(), pod_->metadata.namespace_, pod_->spec.enable_service_links.value_or(true));
  context.volumes = volumes_.value_or(VolumePaths{});
  context.image = image;
  return container_spec(*pod_, container, attempt, context_.node, context);
}

rt::Task<bool> PodWorker::start_container(StartContainer action) {
  const api::Container* found = find_container(action.container);
  if (found == nullptr) co_return false;
  const api::Container container = *found;
  const PodPtr pod = pod_;

  if (const auto supported = check_supported(*pod, container); !supported)
    co_return configuration_trouble(container.name, supported.error());
  // Volumes first: a pod that waits for one does not pull images meanwhile, but says why it waits.
  const auto volumes = co_await set_up_volumes();
  if (!volumes) {
    volume_trouble(volumes.error());
    trouble(container.name, "ContainerCreating", volumes.error().message,
            volumes.error().code == Code::kUnavailable ? 1s : 20s);
    co_return false;
  }

  const std::function<void()> pulled = [this, name = container.name] {
    state_.troubles.erase(name);
    wake();
  };
  PullSecrets secrets = pull_secrets(*pod, context_.sources.get(uid_).value_or(PodSources{}), container.image);
  if (!secrets.missing.empty()) {
    context_.events.warning(*pod, "FailedToRetrieveImagePullSecret",
                            fmt::format("Unable to retrieve some image pull secrets ({}); attempting to pull the image "
                                        "may not succeed.",
                                        join(secrets.missing, ", ")));
  }
  auto answer = co_await context_.images.get(container.image, pull_policy(container), uid_ + "/" + container.name,
                                             pulled, std::move(secrets.auths));
  if (!answer) {
    trouble(container.name, "ContainerCreating", answer.error().message, 1s);
    co_return false;
  }
  if (answer->pulling()) {
    event(container.name, "Normal", "Pulling", fmt::format("Pulling image {}", quote(container.image)));
    state_.troubles[container.name] = {"ContainerCreating", "", WallTime::max()};
    co_return false;
  }
  if (answer->trouble) {
    const std::string& reason = answer->trouble->reason;
    if (reason == "ImagePullBackOff") {
      event(container.name, "Normal", "BackOff", fmt::format("Back-off pulling image {}", quote(container.image)));
    } else if (reason == "ErrImagePull") {
      event(container.name, "Warning", "Failed",
            fmt::format("Failed to pull image {}: {}", quote(container.image), answer->trouble->message));
    } else {
      event(container.name, "Warning", reason == "InvalidImageName" ? "InspectFailed" : reason,
            answer->trouble->message);
    }
    event(container.name, "Warning", "Failed", "Error: " + reason);
    state_.troubles[container.name] = *answer->trouble;
    co_return false;
  }
  event(container.name, "Normal", "Pulled",
        answer->pulled
            ? fmt::format("Successfully pulled image {} in {}ms ({}ms including waiting). Image size: {} bytes.",
                          quote(container.image), answer->took.count(), answer->took.count(), answer->image->size)
            : fmt::format("Container image {} already present on machine and can be accessed by the pod",
                          quote(container.image)));

  // A pod that starts before the Services are known would never learn of them.
  if (!context_.services.has_synced()) co_await context_.services.wait_synced();
  auto spec = make_spec(container, action.attempt, *answer->image);
  if (!spec) {
    co_return configuration_trouble(container.name, spec.error());
  }
  const std::string directory = pod_directory(context_.node, uid_);
  const std::string last_words = last_words_path(context_.node, uid_, container.name, action.attempt);
  const std::string hosts = hosts_file(*pod, context_.node, state_.ips);
  const auto write_files = [&]() -> Result<> {
    FL_CHECK(prepare_sub_paths(*pod, context_.node, *spec));
    FL_CHECK(write_hosts_file(directory, hosts));
    return make_last_words(last_words);
  };
  auto prepared = co_await rt::blocking(context_.pool, write_files);
  if (!prepared) {
    co_return configuration_trouble(container.name, prepared.error());
  }
  if (!state_.sandbox_ready() || ending()) co_return true;
  auto id = co_await context_.cri.create_container(state_.sandbox()->id, *std::move(spec),
                                                   sandbox_spec(*pod, context_.node, state_.sandbox()->attempt));
  if (!id) {
    event(container.name, "Warning", "Failed", "Error: " + id.error().message);
    trouble(container.name, "CreateContainerError", id.error().message);
    co_return false;
  }
  event(container.name, "Normal", "Created", "Container created");
  co_return co_await start_instance(*id, container);
}

rt::Task<bool> PodWorker::start_instance(std::string id, api::Container container) {
  auto started = co_await context_.cri.start_container(id);
  if (!started) {
    // The instance stays behind, exited, with the runtime's reason; the back-off counts it.
    event(container.name, "Warning", "Failed", "Error: " + started.error().message);
    trouble(container.name, "RunContainerError", started.error().message, kShowRunError);
    co_return true;
  }
  state_.troubles.erase(container.name);
  event(container.name, "Normal", "Started", "Container started");
  if (container.lifecycle && container.lifecycle->post_start) {
    state_.probes[id].hook_running = true;
    tasks_.spawn("postStart " + container.name, post_start(*container.lifecycle->post_start, target_of(container, id)));
  }
  co_return true;
}

// What went wrong is not in the event: it may hold what the container's server said.
rt::Task<> PodWorker::post_start(api::LifecycleHandler handler, ProbeTarget target) {
  const std::string id = target.container_id;
  const std::string name = target.container.name;
  auto done = co_await handle(context_.loop, context_.cri, std::move(handler), std::move(target), 600s);
  ProbeState& probes = state_.probes[id];
  probes.hook_running = false;
  if (!done) {
    log::warn("postStart failed", {{"pod", uid_}, {"container", name}, {"error", done.error().message}});
    event(name, "Warning", "FailedPostStartHook", "PostStartHook failed");
    probes.doomed = Doom{"FailedPostStartHook", {}};
  }
  wake();
}

bool PodWorker::configuration_trouble(const std::string& container, const Error& error) {
  event(container, "Warning", "Failed", "Error: " + error.message);
  trouble(container, "CreateContainerConfigError", error.message);
  return false;
}

}  // namespace fairlead::agent
