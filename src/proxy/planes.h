// The table of data planes.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "proxy/planes/plane.h"

namespace fairlead::proxy {

struct PlaneKind {
  std::string_view name;
  std::unique_ptr<Plane> (*make)(rt::Loop& loop, PlaneOptions options);
};
// The best first: the order in which `auto` asks them.
const std::vector<PlaneKind>& plane_kinds();

struct ChosenPlane {
  const PlaneKind* kind = nullptr;
  std::string reason;
};
// `mode` is a plane's name or "auto". Errors name the modes that there are, or why none works here.
rt::Task<Result<ChosenPlane>> choose_plane(rt::Loop& loop, std::string mode, PlaneOptions options);

}  // namespace fairlead::proxy
