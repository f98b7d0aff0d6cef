// One plane under test in one lab, fed through the model as the component feeds it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "proxy/applier.h"
#include "proxy/conformance/lab.h"
#include "proxy/model/model.h"
#include "proxy/model/testing.h"
#include "proxy/planes/plane.h"

namespace fairlead::proxy::conformance {

using MakePlane = std::function<std::unique_ptr<Plane>(rt::Loop& loop, const PlaneOptions& options)>;

class Rig {
 public:
  Rig(Lab& where, MakePlane make_plane);

  // Publishes what was put: a full sync the first time, deltas from then on.
  void sync();
  // As after a restart: a new plane that knows nothing, and a full sync.
  void restart();
  Result<> cleanup();
  Probe probe();
  [[nodiscard]] Capabilities capabilities() const { return plane_->capabilities(); }
  [[nodiscard]] uint64_t flows_removed() const { return applier_->flows_removed(); }

  // A slice of the given pods, named after the Service's port. Letters after the number: 'd' draining, 'n' not ready,
  // 'r' on another node. {"0", "1d", "2r"}
  static api::EndpointSlice slice(const Lab& lab, const std::string& service, const std::vector<std::string>& pods,
                                  const std::string& protocol = "TCP", IpFamily family = IpFamily::kV4);

  Lab& lab;
  Model model;

 private:
  MakePlane make_plane_;
  PlaneOptions options_;
  rt::Loop loop_;
  std::unique_ptr<Plane> plane_;
  std::unique_ptr<Applier> applier_;
  bool synced_ = false;
};

// A behaviour that every plane must have. `needs` names a capability without which it does not apply.
struct Case {
  const char* name;
  void (*body)(Rig& rig);
  bool Capabilities::* needs = nullptr;
};
const std::vector<Case>& cases();

}  // namespace fairlead::proxy::conformance
