#include "api/object.h"

namespace fairlead::api {

std::string key_of(const ObjectMeta& meta) { return key_of(meta.namespace_, meta.name); }

std::string key_of(std::string_view ns, std::string_view name) {
  if (ns.empty()) return std::string(name);
  std::string key;
  key.reserve(ns.size() + 1 + name.size());
  key.append(ns).append(1, '/').append(name);
  return key;
}

NamespacedName parse_key(std::string_view key) {
  const auto slash = key.find('/');
  if (slash == std::string_view::npos) return {"", std::string(key)};
  return {std::string(key.substr(0, slash)), std::string(key.substr(slash + 1))};
}

}  // namespace fairlead::api
