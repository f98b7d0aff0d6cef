// `fairlead dns`: the cluster DNS.
#include "dns/dns.h"
#include "main_common.h"

namespace fairlead {
namespace {

Result<dns::DnsConfig> dns_config(const DnsOptions& o) {
  dns::DnsConfig c;
  if (!o.listen.empty()) c.listen.clear();
  for (const auto& text : o.listen) {
    FL_TRY(auto endpoint, parse_endpoint("--listen", text));
    c.listen.push_back(endpoint);
  }
  c.cluster_domain = o.domain;
  c.resolv_conf = o.resolv_conf;
  for (const auto& text : o.upstreams) {
    auto address = IpAddress::parse(text);
    if (address) {
      c.upstreams.push_back({*address, 53});
      continue;
    }
    FL_TRY(auto endpoint, parse_endpoint("--upstream", text));
    c.upstreams.push_back(endpoint);
  }
  c.workers = o.workers;
  c.lameduck = std::chrono::milliseconds(o.lameduck_ms);
  return c;
}

rt::Task<Result<>> run(rt::Loop& loop, const DnsOptions& options) {
  FL_CO_TRY(auto config, dns_config(options));
  FL_CO_TRY(auto api, connect_api(loop, options.api, "dns"));
  auto ended = co_await dns::run_dns(loop, *api, std::move(config));
  co_return ended;
}

}  // namespace

int dns_main(const DnsOptions& options) {
  rt::Loop loop;
  return run_component(loop, run(loop, options));
}

}  // namespace fairlead
