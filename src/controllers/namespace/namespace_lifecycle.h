// Empties a namespace that is being deleted, kind by kind, and then lets it go by removing its finalizer.
#pragma once

#include <set>
#include <string>

#include "api/kinds/namespace.h"
#include "base/clock.h"
#include "client/informer.h"
#include "client/workqueue.h"

namespace fairlead::controllers {

class NamespaceLifecycle {
 public:
  NamespaceLifecycle(rt::Loop& loop, client::Api& api, client::SharedInformers& informers, const Clock& clock);
  rt::Task<> run();

 private:
  rt::Task<Result<>> reconcile(std::string name);

  rt::Loop& loop_;
  client::Api& api_;
  client::SharedInformers& informers_;
  client::Informer<api::Namespace> namespaces_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
