// The one list of kinds that are served.
#include "api/kind.h"
#include "api/kinds/accessreview.h"
#include "api/kinds/configmap.h"
#include "api/kinds/deployment.h"
#include "api/kinds/endpoints.h"
#include "api/kinds/endpointslice.h"
#include "api/kinds/event.h"
#include "api/kinds/events_event.h"
#include "api/kinds/ingress.h"
#include "api/kinds/ingressclass.h"
#include "api/kinds/ipaddress.h"
#include "api/kinds/lease.h"
#include "api/kinds/namespace.h"
#include "api/kinds/node.h"
#include "api/kinds/pod.h"
#include "api/kinds/replicaset.h"
#include "api/kinds/replicationcontroller.h"
#include "api/kinds/rulesreview.h"
#include "api/kinds/secret.h"
#include "api/kinds/service.h"
#include "api/kinds/serviceaccount.h"
#include "api/kinds/servicecidr.h"
#include "api/kinds/tokenreview.h"

namespace fairlead::api {

std::span<const KindInfo* const> all_kinds() {
  static const KindInfo* const kAll[] = {
      &kind_of<ConfigMap>(),
      &kind_of<Endpoints>(),
      &kind_of<Event>(),
      &kind_of<Namespace>(),
      &kind_of<Node>(),
      &kind_of<Pod>(),
      &kind_of<ReplicationController>(),
      &kind_of<Secret>(),
      &kind_of<Service>(),
      &kind_of<ServiceAccount>(),
      &kind_of<Deployment>(),
      &kind_of<ReplicaSet>(),
      &kind_of<EndpointSlice>(),
      &kind_of<Lease>(),
      &kind_of<NewEvent>(),
      &kind_of<SelfSubjectReview>(),
      &kind_of<TokenReview>(),
      &kind_of<LocalSubjectAccessReview>(),
      &kind_of<SelfSubjectAccessReview>(),
      &kind_of<SelfSubjectRulesReview>(),
      &kind_of<SubjectAccessReview>(),
      &kind_of<Ingress>(),
      &kind_of<IngressClass>(),
      &kind_of<IpAddressObject>(),
      &kind_of<ServiceCidr>(),
  };
  return kAll;
}

const KindInfo* find_kind(std::string_view group, std::string_view version, std::string_view kind) {
  for (const auto* k : all_kinds()) {
    if (k->kind == kind && k->group == group && k->version == version) return k;
  }
  return nullptr;
}

const KindInfo* find_resource(std::string_view group, std::string_view version, std::string_view plural) {
  for (const auto* k : all_kinds()) {
    if (k->plural == plural && k->group == group && k->version == version) return k;
  }
  return nullptr;
}

}  // namespace fairlead::api
