// `up` and `down` with stand-ins for server, agent and containerd: this very program, started as they are. The whole
// program runs in network and mount namespaces of its own, so that the machine's links, routes and /run stay as they
// are.
#include "up/up.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "net/cgroup.h"
#include "net/http_server.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/process.h"
#include "pki/certificate.h"
#include "pki/kubeconfig.h"
#include "rt/time.h"
#include "up/child.h"
#include "up/state.h"
#include "up/topology.h"

namespace fairlead::up {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

// ---- stand-ins

std::string flag(int argc, char** argv, std::string_view name) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) return argv[i + 1];
  }
  return {};
}

rt::Task<> answer(net::HttpRequest request, net::ResponseWriter& response) {
  std::string body = "{}";
  if (request.target.starts_with("/api/v1/nodes")) {
    body = R"({"items":[)";
    for (int i = 1; i <= 9; ++i) {
      body += fmt::format(
          R"({}{{"metadata":{{"name":"node{}"}},"status":{{"conditions":[{{"type":"Ready","status":"True","lastHeartbeatTime":"{}"}}]}}}})",
          i == 1 ? "" : ",", i, format_rfc3339(SystemClock().now()));
    }
    body += "]}";
  } else if (request.target.find("/endpoints/") != std::string::npos) {
    body = R"({"subsets":[{"addresses":[{"ip":"10.244.0.2"}]}]})";
  }
  const int status = request.method == "POST" ? 201 : 200;
  (void)co_await response.send(status, net::Headers::of("Content-Type", "application/json"), body);
}

int serve(int argc, char** argv) {
  const auto data = flag(argc, argv, "--data-dir");
  const auto bind = flag(argc, argv, "--bind");
  const auto address = *IpAddress::parse(flag(argc, argv, "--advertise-address"));
  if (::access((data + "/refuse").c_str(), F_OK) == 0) {
    fmt::print(stderr, "fairlead: the store is damaged\n");
    return 1;
  }
  const SystemClock clock;
  fs::create_directories(data + "/pki");
  const auto ca = *pki::Ca::load_or_create(data + "/pki/ca", "test", clock.now());
  pki::CertificateSpec spec;
  spec.common_name = "server";
  spec.ip_addresses = {address};
  const auto own = *ca.issue(spec, clock.now());
  spec.usage = pki::Usage::kClient;
  const auto admin = *ca.issue(spec, clock.now());
  pki::Kubeconfig::Cluster cluster;
  cluster.name = "test";
  cluster.server = "https://" + bind;
  cluster.ca_pem = ca.pem().certificate;
  pki::Kubeconfig::User user;
  user.name = "admin";
  user.certificate_pem = admin.certificate;
  user.key_pem = admin.key;
  net::TlsServerConfig tls;
  tls.certificate_pem = own.certificate;
  tls.key_pem = own.key;
  rt::Loop loop;
  net::HttpServerConfig config;
  config.listen = {Endpoint{address, kApiPort}};
  config.tls = *net::TlsContext::server(tls);
  auto server = net::HttpServer::create(loop, config, &answer);
  if (!server) {
    fmt::print(stderr, "fairlead: {}\n", server.error().message);
    return 1;
  }
  (void)pki::write_kubeconfig(data + "/pki/admin.kubeconfig", pki::make_kubeconfig("test", cluster, user));
  loop.run();
  return 0;
}

// Listens where its configuration says and has one "container", which outlives it.
int contain(const std::string& config_file) {
  ::prctl(PR_SET_NAME, "containerd");
  const auto config = *read_file(config_file);
  const auto at = config.find("address = \"") + 11;
  const auto path = config.substr(at, config.find('"', at) - at);
  const auto root = config.find("root = \"") + 8;
  fs::create_directories(config.substr(root, config.find('"', root) - root));
  if (::access((path + ".pod").c_str(), F_OK) != 0) {
    const pid_t pod = ::fork();
    if (pod == 0) {
      ::prctl(PR_SET_NAME, "pod");
      ::setsid();
      for (;;) ::pause();
    }
    std::ofstream(path + ".pod") << pod;
  }
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a) != 0 || ::listen(fd, 10) != 0) return 1;
  for (;;) ::close(::accept(fd, nullptr, nullptr));
}

std::optional<int> stand_in(int argc, char** argv) {
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "server") return serve(argc, argv);
  if (command == "--config") return contain(argv[2]);
  if (command == "agent") {
    for (;;) ::pause();
  }
  return std::nullopt;
}

// ---- the tests

