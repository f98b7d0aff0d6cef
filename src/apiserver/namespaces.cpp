#include "apiserver/namespaces.h"

#include "api/kinds/namespace.h"
#include "api/kinds/serviceaccount.h"

namespace fairlead::apiserver {

Task<Result<>> create_default_namespaces(Registry& registry) {
  const std::vector<std::string> names = {"default", "kube-system", "kube-public", "kube-node-lease"};
  for (const std::string& name : names) {
    if (!registry.cache(api::kind_of<api::Namespace>()).find(name)) {
      api::Namespace ns;
      ns.metadata.name = name;
      auto created = co_await registry.create("", api::make_object(std::move(ns)));
      if (!created && created.error().code != Code::kAlreadyExists) co_return fail(std::move(created).error());
    }
    // The controller makes these everywhere; here they are made at once, so that the first pods need not wait.
    if (registry.cache(api::kind_of<api::ServiceAccount>()).find(name + "/default")) continue;
    api::ServiceAccount account;
    account.metadata.name = "default";
    auto made = co_await registry.create(name, api::make_object(std::move(account)));
    // A namespace that is being deleted gets none.
    if (!made && made.error().code != Code::kAlreadyExists && made.error().code != Code::kForbidden)
      co_return fail(std::move(made).error());
  }
  co_return Result<>{};
}

}  // namespace fairlead::apiserver
