// The agent against an API and a runtime in memory.
#include "agent/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/fake_cri.h"
#include "agent/pod_testing.h"
#include "api/kinds/configmap.h"
#include "api/kinds/event.h"
#include "api/kinds/lease.h"
#include "api/kinds/node.h"
#include "api/kinds/secret.h"
#include "base/text.h"
#include "client/memory_api.h"
#include "client/testing.h"
#include "rt/time.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class AgentTest : public testing::Test {
 protected:
  AgentTest() {
    config_.node_name = "node1";
    config_.node_ip = *IpAddress::parse("10.84.0.11");
    config_.pod_cidrs = {*Cidr::parse("10.244.1.0/24")};
    config_.data_dir = testing::TempDir() + "fairlead-agent-" + random_suffix(8);
    config_.cluster_dns = {"10.96.0.10"};
    config_.manage_network = false;
    config_.cgroup_parent = "/fairlead-agent-test-absent";
    start();
  }
  ~AgentTest() override {
    stop();
    std::filesystem::remove_all(config_.data_dir);
  }

  void start() {
    group_ = std::make_unique<rt::TaskGroup>(loop_);
    informers_ = std::make_unique<client::SharedInformers>(loop_, api_);
    agent_ = std::make_unique<Agent>(loop_, api_, *informers_, clock_, cri_, config_);
    for (auto* informer : informers_->all()) group_->spawn("informer", informer->run());
    group_->spawn("agent", agent_->run());
  }
  // As kill -9 does to what the agent knows: nothing is left but the API and the runtime.
  void stop() {
    group_->cancel();
    wait_until([this] { return group_->size() == 0; });
    agent_.reset();
    informers_.reset();
  }

  // Runs the loop until `done`; blocking() work and short pauses really take time, the clock is the system's.
  void wait_until(const std::function<bool()>& done) {
    const auto limit = std::chrono::steady_clock::now() + 20s;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), limit) << "did not happen";
      loop_.context().restart();
      loop_.context().run_one_for(50ms);
    }
  }

  api::Pod pod(const std::string& name = "web-1") {
    api::Pod p = test_pod();
    p.metadata.name = name;
    p.metadata.uid = "uid-" + name;
    p.spec.termination_grace_period_seconds = 30;
    return p;
  }
  std::shared_ptr<const api::Pod> stored(const std::string& name = "web-1") {
    return api_.find<api::Pod>("default", name);
  }
  bool ready(const std::string& name = "web-1") {
    const auto p = stored(name);
    if (!p) return false;
    return std::ranges::any_of(p->status.conditions,
                               [](const api::PodCondition& c) { return c.type == "Ready" && c.status == "True"; });
  }
  const api::ContainerStatus* first_status(const std::string& name = "web-1") {
    const auto p = stored(name);
    return p && !p->status.container_statuses.empty() ? &p->status.container_statuses[0] : nullptr;
  }
  std::string waiting_reason() {
    const auto* s = first_status();
    return s && s->state.waiting ? s->state.waiting->reason : "";
  }
  std::string waiting_message() {
    const auto* s = first_status();
    return s && s->state.waiting ? s->state.waiting->message : "";
  }
  std::vector<std::string> event_reasons() {
    std::vector<std::string> out;
    for (const auto& e : api_.all<api::Event>()) out.push_back(e->reason);
    return out;
  }
  void remove(const std::string& name, int64_t grace) {
    client::DeleteOptions options;
    options.grace_period_seconds = grace;
    ASSERT_TRUE(client::run_now(loop_, api_.remove(api::kind_of<api::Pod>(), "default", name, options)));
  }

  rt::Loop loop_;
  SystemClock clock_;
  client::MemoryApi api_{loop_, clock_};
  FakeCri cri_{loop_, clock_};
  AgentConfig config_;
  std::unique_ptr<client::SharedInformers> informers_;
  std::unique_ptr<Agent> agent_;
  std::unique_ptr<rt::TaskGroup> group_;
};

TEST_F(AgentTest, RegistersItsNodeAndKeepsALease) {
  wait_until([&] { return api_.find<api::Lease>("kube-node-lease", "node1") != nullptr; });
  const auto node = api_.find<api::Node>("", "node1");
  ASSERT_TRUE(node);
  EXPECT_EQ(node->spec.pod_cidr, "10.244.1.0/24");
  EXPECT_EQ(node->metadata.labels.at("kubernetes.io/hostname"), "node1");
  EXPECT_EQ(node->status.addresses[0].address, "10.84.0.11");
  EXPECT_EQ(node->status.node_info.container_runtime_version, "fake://1");
  EXPECT_TRUE(std::ranges::any_of(node->status.conditions,
                                  [](const auto& c) { return c.type == "Ready" && c.status == "True"; }));
}

