#include "apiserver/namespaces.h"

#include "api/kinds/namespace.h"

namespace fairlead::apiserver {

Task<Result<>> create_default_namespaces(Registry& registry) {
  const std::vector<std::string> names = {"default", "kube-system", "kube-public", "kube-node-lease"};
  for (const std::string& name : names) {
    if (registry.cache(api::kind_of<api::Namespace>()).find(name)) continue;
    api::Namespace ns;
    ns.metadata.name = name;
    auto created = co_await registry.create("", api::make_object(std::move(ns)));
    if (!created && created.error().code != Code::kAlreadyExists) co_return fail(std::move(created).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::apiserver
