// `fairlead server`: the API server, and the controllers and scheduler beside it.
#include "apiserver/server.h"
#include "base/text.h"
#include "controllers/controllers.h"
#include "lb/controller.h"
#include "main_common.h"
#include "rt/task_group.h"

namespace fairlead {
namespace {

Result<apiserver::ServerConfig> server_config(const ServerOptions& o) {
  apiserver::ServerConfig c;
  c.data_dir = o.data_dir;
  for (const auto& bind : o.bind) {
    FL_TRY(auto endpoint, parse_endpoint("--bind", bind));
    c.bind.push_back(endpoint);
  }
  FL_TRY(c.advertise_address, parse_address("--advertise-address", o.advertise_address));
  FL_TRY(c.service_cidrs, parse_cidrs("--service-cidr", o.service_cidr));
  FL_TRY(c.cluster_cidrs, parse_cidrs("--cluster-cidr", o.cluster_cidr));
  FL_TRY(c.cluster_dns, parse_address("--cluster-dns", o.cluster_dns));
  c.service_node_port_range = o.node_port_range;
  c.node_token_file = o.node_token_file;
  return c;
}

rt::Task<> run_beside(rt::Loop& loop, const Clock& clock, controllers::ControllersConfig config,
                      std::optional<lb::AddressPool> pool, client::Api& api) {
  rt::TaskGroup group(loop);
  group.spawn("controllers", controllers::run_controllers(loop, api, clock, std::move(config)));
  if (pool) group.spawn("lb", lb::run_controller(loop, api, clock, *std::move(pool)));
  co_await group.join_or_cancel();
}

}  // namespace

int server_main(const ServerOptions& options) {
  auto config = server_config(options);
  if (!config) return complain(config.error());
  controllers::ControllersConfig controllers;
  controllers.node_grace = std::chrono::milliseconds(options.node_grace_ms);
  controllers.longest_toleration = std::chrono::milliseconds(options.eviction_ms);
  std::optional<lb::AddressPool> pool;
  if (!options.load_balancer_pool.empty()) {
    auto parsed = lb::AddressPool::parse(options.load_balancer_pool);
    if (!parsed) return complain(std::move(parsed).error().in("--load-balancer-pool"));
    pool = std::move(*parsed);
  }
  const SystemClock clock;
  rt::Loop loop;
  return run_component(loop, apiserver::run_server(loop, *std::move(config), [&](client::Api& api) {
                         // The server has made its authority by now.
                         if (auto pem = read_file(options.data_dir + "/pki/ca.crt"))
                           controllers.root_ca = *std::move(pem);
                         return run_beside(loop, clock, controllers, pool, api);
                       }));
}

}  // namespace fairlead
