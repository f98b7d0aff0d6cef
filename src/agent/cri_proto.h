// Plain CRI structs to and from the protocol's messages. Internal to grpc_cri.cpp.
#pragma once

#include "agent/cri.h"
#include "proto/cri.pb.h"

namespace fairlead::agent {

runtime::v1::PodSandboxConfig to_proto(const SandboxSpec& spec);
runtime::v1::ContainerConfig to_proto(const ContainerSpec& spec, const NamespaceOptions& namespaces);
Sandbox from_proto(const runtime::v1::PodSandbox& message);
SandboxStatus from_proto(const runtime::v1::PodSandboxStatus& message);
CriContainer from_proto(const runtime::v1::Container& message);
CriContainer from_proto(const runtime::v1::ContainerStatus& message);
CriImage from_proto(const runtime::v1::Image& message);

}  // namespace fairlead::agent
