// Deletes what has lost its owners, and carries out the two other ways of deleting an owner: foreground (dependents
// first) and orphan (dependents stay, without the reference). Semantics of ownerReferences: metav1.OwnerReference,
// kubernetes.io "Garbage Collection".
#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "client/informer.h"
#include "client/workqueue.h"

namespace fairlead::controllers {

class GarbageCollector {
 public:
  GarbageCollector(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock);
  rt::Task<> run();

 private:
  void changed(const api::ObjectPtr& old, const api::ObjectPtr& now);
  rt::Task<Result<>> process(std::string uid);
  rt::Task<Result<>> finish_foreground(api::ObjectPtr owner);
  rt::Task<Result<>> finish_orphaning(api::ObjectPtr owner);
  rt::Task<Result<>> collect(api::ObjectPtr object);
  // Whether the owner that `reference` names no longer exists; asks the API when the cache has never seen it.
  rt::Task<Result<bool>> is_absent(std::string ns, api::OwnerReference reference);
  rt::Task<Result<>> remove_finalizer(api::ObjectPtr object, std::string finalizer);

  rt::Loop& loop_;
  client::Api& api_;
  client::SharedInformers& informers_;
  client::WorkQueue queue_;
  std::unordered_map<std::string, api::ObjectPtr> by_uid_;
  std::unordered_map<std::string, std::set<std::string>> dependents_;  // owner's uid -> uids
};

}  // namespace fairlead::controllers