bool enter_own_namespaces() {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNET | CLONE_NEWNS) != 0) return false;
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("tmpfs", "/run", "tmpfs", 0, nullptr) != 0) return false;
  auto netlink = net::Netlink::open();
  return netlink && netlink->set_up("lo").has_value();
}
bool isolated = false;

void until(const std::function<bool()>& condition, std::string_view what) {
  rt::Loop loop;
  struct Poll {
    static rt::Task<bool> run(std::function<bool()> c) {
      while (!c()) co_await rt::sleep(2ms);
      co_return true;
    }
  };
  const auto done = rt::run(loop, rt::with_timeout(Poll::run(condition), 60s));
  ASSERT_TRUE(done) << "never: " << what;
}

class UpTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!isolated) GTEST_SKIP() << "needs root for network and mount namespaces";
    cgroups_.emplace(*net::Cgroups::open());
    if (!cgroups_->create("/fairlead-probe")) GTEST_SKIP() << "cgroups cannot be made here";
    rt::Loop loop;
    (void)rt::run(loop, cgroups_->destroy("/fairlead-probe"));
    char name[] = "/tmp/fairlead-up-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    config_.name = "t" + random_suffix(6);
    config_.nodes = 2;
    config_.executable = config_.containerd = fs::read_symlink("/proc/self/exe").string();
    config_.ctr = "true";
    config_.egress = false;
    config_.detach = true;
    config_.dns = false;
    config_.places.var = dir_ + "/var";
    config_.images_dir = dir_ + "/images";
    fs::create_directories(config_.images_dir);
    std::ofstream(config_.images_dir + "/fairlead.tar") << "image";
    ref_ = {config_.name, "", config_.places};
    before_ = traces();
  }
  void TearDown() override {
    if (dir_.empty()) return;
    EXPECT_TRUE(down({ref_, false}));
    expect_nothing_left();
    fs::remove_all(dir_);
  }
  // What this cluster has on the machine, besides its data.
  std::vector<std::string> traces() const {
    std::vector<std::string> out;
    auto netlink = net::Netlink::open();
    for (const auto links = netlink->links(); const auto& l : *links) out.push_back("link " + l.name);
    for (const auto names = net::list_netns(); const auto& n : *names) out.push_back("netns " + n);
    if (cgroups_->exists(cgroup_name(config_.name))) out.push_back("cgroup");
    for (const pid_t p : cgroups_->processes(cgroup_name(config_.name))) out.push_back(fmt::format("process {}", p));
    return out;
  }
  void expect_nothing_left() const {
    EXPECT_EQ(traces(), before_);
    EXPECT_FALSE(fs::exists(dir_ + "/var"));
    EXPECT_FALSE(fs::exists(config_.places.run));
    EXPECT_FALSE(fs::exists(config_.places.netns));
  }
  pid_t pid_of(const std::string& component, const std::string& node = "-") const {
    const auto text = status(ref_);
    if (!text) return 0;
    for (const auto line : split(*text, '\n')) {
      const auto words = split(line, ' ');
      if (words.size() == 3 && words[0] == component && words[1] == node)
        return static_cast<pid_t>(*parse_int(words[2]));
    }
    return 0;
  }
  Layout layout() const { return Layout{data_dir_of(ref_)}; }
  std::string log() const { return read_file(layout().logs() + "/up.log").value_or(""); }
  pid_t pod_of(const std::string& node) const {
    const auto text = read_file(layout().containerd_socket(node) + ".pod");
    return text ? static_cast<pid_t>(parse_int(trim(*text)).value_or(0)) : 0;
  }
  static void expect_restart(const std::function<pid_t()>& pid, std::string_view what) {
    const pid_t old = pid();
    ASSERT_GT(old, 0) << what;
    ASSERT_EQ(::kill(old, SIGKILL), 0);
    until([&] { return pid() != 0 && pid() != old; }, what);
  }

  std::string dir_;
  UpConfig config_;
  ClusterRef ref_;
  std::optional<net::Cgroups> cgroups_;
  std::vector<std::string> before_;
};

TEST_F(UpTest, WhatDiesIsStartedAgainAndASecondUpIsRefused) {
  const auto started = up(config_);
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(kubeconfig(ref_), layout().kubeconfig());
  for (const auto* node : {"node1", "node2"}) {
    EXPECT_GT(pid_of("containerd", node), 0);
    until([&] { return pid_of("agent", node) > 0; }, "agent");
  }
  expect_restart([&] { return pid_of("server"); }, "server");
  expect_restart([&] { return pid_of("agent", "node1"); }, "agent");
  expect_restart([&] { return pid_of("containerd", "node2"); }, "containerd");
  EXPECT_TRUE(net::process_start_time(pod_of("node2")));
  const auto again = up(config_);
  ASSERT_FALSE(again);
  EXPECT_NE(again.error().message.find(fmt::format("already running (pid {})", pid_of("supervisor"))),
            std::string::npos)
      << again.error().message;
}

