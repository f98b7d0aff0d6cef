// A runtime in memory, for tests: everything succeeds at once unless told otherwise.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/cri.h"
#include "rt/event.h"

namespace fairlead::agent {

class FakeCri final : public Cri {
 public:
  FakeCri(rt::Loop& loop, const Clock& clock) : clock_(clock), event_(loop), stopping_(loop) {}

  // ---- what tests set and read
  std::set<std::string> images{"localhost/web:1"};
  std::map<std::string, std::string> pull_errors;  // image -> the registry's answer
  std::optional<Error> down;                       // every call fails with it
  std::optional<Error> sandbox_error;
  bool stops_need_help = false;  // stop_container() waits until the test exits the container
  std::vector<Sandbox> sandboxes;
  std::vector<CriContainer> containers;
  std::map<std::string, ContainerSpec> specs;  // by container id
  std::vector<std::string> calls;              // "run web-1", "start web0", "stop web0 30", ...
  std::function<Result<ExecResult>(const std::string& id, const std::vector<std::string>&)> on_exec;
  std::string streaming_url = "http://127.0.0.1:1";

  void exit(const std::string& id, int32_t code) {
    for (CriContainer& c : containers) {
      if (c.id != id || c.state == ContainerState::kExited) continue;
      c.state = ContainerState::kExited;
      c.exit_code = code;
      c.finished_at = clock_.now();
      c.reason = code == 0 ? "Completed" : "Error";
    }
    stopping_.notify();
    if (on_event_) on_event_();
  }
  [[nodiscard]] std::vector<std::string> take_calls() { return std::exchange(calls, {}); }

