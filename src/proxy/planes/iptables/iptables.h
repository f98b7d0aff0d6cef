// The iptables plane: kube-proxy's layout and names, applied with iptables-restore. A change of one Service's endpoints
// writes that Service's chains and nothing else; rules of others are never touched.
#pragma once

#include <array>

#include "proxy/planes/iptables/backend.h"
#include "proxy/planes/iptables/render.h"
#include "proxy/planes/iptables/ruleset.h"
#include "proxy/planes/plane.h"

namespace fairlead::proxy::iptables {

class IptablesPlane final : public Plane {
 public:
  // kAuto uses what the host uses, found out once, at the first call.
  IptablesPlane(rt::Loop& loop, PlaneOptions options, Backend backend = Backend::kAuto);

  [[nodiscard]] std::string_view name() const override { return "iptables"; }
  [[nodiscard]] Capabilities capabilities() const override;
  rt::Task<Probe> probe() override;
  rt::Task<Result<>> sync_full(const ServiceTable& table) override;
  rt::Task<Result<>> apply(const Delta& delta) override;
  rt::Task<Result<bool>> intact() override;
  rt::Task<Result<>> cleanup() override;
  void write_metrics(std::string& out) const override;

  [[nodiscard]] const std::string& backend_reason() const { return reason_; }

 private:
  struct Counters {
    std::array<int64_t, 2> rules{};       // in the kernel, by Table
    std::array<int64_t, 2> rules_last{};  // written by the last change
    uint64_t full_failures = 0;
    uint64_t partial_failures = 0;
  };
  rt::Task<Result<>> choose_backend();
  rt::Task<> drop_absent_families();
  void read_sysctls();
  rt::Task<Result<Found>> save(Backend backend, IpFamily family);
  rt::Task<Result<>> restore(Backend backend, IpFamily family, std::string input);
  rt::Task<Result<>> sync_family(IpFamily family, const ServiceTable& table);
  rt::Task<Result<>> clean_family(Backend backend, IpFamily family);
  Counters& counters(IpFamily family) { return counters_[static_cast<size_t>(family)]; }

  rt::Loop& loop_;
  RenderOptions options_;
  Backend backend_;
  bool families_checked_ = false;
  std::string reason_;
  std::array<Counters, 2> counters_;
};

}  // namespace fairlead::proxy::iptables
