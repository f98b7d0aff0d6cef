#include "agent/grpc_probe.h"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include "agent/grpc_call.h"

namespace fairlead::agent {
namespace {

constexpr int kServing = 1;

grpc::ByteBuffer buffer_of(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

std::string bytes_of(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string out;
  if (!buffer.Dump(&slices).ok()) return out;
  for (const grpc::Slice& slice : slices) out.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return out;
}

std::string error_text(const Error& error, const Endpoint& server, std::string_view service,
                       std::chrono::seconds limit) {
  switch (error.code) {
    case Code::kMethodNotAllowed:
      return "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): " + error.message;
    case Code::kTimeout:
      return fmt::format("timeout: health rpc did not complete within {}s", limit.count());
    case Code::kUnavailable:
      return fmt::format("error: failed to connect service at \"{}\": {}", server, error.message);
    default:
      return fmt::format("error: health rpc probe failed: {}{}", service.empty() ? "" : std::string(service) + ": ",
                         error.message);
  }
}

}  // namespace

std::string encode_health_request(std::string_view service) {
  std::string out;
  if (service.empty()) return out;
  out += '\x0a';  // field 1, length-delimited
  size_t size = service.size();
  for (; size >= 0x80; size >>= 7) out += static_cast<char>(size | 0x80);
  out += static_cast<char>(size);
  return out.append(service);
}

Result<int> decode_health_response(std::string_view bytes) {
  if (bytes.empty()) return 0;  // UNKNOWN is not written
  if (bytes.size() < 2 || bytes[0] != '\x08' || (bytes[1] & 0x80) != 0)
    return fail(Code::kInvalid, "error: health rpc probe failed: the answer is not a HealthCheckResponse");
  return bytes[1];
}

std::string_view health_status_name(int status) {
  constexpr std::string_view kNames[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
  return status >= 0 && static_cast<size_t>(status) < std::size(kNames) ? kNames[status] : "UNKNOWN";
}

rt::Task<Result<>> grpc_check(rt::Loop& loop, Endpoint server, std::string service, std::chrono::seconds limit) {
  // gRPC may still be at the call when a probe is given up.
  struct Flight : InFlight {
    ~Flight() { cancel_and_wait(); }
  } in_flight;
  grpc::ChannelArguments arguments;
  // A connection of its own for each probe, as a client that is new would have it.
  arguments.SetInt("grpc.use_local_subchannel_pool", 1);
  arguments.SetInt("grpc.enable_http_proxy", 0);
  arguments.SetUserAgentPrefix("kube-probe/1.35");
  const auto channel =
      grpc::CreateCustomChannel(fmt::format("{}", server), grpc::InsecureChannelCredentials(), arguments);
  grpc::GenericStub stub(channel);
  grpc::StubOptions options;
  const grpc::ByteBuffer request = buffer_of(encode_health_request(service));
  auto answer = co_await unary<grpc::ByteBuffer, grpc::ByteBuffer>(
      loop, in_flight, request, limit, [&stub, &options](auto* context, auto* in, auto* out, auto callback) {
        stub.UnaryCall(context, "/grpc.health.v1.Health/Check", options, in, out, std::move(callback));
      });
  if (!answer) co_return fail(Code::kUnavailable, error_text(answer.error(), server, service, limit));
  FL_CO_TRY(const int status, decode_health_response(bytes_of(*answer)));
  if (status == kServing) co_return Result<>{};
  co_return fail(Code::kUnavailable,
                 fmt::format("service unhealthy (responded with \"{}\")", health_status_name(status)));
}

}  // namespace fairlead::agent