  // ---- Cri
  Task<Result<CriVersion>> version() override {
    if (down) co_return fail(*down);
    co_return CriVersion{"fake", "1"};
  }
  Task<Result<std::vector<CriCondition>>> status() override {
    if (down) co_return fail(*down);
    co_return std::vector<CriCondition>{{"RuntimeReady", true, "", ""}};
  }
  Task<Result<std::string>> run_sandbox(SandboxSpec spec) override {
    if (down) co_return fail(*down);
    if (sandbox_error) co_return fail(*sandbox_error);
    calls.push_back("run " + spec.name);
    Sandbox s;
    s.id = spec.uid + "-s" + std::to_string(spec.attempt);
    s.name = spec.name;
    s.uid = spec.uid;
    s.ns = spec.ns;
    s.attempt = spec.attempt;
    s.ready = true;
    s.created_at = clock_.now();
    s.labels = spec.labels;
    sandboxes.insert(sandboxes.begin(), s);
    co_return s.id;
  }
  Task<Result<>> stop_sandbox(std::string id) override {
    if (down) co_return fail(*down);
    calls.push_back("stop sandbox");
    for (Sandbox& s : sandboxes) {
      if (s.id == id) s.ready = false;
    }
    for (const CriContainer& c : std::vector<CriContainer>(containers)) {
      if (c.sandbox_id == id) exit(c.id, 137);
    }
    co_return Result<>{};
  }
  Task<Result<>> remove_sandbox(std::string id) override {
    if (down) co_return fail(*down);
    calls.push_back("remove sandbox");
    std::erase_if(sandboxes, [&](const Sandbox& s) { return s.id == id; });
    std::erase_if(containers, [&](const CriContainer& c) { return c.sandbox_id == id; });
    co_return Result<>{};
  }
  Task<Result<SandboxStatus>> sandbox_status(std::string id) override {
    if (down) co_return fail(*down);
    for (const Sandbox& s : sandboxes) {
      if (s.id == id) co_return SandboxStatus{s, {"10.244.1.5"}};
    }
    co_return fail(Code::kNotFound, "no such sandbox");
  }
  Task<Result<std::vector<Sandbox>>> list_sandboxes(std::string pod_uid) override {
    if (down) co_return fail(*down);
    std::vector<Sandbox> out;
    for (const Sandbox& s : sandboxes) {
      if (pod_uid.empty() || s.uid == pod_uid) out.push_back(s);
    }
    co_return out;
  }
  Task<Result<std::string>> create_container(std::string sandbox_id, ContainerSpec spec, SandboxSpec) override {
    if (down) co_return fail(*down);
    calls.push_back("create " + spec.name + std::to_string(spec.attempt));
    CriContainer c;
    c.id = spec.labels[kPodUidLabel] + "-" + spec.name + std::to_string(spec.attempt);
    c.sandbox_id = sandbox_id;
    c.name = spec.name;
    c.attempt = spec.attempt;
    c.state = ContainerState::kCreated;
    c.created_at = clock_.now();
    c.labels = spec.labels;
    c.annotations = spec.annotations;
    c.image = c.image_ref = spec.image;
    specs[c.id] = spec;
    containers.insert(containers.begin(), c);
    co_return c.id;
  }
  Task<Result<>> start_container(std::string id) override {
    if (down) co_return fail(*down);
    for (CriContainer& c : containers) {
      if (c.id != id) continue;
      calls.push_back("start " + c.name + std::to_string(c.attempt));
      c.state = ContainerState::kRunning;
      c.started_at = clock_.now();
    }
    co_return Result<>{};
  }
  Task<Result<>> stop_container(std::string id, Seconds grace) override {
    if (down) co_return fail(*down);
    const auto found = std::ranges::find(containers, id, &CriContainer::id);
    if (found == containers.end()) co_return Result<>{};
    calls.push_back("stop " + found->name + std::to_string(found->attempt) + " " + std::to_string(grace.count()));
    while (stops_need_help && grace.count() > 1 && running(id)) co_await stopping_.wait();
    exit(id, 143);
    co_return Result<>{};
  }
  Task<Result<>> remove_container(std::string id) override {
    if (down) co_return fail(*down);
    calls.push_back("remove container");
    std::erase_if(containers, [&](const CriContainer& c) { return c.id == id; });
    co_return Result<>{};
  }
  Task<Result<CriContainer>> container_status(std::string id) override {
    if (down) co_return fail(*down);
    const auto found = std::ranges::find(containers, id, &CriContainer::id);
    if (found == containers.end()) co_return fail(Code::kNotFound, "no such container");
    co_return *found;
  }
  Task<Result<std::vector<CriContainer>>> list_containers(std::string pod_uid) override {
    if (down) co_return fail(*down);
    std::vector<CriContainer> out;
    for (const CriContainer& c : containers) {
      const auto uid = c.labels.find(kPodUidLabel);
      if (pod_uid.empty() || (uid != c.labels.end() && uid->second == pod_uid)) out.push_back(c);
    }
    co_return out;
  }
  Task<Result<>> reopen_log(std::string) override { co_return Result<>{}; }
  Task<Result<ExecResult>> exec_sync(std::string id, std::vector<std::string> command, Seconds) override {
    if (down) co_return fail(*down);
    if (on_exec) co_return on_exec(id, command);
    co_return ExecResult{};
  }
  Task<Result<std::string>> exec(std::string id, std::vector<std::string> command, StdStreams streams) override {
    if (down) co_return fail(*down);
    calls.push_back(fmt::format("exec {} [{}] {}", id, fmt::join(command, ","), letters(streams)));
    co_return streaming_url + "/exec/token";
  }
  Task<Result<std::string>> attach(std::string id, StdStreams streams) override {
    if (down) co_return fail(*down);
    calls.push_back(fmt::format("attach {} {}", id, letters(streams)));
    co_return streaming_url + "/attach/token";
  }
  Task<Result<std::string>> port_forward(std::string sandbox_id, std::vector<int32_t> ports) override {
    if (down) co_return fail(*down);
    calls.push_back(fmt::format("forward {} [{}]", sandbox_id, fmt::join(ports, ",")));
    co_return streaming_url + "/portforward/token";
  }
  Task<Result<std::optional<CriImage>>> image_status(std::string image) override {
    if (down) co_return fail(*down);
    std::optional<CriImage> out;
    if (images.contains(image)) out.emplace().id = "sha256:" + image;
    co_return out;
  }
  Task<Result<std::string>> pull_image(std::string image, std::optional<RegistryAuth> auth) override {
    if (down) co_return fail(*down);
    calls.push_back("pull " + image + (auth ? " as " + auth->username : ""));
    if (const auto error = pull_errors.find(image); error != pull_errors.end())
      co_return fail(Code::kInternal, error->second);
    images.insert(image);
    co_return image;
  }
  Task<Result<std::vector<CriImage>>> list_images() override { co_return std::vector<CriImage>{}; }
  Task<Result<>> watch_events(std::function<void()> on_event) override {
    struct Guard {
      std::function<void()>& slot;
      ~Guard() { slot = nullptr; }
    } guard{on_event_};
    on_event_ = std::move(on_event);
    while (!down) co_await event_.wait();
    co_return fail(*down);
  }

 private:
  // "iot" for standard input and output with a terminal, "oe" for output and errors.
  static std::string letters(const StdStreams& s) {
    return std::string(s.in ? "i" : "") + (s.out ? "o" : "") + (s.err ? "e" : "") + (s.tty ? "t" : "");
  }
  bool running(const std::string& id) const {
    return std::ranges::any_of(
        containers, [&](const CriContainer& c) { return c.id == id && c.state == ContainerState::kRunning; });
  }
  const Clock& clock_;
  rt::Event event_;
  rt::Event stopping_;
  std::function<void()> on_event_;
};

}  // namespace fairlead::agent
