// The model: fed with objects as they change, it keeps the ServiceTable and says what each commit changed. A changed
// slice costs its Service and nothing else.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "proxy/model/build.h"
#include "proxy/model/claims.h"
#include "proxy/model/parse.h"
#include "proxy/model/table.h"

namespace fairlead::proxy {

struct ModelConfig {
  std::string node_name;
  std::vector<IpFamily> families = {IpFamily::kV4, IpFamily::kV6};  // that this proxy programs
};

class Model {
 public:
  explicit Model(ModelConfig config);

  // Objects as informers deliver them; nothing is published before commit().
  void set_node(NodeInfo node);
  void put(const api::Service& service);
  void remove_service(std::string_view ns, std::string_view name);
  void put(const api::EndpointSlice& slice);
  void remove_slice(std::string_view ns, std::string_view name);

  [[nodiscard]] bool dirty() const { return !dirty_.empty() || !new_problems_.empty() || node_changed_; }
  // Recomputes the Services that changed, publishes them in table() and returns the differences.
  Delta commit();

  // Changes only in commit().
  [[nodiscard]] const ServiceTable& table() const { return table_; }
  [[nodiscard]] std::vector<Problem> problems() const;
  [[nodiscard]] size_t service_count() const { return proxied_; }

 private:
  struct State {
    std::unique_ptr<const ParsedService> spec;  // null: not there, or not ours to proxy
    std::map<std::string, ParsedSlice> slices;  // by namespace/name
    std::vector<FrontendKey> claims;
    WallTime claimed_since{};
    std::vector<PortKey> published;
  };
  void set_spec(const std::string& key, std::unique_ptr<const ParsedService> spec);
  void update_claims(const std::string& key, State& state);
  void drop_slice(const std::string& slice_key);
  void drop_if_unused(const std::string& key);
  void recompute(const std::string& key, Delta& delta);
  void publish(State& state, std::vector<ServicePort> ports, Delta& delta);
  void set_health(const std::string& key, std::optional<HealthCheck> health, Delta& delta);
  void set_problems(const std::string& source, std::vector<Problem> problems);

  ModelConfig config_;
  HintSets hints_;
  Claims claims_;
  std::unordered_map<std::string, State> services_;           // by namespace/name
  std::unordered_map<std::string, std::string> slice_owner_;  // slice -> Service
  std::set<std::string> dirty_;
  std::map<std::string, std::vector<Problem>> problems_;  // by where they come from
  std::vector<Problem> new_problems_;
  ServiceTable table_;
  size_t proxied_ = 0;
  bool node_changed_ = false;
};

}  // namespace fairlead::proxy
