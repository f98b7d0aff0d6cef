#include "net/cgroup.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "net/process.h"

namespace fairlead::net {
namespace {

TEST(CgroupMounts, HybridHostHasEveryHierarchyOnce) {
  const auto found = parse_cgroup_mounts(
      "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,size=4k\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n"
      "99 31 0:38 / /mnt/again rw,relatime - cgroup2 cgroup2 rw\n"
      "broken line\n");
  const std::vector<CgroupHierarchy> expected = {{"/sys/fs/cgroup/cpu,cpuacct", false, {"cpu", "cpuacct"}},
                                                 {"/sys/fs/cgroup/systemd", false, {"name=systemd"}},
                                                 {"/sys/fs/cgroup/unified", true, {}}};
  EXPECT_EQ(found, expected);
}

TEST(CgroupMounts, UnifiedHostHasOne) {
  const auto found =
      parse_cgroup_mounts("30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  EXPECT_EQ(found, (std::vector<CgroupHierarchy>{{"/sys/fs/cgroup", true, {}}}));
}

rt::Task<> destroy_populated(Cgroups& cgroups, std::string top) {
  auto done = co_await cgroups.destroy(top);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
}

TEST(Cgroups, DestroyKillsWhatRunsBelowAndRemovesTheTree) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root for cgroups";
  auto cgroups = Cgroups::open();
  if (!cgroups) GTEST_SKIP() << cgroups.error().message;
  const auto top = fmt::format("/fairlead-test-{}", random_suffix());
  const auto leaf = top + "/node1/runtime";
  const auto made = cgroups->create(leaf);
  if (!made) GTEST_SKIP() << made.error().message;
  ASSERT_TRUE(cgroups->create(leaf));
  SpawnOptions options;
  options.argv = {"sh", "-c", "sleep 1000 & wait"};
  options.cgroup_procs = cgroups->procs_files(leaf);
  auto process = Process::spawn(options);
  ASSERT_TRUE(process) << process.error().message;
  const auto inside = cgroups->processes(top);
  EXPECT_TRUE(std::find(inside.begin(), inside.end(), process->pid()) != inside.end());
  EXPECT_TRUE(cgroups->exists(top));
  rt::Loop loop;
  rt::run(loop, destroy_populated(*cgroups, top));
  EXPECT_FALSE(cgroups->exists(top));
  int status = 0;
  ASSERT_EQ(::waitpid(process->pid(), &status, 0), process->pid());
  EXPECT_TRUE(WIFSIGNALED(status));
  rt::run(loop, destroy_populated(*cgroups, top));  // gone already
}

}  // namespace
}  // namespace fairlead::net
