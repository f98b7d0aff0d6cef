// UserInfo: who somebody is, as authentication found out.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include <map>

#include "api/schema.h"

namespace fairlead::api {

struct UserInfo {
  std::string username;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>> extra;
  bool operator==(const UserInfo&) const = default;
};
template <>
const TypeInfo& type_info<UserInfo>();

}  // namespace fairlead::api
