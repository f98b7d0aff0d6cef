// Who asks.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::apiserver {

inline constexpr std::string_view kNodeUser = "system:node:";
inline constexpr std::string_view kServiceAccountUser = "system:serviceaccount:";

struct Identity {
  std::string name;
  std::string uid = {};
  std::vector<std::string> groups = {};
  std::map<std::string, std::vector<std::string>> extra = {};
  [[nodiscard]] bool in(std::string_view group) const {
    return std::find(groups.begin(), groups.end(), group) != groups.end();
  }
  [[nodiscard]] bool anonymous() const { return name == "system:anonymous"; }
  // The node whose agent this is; empty: it is none.
  [[nodiscard]] std::string_view node() const {
    if (!in("system:nodes") || !name.starts_with(kNodeUser)) return {};
    return std::string_view(name).substr(kNodeUser.size());
  }
};

}  // namespace fairlead::apiserver
