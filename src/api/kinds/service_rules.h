// Defaults and rules of Services; the functions behind the hooks in service.cpp. Addresses and node ports themselves
// come from the API server's allocators.
#pragma once

#include "api/kinds/service.h"
#include "api/validation.h"

namespace fairlead::api {

void default_service(Service& service);
void prepare_service(Service& service);
// Keeps what the server once allocated when the client leaves it out, and drops what the new type has no use for.
void prepare_service_update(Service& next, const Service& old);
FieldErrors validate_service(const Service& service);
FieldErrors validate_service_update(const Service& next, const Service& old);
FieldErrors validate_service_status(const Service& next, const Service& old);

bool is_headless(const Service& service);         // clusterIP: None
bool needs_cluster_ip(const Service& service);    // all but ExternalName
bool needs_node_ports(const Service& service);    // NodePort, and LoadBalancer unless it opts out
bool needs_health_check(const Service& service);  // LoadBalancer with externalTrafficPolicy Local
bool is_externally_accessible(const Service& service);

}  // namespace fairlead::api
