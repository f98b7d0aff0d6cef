#include "controllers/controllers.h"

#include <memory>

#include "client/events.h"
#include "controllers/common/context.h"
#include "controllers/deployment/controller.h"
#include "controllers/endpoints/endpoints.h"
#include "controllers/endpointslice/endpointslice.h"
#include "controllers/endpointslice/mirror.h"
#include "controllers/eventttl/event_ttl.h"
#include "controllers/garbagecollector/garbage_collector.h"
#include "controllers/namespace/namespace_lifecycle.h"
#include "controllers/nodelifecycle/node_lifecycle.h"
#include "controllers/podgc/pod_gc.h"
#include "controllers/replicaset/controller.h"
#include "controllers/scheduler/scheduler.h"
#include "controllers/serviceaccount/service_account.h"
#include "rt/task_group.h"

namespace fairlead::controllers {

namespace {

struct Start {
  const Context& c;
  const ControllersConfig& config;
  rt::TaskGroup& group;
};

// Keeps a controller alive as long as its task.
using Running = std::shared_ptr<void>;

struct Row {
  std::string_view name;
  Running (*start)(const Start&);
};

template <class C, class... Args>
std::shared_ptr<C> make(Args&&... args) {
  return std::make_shared<C>(std::forward<Args>(args)...);
}

Running start_deployment(const Start& s) {
  auto controller = make<DeploymentController>(s.c);
  s.group.spawn("deployment", controller->run(s.config.workers));
  return controller;
}
Running start_replicaset(const Start& s) {
  auto controller = make<ReplicaSetController>(s.c);
  s.group.spawn("replicaset", controller->run(s.config.workers));
  return controller;
}
Running start_replicationcontroller(const Start& s) {
  auto controller = make<ReplicaSetController>(s.c, replication_controllers());
  s.group.spawn("replicationcontroller", controller->run(s.config.workers));
  return controller;
}
Running start_scheduler(const Start& s) {
  auto report = [&events = s.c.events](const api::Pod& pod, std::string_view type, std::string_view reason,
                                       const std::string& message) {
    events.record(client::reference_to(pod), type, reason, message, "default-scheduler");
  };
  auto scheduler = make<Scheduler>(s.c.loop, s.c.api, s.c.informers, s.c.clock, std::move(report));
  s.group.spawn("scheduler", scheduler->run());
  return scheduler;
}
Running start_endpointslice(const Start& s) {
  auto controller = make<EndpointSliceController>(s.c);
  s.group.spawn("endpointslice", controller->run());
  return controller;
}
Running start_endpoints(const Start& s) {
  auto controller = make<EndpointsController>(s.c);
  s.group.spawn("endpoints", controller->run());
  return controller;
}
Running start_mirror(const Start& s) {
  auto controller = make<EndpointSliceMirror>(s.c);
  s.group.spawn("endpointslicemirroring", controller->run());
  return controller;
}
Running start_nodelifecycle(const Start& s) {
  const NodeLifecycleConfig config{.grace = s.config.node_grace, .longest_toleration = s.config.longest_toleration};
  auto controller = make<NodeLifecycle>(s.c.loop, s.c.api, s.c.informers, s.c.clock, config);
  s.group.spawn("nodelifecycle", controller->run());
  return controller;
}
Running start_podgc(const Start& s) {
  auto controller = make<PodGc>(s.c.loop, s.c.api, s.c.informers, s.c.clock, s.config.pod_gc_quarantine);
  s.group.spawn("podgc", controller->run());
  return controller;
}
Running start_garbagecollector(const Start& s) {
  auto controller = make<GarbageCollector>(s.c.loop, s.c.api, s.c.informers, s.c.clock);
  s.group.spawn("garbagecollector", controller->run());
  return controller;
}
Running start_namespace(const Start& s) {
  auto controller = make<NamespaceLifecycle>(s.c.loop, s.c.api, s.c.informers, s.c.clock);
  s.group.spawn("namespace", controller->run());
  return controller;
}
Running start_eventttl(const Start& s) {
  auto controller = make<EventTtl>(s.c, s.config.event_ttl);
  s.group.spawn("event-ttl", controller->run());
  return controller;
}
Running start_serviceaccount(const Start& s) {
  auto controller = make<ServiceAccountController>(s.c);
  s.group.spawn("serviceaccount", controller->run());
  return controller;
}
Running start_root_ca(const Start& s) {
  if (s.config.root_ca.empty()) return nullptr;
  auto controller = make<RootCaPublisher>(s.c, s.config.root_ca);
  s.group.spawn("root-ca", controller->run());
  return controller;
}

// The names are kube-controller-manager's where it has the controller.
constexpr Row kControllers[] = {
    {"endpointslice-controller", &start_endpointslice},
    {"endpoints-controller", &start_endpoints},
    {"endpointslice-mirroring-controller", &start_mirror},
    {"serviceaccount-controller", &start_serviceaccount},
    {"root-ca-certificate-publisher-controller", &start_root_ca},
    {"deployment-controller", &start_deployment},
    {"replicaset-controller", &start_replicaset},
    {"replicationcontroller-controller", &start_replicationcontroller},
    {"scheduler", &start_scheduler},
    {"node-lifecycle-controller", &start_nodelifecycle},
    {"pod-garbage-collector-controller", &start_podgc},
    {"garbage-collector-controller", &start_garbagecollector},
    {"namespace-controller", &start_namespace},
    {"event-ttl-controller", &start_eventttl},
};

}  // namespace

std::vector<std::string_view> controller_names() {
  std::vector<std::string_view> out;
  for (const Row& row : kControllers) out.push_back(row.name);
  return out;
}

rt::Task<> run_controllers(rt::Loop& loop, client::Api& api, const Clock& clock, ControllersConfig config) {
  client::SharedInformers informers(loop, api);
  client::EventRecorder events(loop, api, clock, "fairlead-controllers");
  const Context context{loop, api, clock, informers, events};
  rt::TaskGroup group(loop);
  const Start start{context, config, group};
  std::vector<Running> running;
  for (const Row& row : kControllers) {
    if (!config.disabled.contains(std::string(row.name))) running.push_back(row.start(start));
  }
  // Only now, so that every handler is there before the first object.
  for (auto* informer : informers.all()) group.spawn("informer", informer->run());
  group.spawn("events", events.run());
  co_await group.join_or_cancel();
}

}  // namespace fairlead::controllers