TEST_F(AgentTest, RunsAPodAndReportsIt) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  EXPECT_THAT(cri_.take_calls(), ElementsAre("run web-1", "create web0", "start web0"));
  const auto p = stored();
  EXPECT_EQ(p->status.phase, "Running");
  EXPECT_EQ(p->status.pod_ip, "10.244.1.5");
  EXPECT_EQ(p->status.host_ip, "10.84.0.11");
  wait_until([&] { return testing::Value(event_reasons(), Contains("Started")); });
  EXPECT_THAT(event_reasons(), Contains("Pulled"));
}

TEST_F(AgentTest, TellsPodsAboutServices) {
  api::Service s;
  s.metadata.name = "db";
  s.metadata.namespace_ = "default";
  s.spec.cluster_ip = "10.96.3.4";
  s.spec.ports.emplace_back().port = 3306;
  api_.put(s);
  api_.put(pod());
  wait_until([&] { return ready(); });
  EXPECT_THAT(cri_.specs.at("uid-web-1-web0").env, Contains(testing::Pair("DB_SERVICE_HOST", "10.96.3.4")));
}

TEST_F(AgentTest, SaysWhyAnImageCannotBeHad) {
  cri_.images.clear();
  cri_.pull_errors["localhost/web:1"] = "dial tcp: lookup localhost: no such host";
  api_.put(pod());
  wait_until([&] { return waiting_reason() == "ErrImagePull"; });
  EXPECT_THAT(first_status()->state.waiting->message, HasSubstr("no such host"));
  wait_until([&] { return waiting_reason() == "ImagePullBackOff"; });
  EXPECT_THAT(cri_.take_calls(), ElementsAre("run web-1", "pull localhost/web:1"));
}

TEST_F(AgentTest, PullsOnceForAllWhoWait) {
  cri_.images.clear();
  api_.put(pod("web-1"));
  api_.put(pod("web-2"));
  wait_until([&] { return ready("web-1") && ready("web-2"); });
  const auto calls = cri_.take_calls();
  EXPECT_EQ(std::ranges::count(calls, "pull localhost/web:1"), 1);
}

TEST_F(AgentTest, RestartsWhatExits) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  cri_.exit("uid-web-1-web0", 3);
  wait_until([&] { return ready() && first_status()->restart_count == 1; });
  EXPECT_EQ(first_status()->last_state.terminated->exit_code, 3);
  cri_.exit("uid-web-1-web1", 4);
  wait_until([&] { return waiting_reason() == "CrashLoopBackOff"; });
  EXPECT_FALSE(ready());
}

TEST_F(AgentTest, EndsADeletedPodGracefullyAndThenRemovesIt) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  cri_.calls.clear();
  cri_.stops_need_help = true;
  remove("web-1", 7);
  wait_until([&] { return testing::Value(cri_.calls, Contains("stop web0 7")); });
  EXPECT_TRUE(stored());  // it is still there, and serves, while it drains
  EXPECT_TRUE(ready());
  cri_.exit("uid-web-1-web0", 0);
  wait_until([&] { return !stored(); });
  EXPECT_THAT(cri_.take_calls(), ElementsAre("stop web0 7", "stop sandbox", "remove sandbox"));
  EXPECT_TRUE(cri_.sandboxes.empty());
  EXPECT_FALSE(std::filesystem::exists(config_.data_dir + "/pods/uid-web-1"));
}

TEST_F(AgentTest, ShortensTheGraceWhenAsked) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  cri_.stops_need_help = true;
  remove("web-1", 30);
  wait_until([&] { return testing::Value(cri_.calls, Contains("stop web0 30")); });
  remove("web-1", 0);
  wait_until([&] { return cri_.sandboxes.empty(); });
}

TEST_F(AgentTest, AdoptsRunningPodsWhenItStartsAgain) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  stop();
  cri_.calls.clear();
  api_.take_writes();
  start();
  api_.put(pod("web-2"));
  wait_until([&] { return ready("web-2"); });
  EXPECT_THAT(cri_.take_calls(), Not(Contains(HasSubstr("stop"))));
  EXPECT_THAT(api_.take_writes(), Not(Contains("update Pod/status default/web-1")));
  EXPECT_EQ(first_status()->restart_count, 0);
}

TEST_F(AgentTest, EndsWhatTheApiDoesNotKnow) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  stop();
  api_.drop(api::kind_of<api::Pod>(), "default", "web-1");
  start();
  wait_until([&] { return cri_.sandboxes.empty(); });
}

