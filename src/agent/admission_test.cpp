#include "agent/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/pod_testing.h"

namespace fairlead::agent {
namespace {

using testing::HasSubstr;

TEST(Admission, LetsOnlySafeSysctlsPass) {
  api::Pod pod = test_pod();
  EXPECT_FALSE(refusal(pod));
  auto& sysctl = pod.spec.security_context.emplace().sysctls.emplace_back();
  sysctl.name = "net.ipv4.ip_unprivileged_port_start";
  EXPECT_FALSE(refusal(pod));
  sysctl.name = "net/ipv4/tcp_syncookies";
  EXPECT_FALSE(refusal(pod));
  pod.spec.host_network = true;
  EXPECT_EQ(refusal(pod)->message,
            "Pod was rejected: forbidden sysctl: \"net.ipv4.tcp_syncookies\" not allowed with host net enabled");
  sysctl.name = "kernel.msgmax";
  EXPECT_EQ(*refusal(pod),
            (Verdict{"SysctlForbidden", "Pod was rejected: forbidden sysctl: \"kernel.msgmax\" not allowlisted"}));
}

TEST(Admission, RefusesPodsOfOtherSystems) {
  api::Pod pod = test_pod();
  pod.spec.os.emplace().name = "linux";
  EXPECT_FALSE(refusal(pod));
  pod.spec.os->name = "windows";
  EXPECT_EQ(refusal(pod)->reason, "PodOSNotSupported");
}

TEST(Admission, NamesWhatIsNotThere) {
  const auto pod_with = [](auto change) {
    api::Pod pod = test_pod();
    change(pod.spec);
    const auto done = check_supported(pod);
    return done ? std::string() : done.error().message;
  };
  EXPECT_EQ(pod_with([](api::PodSpec&) {}), "");
  EXPECT_EQ(pod_with([](api::PodSpec& s) { s.runtime_class_name = "gvisor"; }),
            "runtimeClassName \"gvisor\" is not supported by this node agent");
  EXPECT_THAT(pod_with([](api::PodSpec& s) { s.host_users = false; }), HasSubstr("hostUsers"));
  EXPECT_THAT(
      pod_with([](api::PodSpec& s) { s.security_context.emplace().seccomp_profile.emplace().type = "Localhost"; }),
      HasSubstr("seccompProfile type Localhost"));
  const auto container_with = [](auto change) {
    api::Pod pod = test_pod();
    change(pod.spec.containers[0]);
    const auto done = check_supported(pod, pod.spec.containers[0]);
    return done ? std::string() : done.error().message;
  };
  EXPECT_EQ(container_with([](api::Container&) {}), "");
  EXPECT_THAT(container_with([](api::Container& c) { c.volume_devices.emplace_back(); }), HasSubstr("volumeDevices"));
  EXPECT_THAT(container_with([](api::Container& c) { c.resources.limits["hugepages-2Mi"].text = "2Mi"; }),
              HasSubstr("hugepages-2Mi"));
}

}  // namespace
}  // namespace fairlead::agent
