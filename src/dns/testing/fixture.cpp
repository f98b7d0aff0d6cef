#include "dns/testing/fixture.h"

#include <algorithm>

namespace fairlead::dns::testing {

std::vector<uint8_t> query_bytes(std::string_view name, RecordType type, uint16_t udp_size, uint16_t id) {
  std::vector<uint8_t> out(512);
  out.resize(write_query(out, id, flag::kRecursionDesired, *Name::parse(name), type, kClassIn, udp_size, false));
  return out;
}

Query make_query(std::string_view name, RecordType type, uint16_t udp_size) {
  Query query;
  check(Query::parse(query_bytes(name, type, udp_size), query) == Query::Verdict::kOk, "a query of the tests");
  return query;
}

api::ServicePort port(std::string name, std::string protocol, int32_t number) {
  api::ServicePort p;
  p.name = std::move(name);
  p.protocol = std::move(protocol);
  p.port = number;
  return p;
}

api::Service cluster_ip_service(std::string ns, std::string name, std::vector<std::string> ips,
                                std::vector<api::ServicePort> ports) {
  api::Service s;
  s.metadata.namespace_ = std::move(ns);
  s.metadata.name = std::move(name);
  s.spec.type = "ClusterIP";
  s.spec.cluster_ip = ips.empty() ? "" : ips.front();
  s.spec.cluster_ips = std::move(ips);
  s.spec.ports = std::move(ports);
  return s;
}

api::Service headless_service(std::string ns, std::string name) {
  return cluster_ip_service(std::move(ns), std::move(name), {"None"}, {});
}

api::Service external_service(std::string ns, std::string name, std::string target) {
  auto s = cluster_ip_service(std::move(ns), std::move(name), {}, {});
  s.spec.type = "ExternalName";
  s.spec.external_name = std::move(target);
  return s;
}

api::EndpointSlice slice(std::string ns, std::string name, std::string service, std::vector<TestEndpoint> endpoints,
                         std::vector<api::ServicePort> ports) {
  api::EndpointSlice s;
  s.metadata.namespace_ = std::move(ns);
  s.metadata.name = std::move(name);
  s.metadata.labels["kubernetes.io/service-name"] = std::move(service);
  s.address_type = !endpoints.empty() && endpoints[0].address.find(':') != std::string::npos ? "IPv6" : "IPv4";
  for (auto& e : endpoints) {
    api::SliceEndpoint endpoint;
    endpoint.addresses = {e.address};
    if (!e.hostname.empty()) endpoint.hostname = e.hostname;
    endpoint.conditions.ready = e.ready;
    s.endpoints.push_back(std::move(endpoint));
  }
  for (auto& p : ports) {
    api::EndpointSlicePort out;
    out.name = p.name;
    out.protocol = p.protocol;
    out.port = p.port;
    s.ports.push_back(std::move(out));
  }
  return s;
}

void fill_fixture(Zone& zone) {
  for (const char* ns : {"default", "kube-system", "testns", "empty"}) zone.add_namespace(ns);
  zone.set_service(cluster_ip_service("kube-system", "kube-dns", {"10.96.0.10"}, {port("dns", "UDP", 53)}));
  zone.set_service(cluster_ip_service("default", "kubernetes", {"10.96.0.1"}, {port("https", "TCP", 443)}));
  zone.set_service(
      cluster_ip_service("testns", "svc1", {"10.96.0.100"}, {port("http", "TCP", 80), port("https", "TCP", 443)}));
  zone.set_slice(
      slice("testns", "svc1-a", "svc1", {{"172.0.0.1"}, {"172.0.0.9", "", false}}, {port("http", "TCP", 8080)}));
  zone.set_service(cluster_ip_service("testns", "dual", {"10.96.0.101", "fd00:96::101"}, {port("", "TCP", 80)}));
  zone.set_service(cluster_ip_service("testns", "pending", {}, {port("", "TCP", 80)}));

  zone.set_service(headless_service("testns", "hdls1"));
  zone.set_slice(slice("testns", "hdls1-a", "hdls1", {{"172.0.0.2"}, {"172.0.0.3"}, {"172.0.0.4", "dup-name"}},
                       {port("http", "TCP", 80)}));
  zone.set_slice(slice("testns", "hdls1-b", "hdls1",
                       {{"172.0.0.5", "dup-name"}, {"172.0.0.3"}, {"172.0.0.6", "", false}},
                       {port("http", "TCP", 80)}));
  zone.set_slice(slice("testns", "hdls1-c", "hdls1", {{"5678:abcd::1"}, {"5678:abcd::2"}}, {port("http", "TCP", 80)}));
  zone.set_service(headless_service("testns", "hdlsprtls"));
  zone.set_slice(slice("testns", "hdlsprtls-a", "hdlsprtls", {{"172.0.0.20"}}, {}));
  zone.set_service(headless_service("testns", "nobody"));
  zone.set_slice(slice("testns", "nobody-a", "nobody", {{"172.0.0.30", "", false}}, {port("http", "TCP", 80)}));

  zone.set_service(external_service("testns", "external", "ext.interwebs.test"));
  zone.set_service(external_service("testns", "external-to-service", "svc1.testns.svc.cluster.local."));
  zone.set_service(external_service("testns", "chain", "external-to-service.testns.svc.cluster.local"));
  zone.set_service(external_service("testns", "chain-out", "external.testns.svc.cluster.local"));
  zone.set_service(external_service("testns", "dead-end", "nothing.testns.svc.cluster.local"));
  zone.set_service(external_service("testns", "loop-a", "loop-b.testns.svc.cluster.local"));
  zone.set_service(external_service("testns", "loop-b", "loop-a.testns.svc.cluster.local"));
  zone.set_service(external_service("testns", "external-address", "192.0.2.7"));
  zone.set_synced();
}

Shown show(std::span<const uint8_t> bytes) {
  Shown out;
  auto message = Message::parse(bytes);
  check(message.has_value(), message ? "" : message.error().message);
  out.message = std::move(*message);
  out.rcode = to_string(out.message.rcode());
  out.truncated = (out.message.header.flags & flag::kTruncated) != 0;
  const auto list = [](const std::vector<Record>& records, std::vector<std::string>& to) {
    for (const auto& r : records) {
      // The serial of the SOA counts changes; what the tests compare is the rest.
      std::string data = to_text(r.type, r.data);
      if (const auto* soa = std::get_if<rdata::Soa>(&r.data))
        data = soa->primary.to_string() + " " + soa->mailbox.to_string();
      to.push_back(fmt::format("{} {} {} {}", r.name.to_string(), r.ttl, to_string(r.type), data));
    }
    std::sort(to.begin(), to.end());
  };
  list(out.message.answers, out.answer);
  list(out.message.authorities, out.authority);
  list(out.message.additionals, out.additional);
  return out;
}

Shown ask(const Zone& zone, const Query& query, size_t limit, bool reverse_forward) {
  std::vector<uint8_t> buffer(kMaxMessage);
  Random random(7);
  const auto reply = zone.answer(query, random, buffer, limit, reverse_forward);
  if (reply.outcome == ZoneReply::Outcome::kForward) return {.rcode = "FORWARD"};
  if (reply.outcome == ZoneReply::Outcome::kChase) {
    Shown out{.rcode = "CHASE"};
    for (const auto& name : reply.chain) out.answer.push_back(name.to_string());
    return out;
  }
  return show(std::span(buffer).first(reply.size));
}

Shown ask(const Zone& zone, std::string_view name, RecordType type) { return ask(zone, make_query(name, type)); }

}  // namespace fairlead::dns::testing
