#include "proxy/model/model.h"

#include <utility>

namespace fairlead::proxy {

Model::Model(ModelConfig config) : config_(std::move(config)) { table_.node.name = config_.node_name; }

void Model::set_node(NodeInfo node) {
  if (node == table_.node) return;
  // Hints are judged by our zone, which practically never changes.
  if (node.zone != table_.node.zone)
    for (const auto& [key, state] : services_)
      if (state.spec) dirty_.insert(key);
  table_.node = std::move(node);
  node_changed_ = true;
}

void Model::put(const api::Service& service) {
  const std::string key = api::key_of(service.metadata);
  std::vector<Problem> problems;
  std::unique_ptr<const ParsedService> spec;
  if (is_proxied(service)) spec = std::make_unique<const ParsedService>(parse_service(service, problems));
  set_problems("Service " + key, std::move(problems));
  set_spec(key, std::move(spec));
}

void Model::remove_service(std::string_view ns, std::string_view name) {
  const std::string key = api::key_of(ns, name);
  set_problems("Service " + key, {});
  set_spec(key, nullptr);
}

void Model::set_spec(const std::string& key, std::unique_ptr<const ParsedService> spec) {
  const auto at = services_.find(key);
  if (at == services_.end() && !spec) return;
  State& state = at == services_.end() ? services_[key] : at->second;
  if (state.spec == nullptr ? spec == nullptr : spec && *state.spec == *spec) return drop_if_unused(key);
  proxied_ = proxied_ + (spec ? 1 : 0) - (state.spec ? 1 : 0);
  state.spec = std::move(spec);
  update_claims(key, state);
  dirty_.insert(key);
}

void Model::update_claims(const std::string& key, State& state) {
  std::vector<FrontendKey> wanted;
  WallTime since{};
  if (state.spec) {
    wanted = wanted_frontends(*state.spec, config_.families);
    since = state.spec->created;
  }
  if (wanted == state.claims && since == state.claimed_since) return;
  const auto touch = [&](const std::optional<std::string>& other) {
    if (other) dirty_.insert(*other);
  };
  for (const FrontendKey& f : state.claims) touch(claims_.remove(f, {state.claimed_since, key}));
  for (const FrontendKey& f : wanted) touch(claims_.add(f, {since, key}));
  state.claims = std::move(wanted);
  state.claimed_since = since;
}

void Model::put(const api::EndpointSlice& slice) {
  const std::string key = api::key_of(slice.metadata);
  std::vector<Problem> problems;
  std::optional<ParsedSlice> parsed;
  if (is_proxied(slice)) parsed = parse_slice(slice, config_.node_name, hints_, problems);
  set_problems("EndpointSlice " + key, std::move(problems));
  const auto owner = slice_owner_.find(key);
  if (owner != slice_owner_.end() && (!parsed || parsed->service != owner->second)) drop_slice(key);
  if (!parsed) return;
  const std::string service = parsed->service;
  State& state = services_[service];
  slice_owner_[key] = service;
  auto [at, added] = state.slices.try_emplace(key);
  if (!added && at->second == *parsed) return;
  at->second = std::move(*parsed);
  if (state.spec) dirty_.insert(service);
}

void Model::remove_slice(std::string_view ns, std::string_view name) {
  const std::string key = api::key_of(ns, name);
  set_problems("EndpointSlice " + key, {});
  drop_slice(key);
}

void Model::drop_slice(const std::string& slice_key) {
  const auto owner = slice_owner_.find(slice_key);
  if (owner == slice_owner_.end()) return;
  const std::string service = owner->second;
  slice_owner_.erase(owner);
  State& state = services_.at(service);
  state.slices.erase(slice_key);
  if (state.spec) dirty_.insert(service);
  drop_if_unused(service);
}

void Model::drop_if_unused(const std::string& key) {
  const auto at = services_.find(key);
  if (at == services_.end()) return;
  const State& s = at->second;
  if (!s.spec && s.slices.empty() && s.published.empty()) services_.erase(at);
}

Delta Model::commit() {
  Delta delta;
  delta.node_changed = std::exchange(node_changed_, false);
  for (const std::string& key : std::exchange(dirty_, {})) recompute(key, delta);
  delta.problems = std::exchange(new_problems_, {});
  return delta;
}

void Model::recompute(const std::string& key, Delta& delta) {
  const auto at = services_.find(key);
  if (at == services_.end()) return;
  State& state = at->second;
  std::vector<ServicePort> ports;
  std::optional<HealthCheck> health;
  std::vector<Problem> conflicts;
  if (state.spec) {
    for (const FrontendKey& f : state.claims) {
      const std::string* owner = claims_.owner(f);
      if (owner == nullptr || *owner == key) continue;
      const std::string what = f.address.is_unspecified()
                                   ? fmt::format("node port {}/{}", f.port, to_string(f.protocol))
                                   : fmt::format("{}/{}", Endpoint{f.address, f.port}, to_string(f.protocol));
      conflicts.push_back({"Service", key, "spec", fmt::format("{} belongs to the older Service {}", what, *owner)});
    }
    const BuildContext context{config_.families, table_.node.zone, &hints_};
    ports = build_ports(*state.spec, state.slices, context, [&](const FrontendKey& f) {
      const std::string* owner = claims_.owner(f);
      return owner != nullptr && *owner == key;
    });
    if (state.spec->health_check_port != 0)
      health = HealthCheck{state.spec->health_check_port, count_local_ready(*state.spec, ports)};
  }
  set_problems("claims of " + key, std::move(conflicts));
  set_health(key, health, delta);
  publish(state, std::move(ports), delta);
  drop_if_unused(key);
}

void Model::publish(State& state, std::vector<ServicePort> ports, Delta& delta) {
  std::vector<PortKey> published;
  published.reserve(ports.size());
  for (ServicePort& port : ports) {
    published.push_back(port.key);
    ServicePortPtr& slot = table_.ports[port.key];
    if (slot && *slot == port) continue;
    ServicePortPtr before = slot;
    slot = std::make_shared<const ServicePort>(std::move(port));
    delta.changes.push_back({slot->key, std::move(before), slot});
  }
  for (const PortKey& key : state.published) {
    if (std::ranges::find(published, key) != published.end()) continue;
    const auto gone = table_.ports.find(key);
    delta.changes.push_back({key, gone->second, nullptr});
    table_.ports.erase(gone);
  }
  state.published = std::move(published);
}

void Model::set_health(const std::string& key, std::optional<HealthCheck> health, Delta& delta) {
  const auto at = table_.health_checks.find(key);
  if (at == table_.health_checks.end() ? !health : health && at->second == *health) return;
  if (health)
    table_.health_checks[key] = *health;
  else
    table_.health_checks.erase(at);
  delta.health.push_back({key, health});
}

void Model::set_problems(const std::string& source, std::vector<Problem> problems) {
  const auto at = problems_.find(source);
  if (problems.empty()) {
    if (at != problems_.end()) problems_.erase(at);
    return;
  }
  for (const Problem& p : problems) {
    const bool known = at != problems_.end() && std::ranges::find(at->second, p) != at->second.end();
    if (!known) new_problems_.push_back(p);
  }
  problems_[source] = std::move(problems);
}

std::vector<Problem> Model::problems() const {
  std::vector<Problem> all;
  for (const auto& [source, list] : problems_) all.insert(all.end(), list.begin(), list.end());
  return all;
}

}  // namespace fairlead::proxy
