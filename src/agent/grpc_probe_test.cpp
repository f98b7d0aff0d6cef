#include "agent/grpc_probe.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include "rt/loop.h"

namespace fairlead::agent {
namespace {

using namespace std::chrono_literals;

// Answers every method with these bytes.
class AnyService final : public grpc::CallbackGenericService {
 public:
  std::string answer;
  grpc::Status status;
  std::string method;

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    method = context->method();
    class Reactor final : public grpc::ServerGenericBidiReactor {
     public:
      explicit Reactor(AnyService& service) : service_(service) { StartRead(&in_); }
      void OnReadDone(bool) override {
        if (!service_.status.ok()) return Finish(service_.status);
        const grpc::Slice slice(service_.answer);
        out_ = grpc::ByteBuffer(&slice, 1);
        StartWriteAndFinish(&out_, grpc::WriteOptions(), grpc::Status::OK);
      }
      void OnDone() override { delete this; }

     private:
      AnyService& service_;
      grpc::ByteBuffer in_, out_;
    };
    return new Reactor(*this);
  }
};

class GrpcProbeTest : public testing::Test {
 protected:
  GrpcProbeTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(&service_);
    server_ = builder.BuildAndStart();
  }
  ~GrpcProbeTest() override { server_->Shutdown(); }
  std::string check() {
    const Endpoint server{*IpAddress::parse("127.0.0.1"), static_cast<uint16_t>(port_)};
    const auto done = rt::run(loop_, grpc_check(loop_, server, "web", 5s));
    return done ? "serving" : done.error().message;
  }
  rt::Loop loop_;
  AnyService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(GrpcProbeTest, BelievesWhatTheServerSays) {
  service_.answer = "\x08\x01";
  EXPECT_EQ(check(), "serving");
  EXPECT_EQ(service_.method, "/grpc.health.v1.Health/Check");
  service_.answer = "\x08\x02";
  EXPECT_EQ(check(), "service unhealthy (responded with \"NOT_SERVING\")");
  service_.answer = "";
  EXPECT_EQ(check(), "service unhealthy (responded with \"UNKNOWN\")");
  service_.status = grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "none");
  EXPECT_EQ(check(), "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): none");
}

TEST_F(GrpcProbeTest, FailsWhereNobodyListens) {
  server_->Shutdown();
  EXPECT_THAT(check(), testing::StartsWith("error: failed to connect service at \"127.0.0.1:"));
}

TEST(HealthMessages, AreThoseOfTheProtocol) {
  EXPECT_EQ(encode_health_request(""), "");
  EXPECT_EQ(encode_health_request("web"), "\x0a\x03web");
  EXPECT_EQ(encode_health_request(std::string(200, 'x')).substr(0, 3), "\x0a\xc8\x01");
  EXPECT_FALSE(decode_health_response("x"));
}

}  // namespace
}  // namespace fairlead::agent
