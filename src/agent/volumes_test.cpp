#include "agent/volumes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "agent/atomic_dir.h"
#include "agent/mounts.h"
#include "agent/pod_testing.h"
#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class VolumesTest : public testing::Test {
 protected:
  VolumesTest() : base_(fs::canonical(testing::TempDir()).string() + "/fairlead-volumes-" + random_suffix(8)) {
    fs::create_directories(base_);
    node_.pods_dir = base_ + "/pods";
  }
  ~VolumesTest() override { fs::remove_all(base_); }

  // Mounts need a mount namespace of their own, which is a thread's.
  static void with_mounts(const std::function<void()>& body) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root to mount";
    std::thread([&body] {
      ASSERT_EQ(unshare(CLONE_NEWNS | CLONE_FS), 0);
      ASSERT_EQ(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
      body();
    }).join();
  }
  static std::string read(const std::string& path) { return read_file(path).value_or("(absent)"); }
  static unsigned mode_of(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
  }
  static unsigned group_of(const std::string& path) {
    struct stat info{};
    return stat(path.c_str(), &info) == 0 ? info.st_gid : 0;
  }
  static std::vector<std::string> names(const std::string& directory) {
    std::vector<std::string> out;
    for (const auto& entry : fs::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("..")) out.push_back(name);
    }
    return out;
  }

  std::string base_;
  NodeFacts node_;
};

TEST_F(VolumesTest, PayloadStandsBehindLinksAndChangesAtOnce) {
  const std::string dir = base_ + "/v";
  fs::create_directory(dir);
  const Payload first{{"conf/a", {"1", 0644, {}}}, {"key", {"k", 0400, {}}}};
  EXPECT_EQ(write_payload(dir, first, {}, kNow), true);
  EXPECT_EQ(read(dir + "/conf/a"), "1");
  EXPECT_EQ(mode_of(dir + "/key"), 0400U);
  EXPECT_EQ(fs::read_symlink(dir + "/key"), "..data/key");
  EXPECT_EQ(fs::read_symlink(dir + "/conf"), "..data/conf");
  const std::string data = fs::read_symlink(dir + "/..data").string();
  EXPECT_THAT(data, testing::StartsWith("..2023_11_14_22_13_20."));
  EXPECT_EQ(write_payload(dir, first, {}, kNow), false);
  EXPECT_EQ(fs::read_symlink(dir + "/..data").string(), data);

  EXPECT_EQ(write_payload(dir, {{"conf/a", {"2", 0644, {}}}, {"new", {"n", 0644, {}}}}, {}, kNow), true);
  EXPECT_EQ(read(dir + "/conf/a"), "2");
  EXPECT_THAT(names(dir), UnorderedElementsAre("conf", "new"));
  EXPECT_FALSE(fs::exists(dir + "/" + data));
}

TEST_F(VolumesTest, PayloadIsReadableByTheGroup) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to give files away";
  const std::string dir = base_ + "/v";
  fs::create_directory(dir);
  ASSERT_TRUE(write_payload(dir, {{"d/token", {"t", 0600, 1000}}}, 2000, kNow));
  EXPECT_EQ(mode_of(dir + "/d/token"), 0640U);
  EXPECT_EQ(group_of(dir + "/d/token"), 2000U);
  EXPECT_EQ(mode_of(dir + "/d"), 02755U);
  EXPECT_EQ(write_payload(dir, {{"d/token", {"t", 0600, 1000}}}, 2000, kNow), false);
}

TEST_F(VolumesTest, PayloadStaysBelowItsVolume) {
  for (const char* bad : {"../x", "/x", "a/../../x", ""}) {
    EXPECT_FALSE(write_payload(base_, {{bad, {"1", 0644, {}}}}, {}, kNow)) << bad;
  }
}

TEST_F(VolumesTest, FinishesAnUpdateThatWasInterrupted) {
  const std::string dir = base_ + "/v";
  fs::create_directory(dir);
  ASSERT_TRUE(write_payload(dir, {{"a", {"1", 0644, {}}}}, {}, kNow));
  fs::create_symlink("..nowhere", dir + "/..data_tmp");
  fs::create_directory(dir + "/..2020_01_01_00_00_00.1");
  EXPECT_EQ(write_payload(dir, {{"a", {"2", 0644, {}}}}, {}, kNow), true);
  EXPECT_EQ(read(dir + "/a"), "2");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 3);  // ..data, its directory, a
}

TEST_F(VolumesTest, EmptyDirsKeepWhatContainersDidToThem) {
  with_mounts([this] {
    api::Pod pod = test_pod();
    pod.spec.security_context.emplace().fs_group = 2000;
    pod.spec.volumes.emplace_back().name = "disk";
    pod.spec.volumes[0].volume_source.empty_dir.emplace();
    pod.spec.volumes.emplace_back().name = "memory";
    auto& memory = pod.spec.volumes[1].volume_source.empty_dir.emplace();
    memory.medium = "Memory";
    memory.size_limit.emplace().text = "1Mi";
    const auto volumes = prepare_volumes(pod, node_, {}, kNow);
    ASSERT_TRUE(volumes) << volumes.error().message;
    const std::string disk = volumes->at("disk").path;
    EXPECT_EQ(mode_of(disk), 02777U);
    EXPECT_EQ(group_of(disk), 2000U);
    EXPECT_TRUE(is_mount_point(volumes->at("memory").path));
    EXPECT_EQ(fs::space(volumes->at("memory").path).capacity, 1U << 20);
    chmod(disk.c_str(), 0700);
    std::ofstream(disk + "/file") << "x";
    EXPECT_EQ(prepare_volumes(pod, node_, {}, kNow), volumes);
    EXPECT_EQ(mode_of(disk), 0700U);
    EXPECT_EQ(read(disk + "/file"), "x");
    EXPECT_TRUE(remove_pod_files(node_, "u1"));
    EXPECT_FALSE(fs::exists(pod_directory(node_, "u1")));
  });
}