TEST_F(AgentTest, RemovesTheFilesOfPodsThatEndedWithoutIt) {
  stop();
  const std::string left = config_.data_dir + "/pods/uid-old";
  std::filesystem::create_directories(left + "/volumes/kubernetes.io~empty-dir/data");
  start();
  wait_until([&] { return !std::filesystem::exists(left); });
}

TEST_F(AgentTest, StartsPodsAnewAfterAReboot) {
  api_.put(pod());
  wait_until([&] { return ready(); });
  stop();
  for (auto& s : cri_.sandboxes) s.ready = false;
  for (auto& c : cri_.containers) {
    c.state = ContainerState::kExited;
    c.exit_code = 255;
  }
  start();
  wait_until([&] { return ready() && first_status()->restart_count == 1; });
}

TEST_F(AgentTest, WaitsForARuntimeThatIsAway) {
  cri_.down = Error{Code::kUnavailable, "no socket", {}};
  api_.put(pod());
  wait_until([&] { return api_.find<api::Node>("", "node1") != nullptr; });
  cri_.down.reset();
  wait_until([&] { return ready(); });
}

TEST_F(AgentTest, NamesTheVolumeTypeThatItDoesNotHave) {
  api::Pod p = pod();
  p.spec.volumes.emplace_back().name = "data";
  p.spec.volumes[0].volume_source.persistent_volume_claim.emplace().claim_name = "c";
  api_.put(p);
  wait_until([&] { return testing::Value(event_reasons(), Contains("FailedMount")); });
  wait_until([&] { return waiting_message().find("persistentVolumeClaim") != std::string::npos; });
}

api::ConfigMap settings(std::string mode) {
  api::ConfigMap map;
  map.metadata.name = "settings";
  map.metadata.namespace_ = "default";
  map.data = {{"mode", std::move(mode)}};
  return map;
}

TEST_F(AgentTest, WaitsForTheConfigMapThatTheEnvironmentNeeds) {
  api::Pod p = pod();
  auto& ref = p.spec.containers[0].env.emplace_back().value_from.emplace().config_map_key_ref.emplace();
  p.spec.containers[0].env[0].name = "MODE";
  ref.local_object_reference.name = "settings";
  ref.key = "mode";
  api_.put(p);
  wait_until([&] { return waiting_reason() == "CreateContainerConfigError"; });
  EXPECT_EQ(waiting_message(), "configmap \"settings\" not found");
  api_.put(settings("fast"));
  wait_until([&] { return ready(); });
  EXPECT_THAT(cri_.specs.at("uid-web-1-web0").env, Contains(testing::Pair("MODE", "fast")));
}

TEST_F(AgentTest, KeepsConfigMapVolumesCurrentAlsoAfterARestart) {
  api::Pod p = pod();
  p.spec.volumes.emplace_back().name = "conf";
  p.spec.volumes[0].volume_source.config_map.emplace().local_object_reference.name = "settings";
  auto& mount = p.spec.containers[0].volume_mounts.emplace_back();
  mount.name = "conf";
  mount.mount_path = "/conf";
  api_.put(p);
  wait_until([&] { return testing::Value(event_reasons(), Contains("FailedMount")); });
  EXPECT_EQ(waiting_message(), "MountVolume.SetUp failed for volume \"conf\" : configmap \"settings\" not found");
  api_.put(settings("1"));
  wait_until([&] { return ready(); });
  const auto& mounts = cri_.specs.at("uid-web-1-web0").mounts;
  const auto found = std::ranges::find(mounts, "/conf", &CriMount::container_path);
  ASSERT_NE(found, mounts.end());
  EXPECT_TRUE(found->readonly);
  const std::string file = found->host_path + "/mode";
  EXPECT_EQ(read_file(file), "1");
  api_.put(settings("2"));
  wait_until([&] { return read_file(file) == "2"; });
  stop();
  start();
  wait_until([&] { return ready(); });
  api_.put(settings("3"));
  wait_until([&] { return read_file(file) == "3"; });
}

TEST_F(AgentTest, PullsWithTheCredentialsOfTheImagePullSecret) {
  api::Secret secret;
  secret.metadata.name = "registry";
  secret.metadata.namespace_ = "default";
  secret.data[".dockerconfigjson"].data = R"({"auths":{"registry.example.com":{"username":"joe","password":"p"}}})";
  api_.put(secret);
  api::Pod p = pod();
  p.spec.image_pull_secrets = {{"registry"}, {"absent"}};
  p.spec.containers[0].image = "registry.example.com/web:1";
  api_.put(p);
  wait_until([&] { return ready(); });
  EXPECT_THAT(cri_.take_calls(), Contains("pull registry.example.com/web:1 as joe"));
  wait_until([&] { return testing::Value(event_reasons(), Contains("FailedToRetrieveImagePullSecret")); });
}

