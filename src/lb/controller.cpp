#include "lb/controller.h"

#include "rt/task_group.h"

namespace fairlead::lb {

Controller::Controller(rt::Loop& loop, client::Api& api, const Clock& clock, client::SharedInformers& informers,
                       client::EventRecorder& events, AddressPool pool)
    : loop_(loop),
      api_(api),
      events_(events),
      services_(informers.get<api::Service>()),
      queue_(loop, clock),
      allocator_(std::move(pool)) {
  services_.on_change([this](const api::Service* old, const api::Service* now) {
    const bool concerns = (old && old->spec.type == "LoadBalancer") || (now && now->spec.type == "LoadBalancer");
    if (concerns) queue_.add(api::key_of((now ? now : old)->metadata));
  });
}

rt::Task<> Controller::run() {
  co_await services_.wait_synced();
  // What is written already is known before anything is given out.
  services_.each([this](const api::Service& s) { allocator_.learn(api::key_of(s.metadata), s); });
  co_await client::run_workers(loop_, queue_, "load-balancer", 1,
                               [this](std::string key) { return reconcile(std::move(key)); });
}

void Controller::release(const std::string& key) {
  waiting_.erase(key);
  if (!allocator_.release(key)) return;
  for (const auto& other : waiting_) queue_.add(other);
}

rt::Task<Result<>> Controller::reconcile(std::string key) {
  const auto service = services_.get(key);
  if (!service || !is_ours(*service)) {
    release(key);
    co_return Result<>{};
  }
  const size_t before = allocator_.in_use();
  Decision decision = allocator_.assign(key, *service);
  if (!decision.problem.empty()) {
    waiting_.insert(key);
    events_.warning(*service, "AllocationFailed", decision.problem);
  } else {
    waiting_.erase(key);
  }
  if (allocator_.in_use() < before) {
    for (const auto& other : waiting_) {
      if (other != key) queue_.add(other);
    }
  }
  auto written = co_await write_status(*service, std::move(decision.addresses));
  co_return written;
}

rt::Task<Result<>> Controller::write_status(const api::Service& service, std::vector<IpAddress> addresses) {
  std::vector<api::LoadBalancerIngress> ingress;
  std::vector<std::string> said;
  for (const auto& address : addresses) {
    auto& i = ingress.emplace_back();
    i.ip = address.to_string();
    i.ip_mode = "VIP";
    said.push_back(fmt::format("\"{}\"", address));
  }
  if (ingress == service.status.load_balancer.ingress) co_return Result<>{};
  api::Service next = service;
  next.status.load_balancer.ingress = std::move(ingress);
  auto written = co_await client::update(api_, std::move(next), "status");
  if (!written) {
    // Gone meanwhile: its deletion is on its way.
    if (written.error().code == Code::kNotFound) co_return Result<>{};
    co_return fail(std::move(written).error());
  }
  if (!said.empty()) events_.normal(service, "IPAllocated", fmt::format("Assigned IP [{}]", fmt::join(said, " ")));
  co_return Result<>{};
}

rt::Task<> run_controller(rt::Loop& loop, client::Api& api, const Clock& clock, AddressPool pool) {
  client::SharedInformers informers(loop, api);
  client::EventRecorder events(loop, api, clock, "fairlead-lb");
  Controller controller(loop, api, clock, informers, events, std::move(pool));
  rt::TaskGroup group(loop);
  group.spawn("load-balancer", controller.run());
  for (auto* informer : informers.all()) group.spawn("informer", informer->run());
  group.spawn("events", events.run());
  co_await group.join_or_cancel();
}

}  // namespace fairlead::lb
