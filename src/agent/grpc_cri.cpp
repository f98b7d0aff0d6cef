#include "agent/grpc_cri.h"

#include <grpcpp/grpcpp.h>

#include "agent/cri_proto.h"
#include "agent/grpc_call.h"
#include "proto/containerd_events.grpc.pb.h"
#include "proto/cri.grpc.pb.h"

namespace fairlead::agent {
namespace {

namespace v1 = runtime::v1;
namespace events = containerd::services::events::v1;
using namespace std::chrono_literals;
template <class T>
using Task = rt::Task<T>;

// The kubelet's own limits: two minutes for what works, more for a pull, which ends when the runtime gives up.
constexpr std::chrono::milliseconds kShort = 10s;
constexpr std::chrono::milliseconds kWork = 120s;
constexpr std::chrono::milliseconds kPull = 30min;

std::shared_ptr<grpc::Channel> open_channel(const std::string& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(16 << 20);
  return grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments);
}

// containerd's stream of events, read until it breaks. Owns itself while gRPC holds it.
class EventReader final : public grpc::ClientReadReactor<events::Envelope> {
 public:
  EventReader(rt::Loop& loop, InFlight& in_flight) : loop_(loop), in_flight_(in_flight), changed_(loop) {}

  static void start(const std::shared_ptr<EventReader>& reader, events::Events::Stub& stub) {
    for (const char* topic : {"/tasks/exit", "/tasks/oom"}) {
      reader->request_.add_filters(std::string("namespace==k8s.io,topic==\"") + topic + "\"");
    }
    reader->self_ = reader;
    reader->id_ = reader->in_flight_.add(&reader->context_);
    stub.async()->Subscribe(&reader->context_, &reader->request_, reader.get());
    reader->StartRead(&reader->envelope_);
    reader->StartCall();
  }
  void cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    loop_.post([keep = self_] {
      keep->news_ = true;
      keep->changed_.notify();
    });
    StartRead(&envelope_);
  }
  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<EventReader> keep = std::move(self_);
    InFlight& flights = in_flight_;
    flights.detach(id_);
    loop_.post([keep = std::move(keep), status] {
      keep->status_ = status;
      keep->done_ = true;
      keep->changed_.notify();
    });
    flights.finished();
  }

  // True: something happened. False: the stream has ended.
  Task<bool> next() {
    while (!news_ && !done_) co_await changed_.wait();
    const bool was = news_;
    news_ = false;
    co_return was;
  }
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const grpc::Status& status() const { return status_; }

 private:
  rt::Loop& loop_;
  InFlight& in_flight_;
  uint64_t id_ = 0;
  grpc::ClientContext context_;
  events::SubscribeRequest request_;
  events::Envelope envelope_;
  std::shared_ptr<EventReader> self_;
  // Below: the loop's.
  rt::Event changed_;
  bool news_ = false;
  bool done_ = false;
  grpc::Status status_;
};

// One call of a service: FL_CRI_CALL(stub, Version, request, limit) is a Task<Result<VersionResponse>>.
#define FL_CRI_CALL(stub, Method, request, limit)                                                                    \
  unary<v1::Method##Request, v1::Method##Response>(loop_, in_flight_, std::move(request), limit,                     \
                                                   [s = (stub).get()](auto* c, auto* in, auto* out, auto callback) { \
                                                     s->async()->Method(c, in, out, std::move(callback));            \
                                                   })

class GrpcCri final : public Cri {
 public:
  GrpcCri(rt::Loop& loop, const std::string& socket)
      : loop_(loop),
        channel_(open_channel(socket)),
        runtime_(v1::RuntimeService::NewStub(channel_)),
        images_(v1::ImageService::NewStub(channel_)),
        events_(events::Events::NewStub(channel_)) {}
  ~GrpcCri() override { in_flight_.cancel_and_wait(); }