TEST_F(UpTest, ANewSupervisorTakesOverWithoutTouchingPods) {
  ASSERT_TRUE(up(config_));
  const pid_t containerd = pid_of("containerd", "node1");
  const pid_t server = pid_of("server");
  const pid_t pod = pod_of("node1");
  const pid_t supervisor = pid_of("supervisor");
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  until([&] { return pid_of("supervisor") == 0; }, "supervisor gone");
  EXPECT_EQ(pid_of("server"), server);  // nothing else ends with it
  config_.nodes = 0;
  const auto again = up(config_);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(pid_of("containerd", "node1"), containerd);
  EXPECT_EQ(pod_of("node1"), pod);
  EXPECT_TRUE(net::process_start_time(pod));
  EXPECT_NE(pid_of("server"), server);
  expect_restart([&] { return pid_of("containerd", "node1"); }, "adopted containerd");
}

TEST_F(UpTest, AStoppedNodeIsDeadUntilItIsStarted) {
  ASSERT_TRUE(up(config_));
  const pid_t pod = pod_of("node2");
  const pid_t other = pod_of("node1");
  // What a shim would have left.
  const auto socket = dir_ + "/shim";
  const auto bundle = layout().containerd_state("node2") + "/io.containerd.runtime.v2.task/k8s.io/pod";
  fs::create_directories(bundle);
  std::ofstream(bundle + "/address") << "unix://" << socket;
  std::ofstream(socket) << "";
  ASSERT_TRUE(node_stop(ref_, "node2"));
  EXPECT_FALSE(fs::exists(socket));
  EXPECT_TRUE(cgroups_->processes(cgroup_name(config_.name) + "/node2").empty());
  EXPECT_EQ(pid_of("containerd", "node2"), 0);
  EXPECT_FALSE(net::Netlink::open()->link(veth_name(config_.name, 2))->up);
  EXPECT_TRUE(net::process_start_time(other));
  ASSERT_TRUE(node_stop(ref_, "node2"));
  fs::remove(layout().containerd_socket("node2") + ".pod");
  ASSERT_TRUE(node_start(ref_, "node2"));
  until([&] { return pid_of("containerd", "node2") > 0 && pid_of("agent", "node2") > 0; }, "node2 back");
  EXPECT_TRUE(net::Netlink::open()->link(veth_name(config_.name, 2))->up);
  EXPECT_NE(pod_of("node2"), pod);
  EXPECT_EQ(node_stop(ref_, "node3").error().code, Code::kNotFound);
}

TEST_F(UpTest, EndsCleanlyOnSignalAndGoesOnFromItsData) {
  ASSERT_TRUE(up(config_));
  std::ofstream(layout().server() + "/precious") << "data";
  const auto first = *load_state(layout());
  ASSERT_TRUE(down({ref_, true}));
  EXPECT_EQ(traces(), before_);
  EXPECT_TRUE(fs::exists(layout().server() + "/precious"));
  EXPECT_EQ(status(ref_), "");
  config_.nodes = 1;
  const auto smaller = up(config_);
  ASSERT_FALSE(smaller);
  EXPECT_NE(smaller.error().message.find("cannot shrink"), std::string::npos);
  config_.nodes = 3;
  ASSERT_TRUE(up(config_));
  EXPECT_EQ(load_state(layout())->nodes, 3);
  EXPECT_EQ(load_state(layout())->fabric_index, first.fabric_index);
  EXPECT_EQ(load_state(layout())->local_port, first.local_port);
}

TEST_F(UpTest, DownRemovesEverythingAfterEverythingWasKilled) {
  ASSERT_TRUE(up(config_));
  for (const auto& pid :
       {pid_of("supervisor"), pid_of("server"), pid_of("containerd", "node1"), pid_of("agent", "node2")}) {
    if (pid > 0) ::kill(pid, SIGKILL);
  }
  fs::remove(layout().state_file());  // and even without knowing what there was
  EXPECT_TRUE(down({ref_, false}));
  expect_nothing_left();
}

