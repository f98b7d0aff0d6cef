#include "proxy/planes.h"

#include "proxy/planes/iptables/iptables.h"

namespace fairlead::proxy {
namespace {

std::unique_ptr<Plane> make_iptables(rt::Loop& loop, PlaneOptions options) {
  return std::make_unique<iptables::IptablesPlane>(loop, std::move(options));
}

}  // namespace

const std::vector<PlaneKind>& plane_kinds() {
  static const std::vector<PlaneKind> kinds = {{"iptables", &make_iptables}};
  return kinds;
}

rt::Task<Result<ChosenPlane>> choose_plane(rt::Loop& loop, std::string mode, PlaneOptions options) {
  std::string names = "auto";
  std::string refusals;
  bool known = mode == "auto";
  for (const PlaneKind& kind : plane_kinds()) {
    names += fmt::format(", {}", kind.name);
    if (mode != "auto" && mode != kind.name) continue;
    known = true;
    const std::unique_ptr<Plane> plane = kind.make(loop, options);
    Probe probe = co_await plane->probe();
    if (probe.usable) co_return ChosenPlane{&kind, std::move(probe.reason)};
    refusals += fmt::format("{}{}: {}", refusals.empty() ? "" : "; ", kind.name, probe.reason);
  }
  if (!known) co_return fail(Code::kInvalid, fmt::format("proxy mode \"{}\" is not one of {}", mode, names));
  co_return fail(Code::kInternal, fmt::format("no proxy mode works here: {}", refusals));
}

}  // namespace fairlead::proxy