TEST_F(AgentTest, FailsAPodWithASysctlThatIsNotSafe) {
  api::Pod p = pod();
  p.spec.security_context.emplace().sysctls.emplace_back().name = "kernel.msgmax";
  api_.put(p);
  wait_until([&] { return stored()->status.phase == "Failed"; });
  EXPECT_EQ(stored()->status.reason, "SysctlForbidden");
  EXPECT_THAT(cri_.take_calls(), testing::IsEmpty());
}

TEST_F(AgentTest, ProbesBeforeItSaysReadyAndRestartsWhatIsNotAlive) {
  int32_t code = 1;
  cri_.on_exec = [&code](const std::string&, const std::vector<std::string>& command) -> Result<ExecResult> {
    return ExecResult{"", "", command[0] == "ready" ? code : 0};
  };
  api::Pod p = pod();
  api::Probe probe;
  probe.period_seconds = 1;
  probe.handler.exec.emplace().command = {"ready"};
  p.spec.containers[0].readiness_probe = probe;
  api_.put(p);
  wait_until([&] { return first_status() && first_status()->state.running; });
  EXPECT_FALSE(ready());
  code = 0;
  wait_until([&] { return ready(); });
}

TEST_F(AgentTest, EndsAPodAtItsDeadline) {
  api::Pod p = pod();
  p.spec.active_deadline_seconds = 1;
  api_.put(p);
  wait_until([&] { return ready(); });
  wait_until([&] { return stored()->status.phase == "Failed"; });
  EXPECT_EQ(stored()->status.reason, "DeadlineExceeded");
  wait_until([&] { return !cri_.sandboxes[0].ready; });
  EXPECT_THAT(cri_.take_calls(), Contains("stop web0 30"));
}

TEST_F(AgentTest, RestartsAContainerWhosePostStartFails) {
  int32_t code = 1;
  cri_.on_exec = [&code](const std::string&, const std::vector<std::string>&) -> Result<ExecResult> {
    return ExecResult{"", "secret", code};
  };
  api::Pod p = pod();
  p.spec.containers[0].lifecycle.emplace().post_start.emplace().exec.emplace().command = {"hook"};
  api_.put(p);
  wait_until([&] { return testing::Value(event_reasons(), Contains("FailedPostStartHook")); });
  code = 0;
  wait_until([&] { return ready() && first_status()->restart_count > 0; });
  for (const auto& e : api_.all<api::Event>()) EXPECT_THAT(e->message, Not(HasSubstr("secret")));
}

TEST_F(AgentTest, ReportsTheTerminationMessage) {
  api::Pod p = pod();
  p.spec.restart_policy = "Never";
  p.spec.containers[0].termination_message_path = "/dev/termination-log";
  api_.put(p);
  wait_until([&] { return ready(); });
  const auto& mounts = cri_.specs.at("uid-web-1-web0").mounts;
  const auto file = std::ranges::find(mounts, "/dev/termination-log", &CriMount::container_path);
  ASSERT_NE(file, mounts.end());
  ASSERT_TRUE(write_file_atomically(file->host_path, "out of tea"));
  cri_.exit("uid-web-1-web0", 1);
  wait_until([&] { return stored()->status.phase == "Failed"; });
  EXPECT_EQ(first_status()->state.terminated->message, "out of tea");
}

TEST_F(AgentTest, StopsSidecarsAfterTheOthers) {
  api::Pod p = pod();
  p.spec.init_containers = {test_container("s1"), test_container("s2")};
  for (auto& c : p.spec.init_containers) c.restart_policy = "Always";
  api_.put(p);
  wait_until([&] { return ready(); });
  EXPECT_THAT(cri_.take_calls(), ElementsAre("run web-1", "create s10", "start s10", "create s20", "start s20",
                                             "create web0", "start web0"));
  remove("web-1", 7);
  wait_until([&] { return !stored(); });
  EXPECT_THAT(cri_.take_calls(),
              ElementsAre("stop web0 7", "stop s20 7", "stop s10 7", "stop sandbox", "remove sandbox"));
}

TEST_F(AgentTest, RunsPodsThatEnd) {
  api::Pod p = pod();
  p.spec.restart_policy = "Never";
  api_.put(p);
  wait_until([&] { return ready(); });
  cri_.exit("uid-web-1-web0", 0);
  wait_until([&] { return stored()->status.phase == "Succeeded"; });
  EXPECT_EQ(first_status()->state.terminated->reason, "Completed");
  wait_until([&] { return !cri_.sandboxes[0].ready; });
}

}  // namespace
}  // namespace fairlead::agent
