#include "controllers/serviceaccount/service_account.h"

namespace fairlead::controllers {
namespace {

constexpr const char* kAccount = "default";
constexpr const char* kMap = "kube-root-ca.crt";
constexpr const char* kKey = "ca.crt";

bool wants_content(const std::shared_ptr<const api::Namespace>& ns) { return ns && !ns->metadata.deletion_timestamp; }

// The namespace ends, or somebody else was faster.
Result<> tolerate(const Result<ObjectPtr>& done) {
  if (done) return {};
  const Code code = done.error().code;
  if (code == Code::kAlreadyExists || code == Code::kNotFound || code == Code::kForbidden) return {};
  return fail(done.error());
}

}  // namespace

ServiceAccountController::ServiceAccountController(const Context& context)
    : context_(context),
      namespaces_(context.informers.get<api::Namespace>()),
      accounts_(context.informers.get<api::ServiceAccount>()),
      queue_(context.loop, context.clock) {
  namespaces_.on_change([this](const api::Namespace*, const api::Namespace* now) {
    if (now != nullptr) queue_.add(now->metadata.name);
  });
  accounts_.on_change([this](const api::ServiceAccount* old, const api::ServiceAccount* now) {
    if (now == nullptr && old->metadata.name == kAccount) queue_.add(old->metadata.namespace_);
  });
}

Task<> ServiceAccountController::run() {
  co_await namespaces_.wait_synced();
  co_await accounts_.wait_synced();
  co_await client::run_workers(context_.loop, queue_, "serviceaccount", 2,
                               [this](std::string ns) { return reconcile(std::move(ns)); });
}

Task<Result<>> ServiceAccountController::reconcile(std::string ns) {
  if (!wants_content(namespaces_.get(ns)) || accounts_.get(ns, kAccount)) co_return Result<>{};
  api::ServiceAccount account;
  account.metadata.name = kAccount;
  account.metadata.namespace_ = ns;
  const auto created = co_await client::create(context_.api, std::move(account));
  co_return tolerate(created);
}

RootCaPublisher::RootCaPublisher(const Context& context, std::string root_ca)
    : context_(context),
      root_ca_(std::move(root_ca)),
      namespaces_(context.informers.get<api::Namespace>()),
      maps_(context.informers.get<api::ConfigMap>()),
      queue_(context.loop, context.clock) {
  namespaces_.on_change([this](const api::Namespace*, const api::Namespace* now) {
    if (now != nullptr) queue_.add(now->metadata.name);
  });
  maps_.on_change([this](const api::ConfigMap* old, const api::ConfigMap* now) {
    const auto& meta = (now != nullptr ? now : old)->metadata;
    if (meta.name == kMap) queue_.add(meta.namespace_);
  });
}

Task<> RootCaPublisher::run() {
  co_await namespaces_.wait_synced();
  co_await maps_.wait_synced();
  co_await client::run_workers(context_.loop, queue_, "root-ca", 2,
                               [this](std::string ns) { return reconcile(std::move(ns)); });
}

Task<Result<>> RootCaPublisher::reconcile(std::string ns) {
  if (!wants_content(namespaces_.get(ns))) co_return Result<>{};
  const auto current = maps_.get(ns, kMap);
  const api::StringMap wanted = {{kKey, root_ca_}};
  if (current && current->data == wanted) co_return Result<>{};
  api::ConfigMap map;
  if (current) map = *current;
  map.metadata.name = kMap;
  map.metadata.namespace_ = ns;
  map.metadata.annotations["kubernetes.io/description"] =
      "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
      "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
      "clusters.";
  map.data = wanted;
  if (current) {
    const auto updated = co_await client::update(context_.api, std::move(map));
    co_return tolerate(updated);
  }
  const auto created = co_await client::create(context_.api, std::move(map));
  co_return tolerate(created);
}

}  // namespace fairlead::controllers
