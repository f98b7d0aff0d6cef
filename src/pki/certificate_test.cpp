#include "pki/certificate.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/text.h"

namespace fairlead::pki {
namespace {

using namespace std::chrono_literals;
using std::chrono::days;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};

struct TempDir {
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "fairlead-pki-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(Ca, IssuesWhatTheSpecSays) {
  const auto ca = Ca::create("test-ca", kNow);
  ASSERT_TRUE(ca) << ca.error().message;
  const CertificateSpec spec{.common_name = "kube-apiserver",
                             .organizations = {"system:masters", "ops"},
                             .dns_names = {"kubernetes", "kubernetes.default.svc"},
                             .ip_addresses = {*IpAddress::parse("10.96.0.1"), *IpAddress::parse("fd00::1")},
                             .usage = Usage::kBoth,
                             .validity = days{30}};
  const auto pem = ca->issue(spec, kNow);
  ASSERT_TRUE(pem) << pem.error().message;
  const auto info = inspect(pem->certificate);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->common_name, spec.common_name);
  EXPECT_EQ(info->organizations, spec.organizations);
  EXPECT_EQ(info->dns_names, spec.dns_names);
  EXPECT_EQ(info->ip_addresses, spec.ip_addresses);
  EXPECT_EQ(info->not_after, kNow + days{30});
  EXPECT_EQ(info->not_before, kNow - 5min);
  EXPECT_FALSE(info->is_ca);
  EXPECT_TRUE(inspect(ca->pem().certificate)->is_ca);
}

TEST(Ca, NeverOutlivesItself) {
  const auto ca = Ca::create("short", kNow, days{10});
  const auto pem = ca->issue({.common_name = "x", .validity = days{100}}, kNow);
  EXPECT_EQ(inspect(pem->certificate)->not_after, kNow + days{10});
}

TEST(Ca, RefusesBadNamesAndSaysWhich) {
  const auto ca = Ca::create("test-ca", kNow);
  EXPECT_NE(ca->issue({.common_name = std::string(65, 'x')}, kNow).error().message.find("1 to 64"), std::string::npos);
  EXPECT_NE(ca->issue({.common_name = ""}, kNow).error().message.find("CN"), std::string::npos);
  const auto bad = ca->issue({.common_name = "x", .dns_names = {"a,IP:1.2.3.4"}}, kNow);
  EXPECT_NE(bad.error().message.find("a,IP:1.2.3.4"), std::string::npos);
}

TEST(Ca, LoadRefusesWhatIsNotAnAuthority) {
  const auto ca = Ca::create("test-ca", kNow);
  const auto other = Ca::create("other-ca", kNow);
  const auto leaf = ca->issue({.common_name = "leaf"}, kNow);
  EXPECT_TRUE(Ca::load(ca->pem()));
  EXPECT_NE(Ca::load(*leaf).error().message.find("CA:TRUE"), std::string::npos);
  EXPECT_NE(Ca::load({ca->pem().certificate, other->pem().key}).error().message.find("does not belong"),
            std::string::npos);
  EXPECT_NE(Ca::load({"", ""}).error().message.find("CA certificate: empty"), std::string::npos);
  EXPECT_NE(Ca::load({"garbage", ca->pem().key}).error().message.find("CA certificate"), std::string::npos);
}

TEST(Certificate, TellsWhenItEnds) {
  const auto ca = Ca::create("test-ca", kNow);
  const auto pem = ca->issue({.common_name = "x", .validity = days{30}}, kNow);
  EXPECT_EQ(*days_until_expiry(pem->certificate, kNow), 30);
  EXPECT_EQ(*days_until_expiry(pem->certificate, kNow + 1h), 29);
  EXPECT_EQ(*days_until_expiry(pem->certificate, kNow + days{30} + 1s), -1);
  EXPECT_FALSE(*needs_renewal(pem->certificate, kNow + days{19}));
  EXPECT_TRUE(*needs_renewal(pem->certificate, kNow + days{21}));
  EXPECT_FALSE(days_until_expiry("", kNow));
}

TEST(KeyPairFiles, KeysAreForTheOwnerOnly) {
  const TempDir dir;
  const std::string prefix = dir.path + "/ca";
  const auto made = Ca::load_or_create(prefix, "cluster-ca", kNow);
  ASSERT_TRUE(made) << made.error().message;
  struct stat status{};
  ASSERT_EQ(::stat((prefix + ".key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto again = Ca::load_or_create(prefix, "cluster-ca", kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->pem().certificate, made->pem().certificate);
  // Half a pair is somebody's loss, not a reason to make a new authority.
  std::filesystem::remove(prefix + ".key");
  EXPECT_NE(Ca::load_or_create(prefix, "cluster-ca", kNow).error().message.find("ca.key"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::pki