  Task<Result<CriVersion>> version() override {
    v1::VersionRequest request;
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, Version, request, kShort));
    co_return CriVersion{r.runtime_name(), r.runtime_version()};
  }

  Task<Result<std::vector<CriCondition>>> status() override {
    v1::StatusRequest request;
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, Status, request, kShort));
    std::vector<CriCondition> out;
    for (const auto& c : r.status().conditions()) out.push_back({c.type(), c.status(), c.reason(), c.message()});
    co_return out;
  }

  Task<Result<std::string>> run_sandbox(SandboxSpec spec) override {
    v1::RunPodSandboxRequest request;
    *request.mutable_config() = to_proto(spec);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, RunPodSandbox, request, kWork));
    co_return r.pod_sandbox_id();
  }

  Task<Result<>> stop_sandbox(std::string id) override {
    v1::StopPodSandboxRequest request;
    request.set_pod_sandbox_id(std::move(id));
    co_return gone_is_fine(co_await FL_CRI_CALL(runtime_, StopPodSandbox, request, kWork));
  }

  Task<Result<>> remove_sandbox(std::string id) override {
    v1::RemovePodSandboxRequest request;
    request.set_pod_sandbox_id(std::move(id));
    co_return gone_is_fine(co_await FL_CRI_CALL(runtime_, RemovePodSandbox, request, kWork));
  }

  Task<Result<SandboxStatus>> sandbox_status(std::string id) override {
    v1::PodSandboxStatusRequest request;
    request.set_pod_sandbox_id(std::move(id));
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, PodSandboxStatus, request, kShort));
    co_return from_proto(r.status());
  }

  Task<Result<std::vector<Sandbox>>> list_sandboxes(std::string pod_uid) override {
    v1::ListPodSandboxRequest request;
    if (!pod_uid.empty()) (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = std::move(pod_uid);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, ListPodSandbox, request, kShort));
    std::vector<Sandbox> out;
    for (const auto& item : r.items()) out.push_back(from_proto(item));
    std::ranges::sort(out, [](const Sandbox& a, const Sandbox& b) { return a.created_at > b.created_at; });
    co_return out;
  }

  Task<Result<std::string>> create_container(std::string sandbox_id, ContainerSpec spec, SandboxSpec sandbox) override {
    v1::CreateContainerRequest request;
    request.set_pod_sandbox_id(std::move(sandbox_id));
    *request.mutable_config() = to_proto(spec, sandbox.namespaces);
    *request.mutable_sandbox_config() = to_proto(sandbox);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, CreateContainer, request, kWork));
    co_return r.container_id();
  }

  Task<Result<>> start_container(std::string id) override {
    v1::StartContainerRequest request;
    request.set_container_id(std::move(id));
    const auto r = co_await FL_CRI_CALL(runtime_, StartContainer, request, kWork);
    if (!r) co_return fail(r.error());
    co_return Result<>{};
  }

  Task<Result<>> stop_container(std::string id, Seconds grace) override {
    v1::StopContainerRequest request;
    request.set_container_id(std::move(id));
    request.set_timeout(grace.count());
    co_return gone_is_fine(co_await FL_CRI_CALL(runtime_, StopContainer, request, kWork + grace));
  }

  Task<Result<>> remove_container(std::string id) override {
    v1::RemoveContainerRequest request;
    request.set_container_id(std::move(id));
    co_return gone_is_fine(co_await FL_CRI_CALL(runtime_, RemoveContainer, request, kWork));
  }

  Task<Result<CriContainer>> container_status(std::string id) override {
    v1::ContainerStatusRequest request;
    request.set_container_id(std::move(id));
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, ContainerStatus, request, kShort));
    co_return from_proto(r.status());
  }

  Task<Result<std::vector<CriContainer>>> list_containers(std::string pod_uid) override {
    v1::ListContainersRequest request;
    if (!pod_uid.empty()) (*request.mutable_filter()->mutable_label_selector())[kPodUidLabel] = std::move(pod_uid);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, ListContainers, request, kShort));
    std::vector<CriContainer> out;
    for (const auto& item : r.containers()) out.push_back(from_proto(item));
    std::ranges::sort(out, [](const CriContainer& a, const CriContainer& b) { return a.created_at > b.created_at; });
    co_return out;
  }

  Task<Result<>> reopen_log(std::string id) override {
    v1::ReopenContainerLogRequest request;
    request.set_container_id(std::move(id));
    const auto r = co_await FL_CRI_CALL(runtime_, ReopenContainerLog, request, kShort);
    if (!r) co_return fail(r.error());
    co_return Result<>{};
  }

  Task<Result<ExecResult>> exec_sync(std::string id, std::vector<std::string> command, Seconds limit) override {
    v1::ExecSyncRequest request;
    request.set_container_id(std::move(id));
    for (auto& word : command) request.add_cmd(std::move(word));
    request.set_timeout(limit.count());
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, ExecSync, request, kShort + limit));
    co_return ExecResult{r.stdout(), r.stderr(), r.exit_code()};
  }

  Task<Result<std::string>> exec(std::string id, std::vector<std::string> command, StdStreams streams) override {
    v1::ExecRequest request;
    request.set_container_id(std::move(id));
    for (auto& word : command) request.add_cmd(std::move(word));
    request.set_tty(streams.tty);
    request.set_stdin(streams.in);
    request.set_stdout(streams.out);
    request.set_stderr(streams.err);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, Exec, request, kShort));
    co_return r.url();
  }

  Task<Result<std::string>> attach(std::string id, StdStreams streams) override {
    v1::AttachRequest request;
    request.set_container_id(std::move(id));
    request.set_tty(streams.tty);
    request.set_stdin(streams.in);
    request.set_stdout(streams.out);
    request.set_stderr(streams.err);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, Attach, request, kShort));
    co_return r.url();
  }

  Task<Result<std::string>> port_forward(std::string sandbox_id, std::vector<int32_t> ports) override {
    v1::PortForwardRequest request;
    request.set_pod_sandbox_id(std::move(sandbox_id));
    for (const int32_t port : ports) request.add_port(port);
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(runtime_, PortForward, request, kShort));
    co_return r.url();
  }

  Task<Result<std::optional<CriImage>>> image_status(std::string image) override {
    v1::ImageStatusRequest request;
    request.mutable_image()->set_image(std::move(image));
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(images_, ImageStatus, request, kShort));
    std::optional<CriImage> out;
    if (r.has_image()) out = from_proto(r.image());
    co_return out;
  }

  Task<Result<std::string>> pull_image(std::string image, std::optional<RegistryAuth> auth) override {
    v1::PullImageRequest request;
    if (auth) {
      request.mutable_auth()->set_username(auth->username);
      request.mutable_auth()->set_password(auth->password);
      request.mutable_auth()->set_identity_token(auth->identity_token);
      request.mutable_auth()->set_registry_token(auth->registry_token);
    }
    request.mutable_image()->set_image(std::move(image));
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(images_, PullImage, request, kPull));
    co_return r.image_ref();
  }

  Task<Result<std::vector<CriImage>>> list_images() override {
    v1::ListImagesRequest request;
    FL_CO_TRY(const auto r, co_await FL_CRI_CALL(images_, ListImages, request, kShort));
    std::vector<CriImage> out;
    for (const auto& item : r.images()) out.push_back(from_proto(item));
    co_return out;
  }

  Task<Result<>> watch_events(std::function<void()> on_event) override {
    const auto reader = std::make_shared<EventReader>(loop_, in_flight_);
    EventReader::start(reader, *events_);
    struct Guard {
      EventReader* reader;
      ~Guard() {
        if (!reader->done()) reader->cancel();
      }
    } guard{reader.get()};
    for (;;) {
      const bool news = co_await reader->next();
      if (!news) break;
      on_event();
    }
    if (reader->status().ok()) co_return Result<>{};
    co_return fail(to_error(reader->status()));
  }

 private:
  template <class T>
  static Result<> gone_is_fine(const Result<T>& r) {
    if (!r && r.error().code != Code::kNotFound) return fail(r.error());
    return {};
  }

  rt::Loop& loop_;
  InFlight in_flight_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::RuntimeService::Stub> runtime_;
  std::unique_ptr<v1::ImageService::Stub> images_;
  std::unique_ptr<events::Events::Stub> events_;
};

}  // namespace

std::unique_ptr<Cri> make_grpc_cri(rt::Loop& loop, const std::string& socket) {
  return std::make_unique<GrpcCri>(loop, socket);
}

}  // namespace fairlead::agent