TEST_F(VolumesTest, SecretsAreKeptInMemoryAndReadOnly) {
  with_mounts([this] {
    api::Pod pod = test_pod();
    pod.spec.volumes.emplace_back().name = "secret";
    pod.spec.volumes[0].volume_source.secret.emplace().secret_name = "s";
    api::VolumeMount outer;
    outer.name = "secret";
    outer.mount_path = "/etc/s/";
    api::VolumeMount inner;
    inner.name = "other";
    inner.mount_path = "/etc/s/more/here";
    pod.spec.containers[0].volume_mounts = {outer, inner};
    const auto volumes = prepare_volumes(pod, node_, {{"secret", {{"k", {"v", 0644, {}}}}}}, kNow);
    ASSERT_TRUE(volumes) << volumes.error().message;
    EXPECT_TRUE(volumes->at("secret").read_only);
    EXPECT_TRUE(is_mount_point(volumes->at("secret").path));
    EXPECT_EQ(read(volumes->at("secret").path + "/k"), "v");
    EXPECT_TRUE(fs::is_directory(volumes->at("secret").path + "/more/here"));
    EXPECT_TRUE(update_volumes(pod, node_, {{"secret", {{"k", {"w", 0644, {}}}}}}, kNow));
    EXPECT_EQ(read(volumes->at("secret").path + "/k"), "w");
    EXPECT_TRUE(remove_pod_files(node_, "u1"));
  });
}

TEST_F(VolumesTest, HostPathsAreCheckedForTheirType) {
  api::Pod pod = test_pod();
  pod.spec.volumes.emplace_back().name = "h";
  auto& host = pod.spec.volumes[0].volume_source.host_path.emplace();
  std::ofstream(base_ + "/file") << "x";
  const auto error_of = [&](std::string path, std::string type) {
    host.path = std::move(path);
    host.type = std::move(type);
    const auto made = prepare_volumes(pod, node_, {}, kNow);
    return made ? std::string() : made.error().message;
  };
  EXPECT_EQ(error_of(base_ + "/file", "File"), "");
  EXPECT_EQ(
      error_of(base_ + "/file", "Directory"),
      "MountVolume.SetUp failed for volume \"h\" : hostPath type check failed: " + base_ + "/file is not a directory");
  EXPECT_THAT(error_of(base_ + "/none", "Socket"), HasSubstr("is not a socket file"));
  EXPECT_EQ(error_of(base_ + "/new/dir", "DirectoryOrCreate"), "");
  EXPECT_TRUE(fs::is_directory(base_ + "/new/dir"));
  EXPECT_EQ(error_of(base_ + "/new/file", "FileOrCreate"), "");
  EXPECT_TRUE(fs::is_regular_file(base_ + "/new/file"));
}

TEST_F(VolumesTest, SaysWhichVolumeTypeIsNotThere) {
  api::Pod pod = test_pod();
  pod.spec.volumes.emplace_back().name = "data";
  pod.spec.volumes[0].volume_source.persistent_volume_claim.emplace().claim_name = "c";
  EXPECT_THAT(prepare_volumes(pod, node_, {}, kNow).error().message,
              HasSubstr("\"data\" : volumes of type persistentVolumeClaim are not supported"));
}

TEST_F(VolumesTest, SubPathsAreMadeAndStayInside) {
  with_mounts([this] {
    const std::string volume = base_ + "/v";
    const std::string outside = base_ + "/outside";
    fs::create_directories(volume);
    fs::create_directories(outside);
    chmod(volume.c_str(), 0777);
    std::ofstream(outside + "/secret") << "s";
    const api::Pod pod = test_pod();
    const auto bind = [&](std::string sub) -> std::string {
      ContainerSpec spec;
      spec.name = "web";
      CriMount mount;
      mount.container_path = "/x";
      mount.host_path = volume;
      mount.volume = "data";
      mount.sub_path = std::move(sub);
      spec.mounts = {mount};
      const auto done = prepare_sub_paths(pod, node_, spec);
      return done ? spec.mounts[0].host_path : done.error().message;
    };
    const std::string made = bind("a/b");
    EXPECT_EQ(made, pod_directory(node_, "u1") + "/volume-subpaths/web/0");
    EXPECT_TRUE(is_mount_point(made));
    EXPECT_EQ(mode_of(volume + "/a/b"), 0777U);
    std::ofstream(volume + "/a/b/f") << "1";
    EXPECT_EQ(read(made + "/f"), "1");
    EXPECT_EQ(read(bind("a/b/f")), "1");  // a file too, in place of what was bound before

    fs::create_directory_symlink("a", volume + "/inner");
    EXPECT_EQ(read(bind("inner/b/f")), "1");
    fs::create_symlink(outside, volume + "/out");
    const std::string refused = "failed to prepare subPath for volumeMount \"data\" of container \"web\"";
    EXPECT_EQ(bind("out/secret"), refused);
    EXPECT_EQ(bind("out"), refused);
    EXPECT_EQ(bind("out/made"), refused);
    EXPECT_FALSE(fs::exists(outside + "/made"));

    EXPECT_TRUE(remove_pod_files(node_, "u1"));
    EXPECT_EQ(read(volume + "/a/b/f"), "1");
    EXPECT_FALSE(fs::exists(pod_directory(node_, "u1")));
  });
}

}  // namespace
}  // namespace fairlead::agent
