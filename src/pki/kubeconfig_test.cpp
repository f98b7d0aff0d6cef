#include "pki/kubeconfig.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/text.h"

namespace fairlead::pki {
namespace {

struct TempDir {
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "fairlead-kubeconfig-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~TempDir() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(Kubeconfig, IsReadAsItWasWritten) {
  const TempDir dir;
  const std::string path = dir.path + "/config";
  const auto written = make_kubeconfig("fairlead", {.name = "", .server = "https://127.0.0.1:6443", .ca_pem = "CA\n"},
                                       {.name = "", .certificate_pem = "CERT\n", .key_pem = "KEY\n"});
  ASSERT_TRUE(write_kubeconfig(path, written));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  const auto read = load_kubeconfig(path);
  ASSERT_TRUE(read) << read.error().message;
  const auto access = select_context(*read);
  ASSERT_TRUE(access) << access.error().message;
  EXPECT_EQ(access->cluster.server, "https://127.0.0.1:6443");
  EXPECT_EQ(access->cluster.ca_pem, "CA\n");
  EXPECT_EQ(access->user.certificate_pem, "CERT\n");
  EXPECT_EQ(access->user.key_pem, "KEY\n");
  EXPECT_EQ(access->default_namespace, "default");
}

TEST(Kubeconfig, ReadsFilesBesideIt) {
  const TempDir dir;
  ASSERT_TRUE(write_file_atomically(dir.path + "/ca.crt", "THE CA"));
  const auto config = parse_kubeconfig(R"(
apiVersion: v1
kind: Config
clusters:
- name: c
  cluster: {server: "https://x:1", certificate-authority: ca.crt, tls-server-name: kubernetes}
users:
- name: u
  user: {tokenFile: tokens/t}
contexts:
- name: one
  context: {cluster: c, user: u, namespace: web}
current-context: one
)",
                                       dir.path);
  ASSERT_TRUE(config) << config.error().message;
  const auto access = select_context(*config);
  ASSERT_TRUE(access);
  EXPECT_EQ(access->cluster.ca_pem, "THE CA");
  EXPECT_EQ(access->cluster.tls_server_name, "kubernetes");
  EXPECT_EQ(access->user.token_file, dir.path + "/tokens/t");
  EXPECT_EQ(access->default_namespace, "web");
}

struct Bad {
  const char* yaml;
  const char* message;
};

TEST(Kubeconfig, NamesWhatIsMissingOrWrong) {
  const std::vector<Bad> cases{
      {"", "must be a map"},
      {"- a", "must be a map"},
      {"a: [", "line"},
      {"kind: Pod", "kind: must be Config, is \"Pod\""},
      {"clusters: 7", "clusters: must be a list"},
      {"clusters: [{name: c, cluster: {}}]", "clusters[0].cluster.server: missing"},
      {"clusters: [{cluster: {server: x}}]", "clusters[0].name: missing"},
      {"clusters: [{name: c, cluster: {server: [x]}}]", "clusters[0].cluster.server: must be a string"},
      {"clusters: [{name: c, cluster: {server: x, certificate-authority-data: '%'}}]",
       "clusters[0].cluster.certificate-authority-data: is not base64"},
      {"clusters: [{name: c, cluster: {server: x, certificate-authority: /nowhere/ca}}]",
       "clusters[0].cluster.certificate-authority: "},
      {"clusters: [{name: c, cluster: {server: x, insecure-skip-tls-verify: maybe}}]", "must be true or false"},
      {"users: [{name: u, user: {client-certificate-data: QQ==}}]", "users[0].user.client-key: missing"},
      {"users: [{name: u, user: {client-key-data: QQ==}}]", "users[0].user.client-certificate: missing"},
      {"contexts: [{name: c}]", "contexts[0].context.cluster: missing"},
  };
  for (const Bad& c : cases) {
    const auto config = parse_kubeconfig(c.yaml, ".");
    ASSERT_FALSE(config) << c.yaml;
    EXPECT_NE(config.error().message.find(c.message), std::string::npos) << c.yaml << ": " << config.error().message;
  }
}

TEST(Kubeconfig, SelectNamesWhatIsNotThere) {
  const auto message = [](const char* yaml, const char* context) {
    const auto access = select_context(*parse_kubeconfig(yaml, "."), context);
    return access ? std::string("none") : access.error().message;
  };
  EXPECT_NE(message("clusters: []", "").find("current-context: missing"), std::string::npos);
  EXPECT_NE(message("current-context: x", "").find("no context named \"x\""), std::string::npos);
  constexpr const char* kDangling = "contexts: [{name: x, context: {cluster: c, user: u}}]";
  EXPECT_NE(message(kDangling, "x").find("no cluster named \"c\""), std::string::npos);
  constexpr const char* kExec = R"(
clusters: [{name: c, cluster: {server: "https://x"}}]
users: [{name: u, user: {exec: {command: aws}}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
)";
  EXPECT_NE(message(kExec, "x").find("authenticates with exec"), std::string::npos);
}

}  // namespace
}  // namespace fairlead::pki
