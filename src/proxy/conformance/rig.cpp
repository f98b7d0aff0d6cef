#include "proxy/conformance/rig.h"

namespace fairlead::proxy::conformance {

Rig::Rig(Lab& where, MakePlane make_plane)
    : lab(where), model({.node_name = "node1"}), make_plane_(std::move(make_plane)) {
  options_.netns_fd = lab.node();
  options_.detect_local = {.mode = DetectLocal::Mode::kCidr,
                           .cidrs = {*Cidr::parse(kClusterCidr), *Cidr::parse(kClusterCidr6)}};
  options_.service_cidrs = {*Cidr::parse("10.96.0.0/12"), *Cidr::parse("fd00:10:96::/112")};
  plane_ = make_plane_(loop_, options_);
  applier_ = std::make_unique<Applier>(*plane_, options_);
  model.set_node({.name = "node1",
                  .zone = "",
                  .ips = {lab.node_ip(), lab.node_ip(IpFamily::kV6)},
                  .pod_cidrs = {*Cidr::parse("10.244.1.0/24"), *Cidr::parse("fd00:10:244:1::/64")}});
}

void Rig::sync() {
  const Delta delta = model.commit();
  const auto done =
      synced_ ? rt::run(loop_, applier_->apply(delta)) : rt::run(loop_, applier_->sync_full(model.table()));
  ASSERT_TRUE(done.has_value()) << done.error().message;
  synced_ = true;
}

void Rig::restart() {
  applier_.reset();
  plane_ = make_plane_(loop_, options_);
  applier_ = std::make_unique<Applier>(*plane_, options_);
  synced_ = false;
  sync();
}

Result<> Rig::cleanup() { return rt::run(loop_, plane_->cleanup()); }
Probe Rig::probe() { return rt::run(loop_, plane_->probe()); }

api::EndpointSlice Rig::slice(const Lab& lab, const std::string& service, const std::vector<std::string>& pods,
                              const std::string& protocol, IpFamily family) {
  std::vector<api::SliceEndpoint> endpoints;
  for (const std::string& pod : pods) {
    const auto has = [&](char letter) { return pod.find(letter) != std::string::npos; };
    const bool ready = !has('d') && !has('n');
    endpoints.push_back(testing::endpoint(lab.pod_ip(pod[0] - '0', family).to_string(), has('r') ? "node2" : "node1",
                                          ready, ready || has('d'), has('d')));
  }
  api::EndpointSlice s = testing::make_slice(service + (family == IpFamily::kV4 ? "-4" : "-6"), service,
                                             std::move(endpoints), "http", kServerPort, protocol);
  s.address_type = family == IpFamily::kV4 ? "IPv4" : "IPv6";
  return s;
}

}  // namespace fairlead::proxy::conformance
