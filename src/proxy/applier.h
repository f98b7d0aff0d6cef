// A plane together with what has to happen around it: after rules that no longer lead to an endpoint, the UDP flows
// that still do are cut.
#pragma once

#include <memory>
#include <optional>

#include "proxy/conntrack.h"
#include "proxy/planes/plane.h"
#include "rt/blocking.h"

namespace fairlead::proxy {

class Applier {
 public:
  Applier(Plane& plane, PlaneOptions options) : plane_(plane), options_(std::move(options)), pool_(1) {}

  rt::Task<Result<>> sync_full(const ServiceTable& table);
  // `delta` outlives the call. After an error, sync_full() is next.
  rt::Task<Result<>> apply(const Delta& delta);

  [[nodiscard]] Plane& plane() { return plane_; }
  [[nodiscard]] uint64_t flows_removed() const { return flows_removed_; }

 private:
  rt::Task<Result<>> remove_stale(std::shared_ptr<const StaleFlows> stale);

  Plane& plane_;
  PlaneOptions options_;
  rt::BlockingPool pool_;
  std::optional<Conntrack> conntrack_;
  uint64_t flows_removed_ = 0;
};

}  // namespace fairlead::proxy
