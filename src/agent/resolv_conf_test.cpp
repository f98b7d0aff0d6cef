#include "agent/resolv_conf.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace fairlead::agent {
namespace {

namespace fs = std::filesystem;

TEST(RemoteNameServers, AreThoseThatAPodCanReach) {
  EXPECT_TRUE(remote_name_servers("nameserver 127.0.0.53\nnameserver ::1\nnameserver 0.0.0.0\n").empty());
  EXPECT_TRUE(remote_name_servers("search example.org\nnameserver nonsense\n").empty());
  EXPECT_EQ(remote_name_servers("nameserver 127.0.0.1\nnameserver 192.0.2.1\n"),
            std::vector{*IpAddress::parse("192.0.2.1")});
}

class DefaultResolvConf : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("fairlead-resolv-" + random_suffix(8));
    fs::create_directories(root_ / "etc");
    fs::create_directories(root_ / "run/systemd/resolve");
  }
  void TearDown() override { fs::remove_all(root_); }
  void write(const std::string& file, const std::string& text) const { std::ofstream(root_ / file) << text; }
  [[nodiscard]] std::string chosen() const { return default_resolv_conf(root_.string()).substr(root_.string().size()); }
  fs::path root_;
};

TEST_F(DefaultResolvConf, IsTheMachinesWhenItNamesARemoteServer) {
  write("etc/resolv.conf", "nameserver 127.0.0.1\nnameserver 192.0.2.1\n");
  write("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.2\n");
  EXPECT_EQ(chosen(), "/etc/resolv.conf");
}

TEST_F(DefaultResolvConf, IsResolvedsListWhenTheMachinesNamesItsStub) {
  write("etc/resolv.conf", "nameserver 127.0.0.53\noptions edns0 trust-ad\n");
  write("run/systemd/resolve/resolv.conf", "nameserver 192.0.2.2\n");
  EXPECT_EQ(chosen(), "/run/systemd/resolve/resolv.conf");
}

TEST_F(DefaultResolvConf, IsTheMachinesWhenThereIsNothingBetter) {
  EXPECT_EQ(chosen(), "/etc/resolv.conf");
  write("etc/resolv.conf", "nameserver 127.0.0.1\n");
  write("run/systemd/resolve/resolv.conf", "# none\n");
  EXPECT_EQ(chosen(), "/etc/resolv.conf");
}

}  // namespace
}  // namespace fairlead::agent
