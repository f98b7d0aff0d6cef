// What every namespace has: the ServiceAccount `default`, and the ConfigMap kube-root-ca.crt with which programs in its
// pods trust the API server (kube-controller-manager's serviceaccount-controller and
// root-ca-certificate-publisher-controller).
#pragma once

#include <string>

#include "api/kinds/configmap.h"
#include "api/kinds/namespace.h"
#include "api/kinds/serviceaccount.h"
#include "client/workqueue.h"
#include "controllers/common/context.h"

namespace fairlead::controllers {

class ServiceAccountController {
 public:
  explicit ServiceAccountController(const Context& context);
  Task<> run();
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  Task<Result<>> reconcile(std::string ns);

  Context context_;
  client::Informer<api::Namespace> namespaces_;
  client::Informer<api::ServiceAccount> accounts_;
  client::WorkQueue queue_;
};

class RootCaPublisher {
 public:
  // `root_ca` is a PEM bundle.
  RootCaPublisher(const Context& context, std::string root_ca);
  Task<> run();
  [[nodiscard]] client::WorkQueue& queue() { return queue_; }

 private:
  Task<Result<>> reconcile(std::string ns);

  Context context_;
  std::string root_ca_;
  client::Informer<api::Namespace> namespaces_;
  client::Informer<api::ConfigMap> maps_;
  client::WorkQueue queue_;
};

}  // namespace fairlead::controllers
