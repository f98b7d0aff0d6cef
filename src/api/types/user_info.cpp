#include "api/types/user_info.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<UserInfo>() {
  using T = UserInfo;
  static const TypeInfo info("io.k8s.api.authentication.v1.UserInfo",
                             {
                                 field(&T::username, "username", 1, kOmitEmpty),
                                 field(&T::uid, "uid", 2, kOmitEmpty),
                                 field(&T::groups, "groups", 3, kOmitEmpty),
                                 field(&T::extra, "extra", 4, kOmitEmpty),
                             });
  return info;
}

}  // namespace fairlead::api