TEST_F(UpTest, DownRemovesEverythingWhenUpWasKilledHalfWay) {
  const std::vector<std::pair<std::string, std::function<bool()>>> moments = {
      {"state written", [&] { return fs::exists(layout().state_file()); }},
      {"first namespace", [&] { return fs::exists(config_.places.netns + "/" + node_netns_name(config_.name, 1)); }},
      {"server started", [&] { return pid_of("server") > 0; }},
      {"containerd started", [&] { return pid_of("containerd", "node1") > 0; }},
  };
  for (const auto& [what, reached] : moments) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      const int null = ::open("/dev/null", O_WRONLY);
      ::dup2(null, STDERR_FILENO);
      config_.detach = false;
      (void)up(config_);
      ::_exit(0);
    }
    until(reached, what);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    const auto removed = down({ref_, false});
    EXPECT_TRUE(removed) << what << ": " << removed.error().message;
    expect_nothing_left();
  }
}

TEST_F(UpTest, SaysWhyTheServerDoesNotStart) {
  fs::create_directories(layout().server());
  std::ofstream(layout().server() + "/refuse") << "";
  const auto failed = up(config_);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("the store is damaged"), std::string::npos) << failed.error().message;
  until([&] { return !FileLock::holder(lock_path(ref_)); }, "supervisor gone");
  EXPECT_EQ(traces(), before_);
}

TEST_F(UpTest, SaysWhatAFirewallOfTheMachineDropsAndGoesOnWithoutIt) {
  struct Firewall {
    const char* rules;
    const char* said;
  };
  const Firewall firewalls[] = {
      {"add table bridge f; add chain bridge f c { type filter hook forward priority 0; policy drop; };"
       "add rule bridge f c meta protocol arp accept",
       "nodes cannot reach each other"},
      {"add table inet f; add chain inet f c { type filter hook input priority 0; };"
       "add rule inet f c iifname \"fl-*\" drop",
       "nodes cannot reach the API at 10.84."},
  };
  for (const auto& [rules, said] : firewalls) {
    const std::string add = fmt::format("nft '{}'", rules);
    ASSERT_EQ(std::system(add.c_str()), 0);  // NOLINT(concurrency-mt-unsafe)
    const auto started = up(config_);
    ASSERT_EQ(std::system("nft flush ruleset"), 0);  // NOLINT(concurrency-mt-unsafe)
    EXPECT_TRUE(started) << started.error().message;
    EXPECT_NE(log().find(said), std::string::npos) << log();
    EXPECT_NE(log().find(fmt::format("-i {}", bridge_name(config_.name))), std::string::npos) << log();
    ASSERT_TRUE(down({ref_, false}));
  }
  ASSERT_TRUE(up(config_));
  EXPECT_EQ(log().find("firewall"), std::string::npos) << log();
}

TEST_F(UpTest, RefusesAResolvConfThatIsNotThere) {
  config_.resolv_conf = dir_ + "/nothing";
  const auto failed = up(config_);
  ASSERT_FALSE(failed);
  EXPECT_NE(failed.error().message.find("--resolv-conf"), std::string::npos) << failed.error().message;
}

TEST_F(UpTest, CommandsNameTheClusterThatDoesNotExist) {
  EXPECT_TRUE(down({ref_, false}));
  for (const auto& error :
       {kubeconfig(ref_).error(), node_exec(ref_, "node1", {"true"}).error(), node_stop(ref_, "node1").error()}) {
    EXPECT_EQ(error.code, Code::kNotFound);
    EXPECT_NE(error.message.find(config_.name), std::string::npos);
  }
}

TEST_F(UpTest, TwoClustersHaveDifferentNetworks) {
  ASSERT_TRUE(up(config_));
  auto other = config_;
  other.name += "b";
  other.nodes = 1;
  const ClusterRef other_ref{other.name, "", other.places};
  ASSERT_TRUE(up(other));
  EXPECT_NE(load_state(layout())->fabric_index, load_state(Layout{data_dir_of(other_ref)})->fabric_index);
  ASSERT_TRUE(down({other_ref, false}));
  EXPECT_GT(pid_of("server"), 0);
}

TEST(RestartBackoff, DoublesUpToALimitAndStartsOverAfterAHealthyRun) {
  RestartBackoff b;
  EXPECT_EQ(b.after_run_of(0s), 100ms);
  EXPECT_EQ(b.after_run_of(0s), 200ms);
  for (int i = 0; i < 10; ++i) (void)b.after_run_of(0s);
  EXPECT_EQ(b.after_run_of(0s), 5000ms);
  EXPECT_EQ(b.after_run_of(1min), 100ms);
}

}  // namespace
}  // namespace fairlead::up

int main(int argc, char** argv) {
  if (const auto code = fairlead::up::stand_in(argc, argv)) return *code;
  fairlead::up::isolated = fairlead::up::enter_own_namespaces();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
