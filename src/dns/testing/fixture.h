// Helpers of the DNS tests: asking without sockets, and a fixture cluster much like the one of CoreDNS's own tests.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "api/kinds/endpointslice.h"
#include "api/kinds/service.h"
#include "dns/message.h"
#include "dns/zone.h"

namespace fairlead::dns::testing {

std::vector<uint8_t> query_bytes(std::string_view name, RecordType type, uint16_t udp_size = kDefaultUdpSize,
                                 uint16_t id = 0x1234);
Query make_query(std::string_view name, RecordType type, uint16_t udp_size = kDefaultUdpSize);

api::Service cluster_ip_service(std::string ns, std::string name, std::vector<std::string> ips,
                                std::vector<api::ServicePort> ports);
api::Service headless_service(std::string ns, std::string name);
api::Service external_service(std::string ns, std::string name, std::string target);
api::ServicePort port(std::string name, std::string protocol, int32_t number);

struct TestEndpoint {
  std::string address;
  std::string hostname = "";
  bool ready = true;
};
api::EndpointSlice slice(std::string ns, std::string name, std::string service, std::vector<TestEndpoint> endpoints,
                         std::vector<api::ServicePort> ports);

// Adds what zone_test.cpp asks for.
void fill_fixture(Zone& zone);

// An answer as text: rcode, then each record as "section owner TTL TYPE data", sorted within its section.
struct Shown {
  std::string rcode;  // or FORWARD, or CHASE
  std::vector<std::string> answer;
  std::vector<std::string> authority;
  std::vector<std::string> additional;
  bool truncated = false;
  Message message;
};
Shown ask(const Zone& zone, const Query& query, size_t limit = kMaxMessage, bool reverse_forward = true);
Shown ask(const Zone& zone, std::string_view name, RecordType type);
Shown show(std::span<const uint8_t> message);

}  // namespace fairlead::dns::testing
