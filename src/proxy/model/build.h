// One Service with its slices -> its ServicePorts: the pure heart of the model.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/model/claims.h"
#include "proxy/model/parse.h"
#include "proxy/model/table.h"

namespace fairlead::proxy {

struct BuildContext {
  std::span<const IpFamily> families;  // that this proxy programs
  std::string_view zone;
  const HintSets* hints = nullptr;
};

// Every address and port that the Service asks for, in the given families.
std::vector<FrontendKey> wanted_frontends(const ParsedService& service, std::span<const IpFamily> families);

// `allowed` says whether the Service owns a frontend; the others are left out.
std::vector<ServicePort> build_ports(const ParsedService& service, const std::map<std::string, ParsedSlice>& slices,
                                     const BuildContext& context,
                                     const std::function<bool(const FrontendKey&)>& allowed);

// Distinct local ready addresses in the Service's primary family, over its ports: what health checks report.
uint32_t count_local_ready(const ParsedService& service, const std::vector<ServicePort>& ports);

}  // namespace fairlead::proxy
