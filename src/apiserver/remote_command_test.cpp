#include "apiserver/remote_command.h"

#include <gtest/gtest.h>

namespace fairlead::apiserver {
namespace {

using net::SpdyDecoder;
using net::SpdyEncoder;
using net::SpdyType;
using net::WebSocketDecoder;
using net::WsOpcode;

// What the kubelet hears: streams by type, and what was sent on them.
struct Kubelet {
  SpdyDecoder decoder;
  SpdyEncoder encoder;
  std::vector<std::string> opened;
  std::map<std::string, uint32_t> ids;
  std::map<uint32_t, std::string> data;
  std::vector<uint32_t> ended;

  void hear(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto event = decoder.next(bytes);
      ASSERT_TRUE(event);
      if (!*event) return;
      if ((*event)->type == SpdyType::kSynStream) {
        const std::string type((*event)->headers.get("streamtype"));
        opened.push_back(type);
        ids[type] = (*event)->stream;
      }
      if ((*event)->type == SpdyType::kData) data[(*event)->stream] += (*event)->bytes;
      if ((*event)->fin) ended.push_back((*event)->stream);
    }
  }
};

class RemoteCommandTest : public ::testing::Test {
 protected:
  void open(StdStreams streams) {
    command_.emplace(streams);
    kubelet_.hear(command_->open());
    for (const auto& [type, id] : kubelet_.ids) from_kubelet(kubelet_.encoder.syn_reply(id, net::Headers()));
  }
  void from_kubelet(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto event = decoder_.next(bytes);
      ASSERT_TRUE(event);
      if (!*event) return;
      command_->from_kubelet(**event, to_client_, to_kubelet_);
    }
  }
  void from_client(std::string message, bool first = true, bool last = true, WsOpcode opcode = WsOpcode::kBinary) {
    ASSERT_TRUE(command_->from_client({opcode, first, last, message}, to_client_, to_kubelet_));
    kubelet_.hear(std::exchange(to_kubelet_, {}));
  }
  static std::string frame(char channel, std::string text) { return net::ws_frame(WsOpcode::kBinary, channel + text); }

  std::optional<RemoteCommand> command_;
  Kubelet kubelet_;
  SpdyDecoder decoder_;
  std::string to_client_;
  std::string to_kubelet_;
};

TEST_F(RemoteCommandTest, OpensTheStreamsThatAreAskedFor) {
  open({.in = true, .out = true, .err = true});
  EXPECT_EQ(kubelet_.opened, (std::vector<std::string>{"error", "stdin", "stdout", "stderr"}));
  EXPECT_TRUE(command_->opened());
  EXPECT_EQ(command_->greeting(), frame(1, ""));
}

TEST_F(RemoteCommandTest, ATerminalHasAResizeStreamAndOneOutput) {
  open({.in = true, .out = true, .err = true, .tty = true});
  EXPECT_EQ(kubelet_.opened, (std::vector<std::string>{"error", "stdin", "stdout", "resize"}));
  from_client("\x04{\"Width\":80,\"Height\":24}\n");
  EXPECT_EQ(kubelet_.data[kubelet_.ids["resize"]], "{\"Width\":80,\"Height\":24}\n");
}

TEST_F(RemoteCommandTest, WaitsForEveryReply) {
  command_.emplace(StdStreams{.out = true});
  kubelet_.hear(command_->open());
  EXPECT_FALSE(command_->opened());
  from_kubelet(kubelet_.encoder.syn_reply(1, net::Headers()));
  EXPECT_FALSE(command_->opened());
  from_kubelet(kubelet_.encoder.syn_reply(3, net::Headers()));
  EXPECT_TRUE(command_->opened());
}

TEST_F(RemoteCommandTest, CarriesInputInFragmentsAndItsEnd) {
  open({.in = true, .out = true});
  const uint32_t in = kubelet_.ids["stdin"];
  from_client("", true, false);
  from_client(std::string(1, '\0') + "he", false, false);
  from_client("ll", false, false);
  from_client("o", false, true);
  from_client(std::string(1, '\0') + " there");
  EXPECT_EQ(kubelet_.data[in], "hello there");
  EXPECT_TRUE(kubelet_.ended.empty());
  from_client(std::string("\xff\0", 2));
  from_client(std::string("\xff\0", 2));
  EXPECT_EQ(kubelet_.ended, std::vector<uint32_t>{in});
  from_client(std::string(1, '\0') + "too late");
  EXPECT_EQ(kubelet_.data[in], "hello there");
}

TEST_F(RemoteCommandTest, IgnoresChannelsThatAreNotTheClients) {
  open({.out = true});
  from_client(std::string(1, '\0') + "nobody asked for input");
  from_client("\x01output");
  from_client("\x09what");
  from_client(std::string("\xff\1", 2));
  EXPECT_TRUE(kubelet_.data.empty());
  EXPECT_TRUE(kubelet_.ended.empty());
}

TEST_F(RemoteCommandTest, AnswersPingsOfBothSides) {
  open({.out = true});
  from_client("are you there", true, true, WsOpcode::kPing);
  EXPECT_EQ(to_client_, net::ws_frame(WsOpcode::kPong, "are you there"));
  from_kubelet(SpdyEncoder::ping(2));
  EXPECT_EQ(to_kubelet_, SpdyEncoder::ping(2));
  from_client("\x03\xe8", true, true, WsOpcode::kClose);
  EXPECT_TRUE(command_->client_closed());
}

TEST_F(RemoteCommandTest, CarriesOutputAndTellsTheExitCode) {
  open({.out = true, .err = true});
  from_kubelet(SpdyEncoder::data(kubelet_.ids["stdout"], "out"));
  from_kubelet(SpdyEncoder::data(kubelet_.ids["stderr"], "err", true));
  EXPECT_EQ(to_client_, frame(1, "out") + frame(2, "err"));
  from_kubelet(SpdyEncoder::data(
      kubelet_.ids["error"],
      R"({"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"6"}]}})",
      true));
  EXPECT_FALSE(command_->complete()) << "output may still come";
  from_kubelet(SpdyEncoder::data(kubelet_.ids["stdout"], "", true));
  EXPECT_TRUE(command_->complete());
  const api::Status status = command_->outcome();
  EXPECT_EQ(status.reason, "NonZeroExitCode");
  EXPECT_EQ(status.details->causes.at(0).message, "6");
  EXPECT_EQ(status.message, "command terminated with non-zero exit code: command terminated with exit code 6");
}

TEST_F(RemoteCommandTest, TellsSuccessAndOtherFailures) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"metadata":{},"status":"Success"})", ""},
      {R"({"status":"Failure","message":"no such file","reason":"InternalError"})",
       "Internal error occurred: no such file"},
      {R"({"status":"Odd"})", "Internal error occurred: error stream protocol error: unknown error"},
  };
  for (const auto& [said, message] : cases) {
    kubelet_.ids.clear();
    SCOPED_TRACE(said);
    RemoteCommand command({.out = true});
    command.open();
    std::string unused;
    command.from_kubelet({.type = SpdyType::kData, .stream = 1, .bytes = said}, unused, unused);
    EXPECT_EQ(command.outcome().message, message);
    EXPECT_EQ(command.outcome().status, message.empty() ? "Success" : "Failure");
  }
}

TEST_F(RemoteCommandTest, AConnectionThatBreaksIsNoSuccess) {
  open({.out = true});
  EXPECT_EQ(command_->outcome().message, "Internal error occurred: error reading from error stream: unexpected EOF");
  from_kubelet(SpdyEncoder::data(kubelet_.ids["error"], "", true));
  EXPECT_EQ(command_->outcome().status, "Success");
}

TEST_F(RemoteCommandTest, AStreamThatIsRefusedEndsIt) {
  command_.emplace(StdStreams{.out = true});
  kubelet_.hear(command_->open());
  from_kubelet(SpdyEncoder::rst_stream(3, 3));
  EXPECT_TRUE(command_->complete());
  EXPECT_EQ(command_->outcome().message, "Internal error occurred: error creating stream: stream was refused");
}

TEST(RemoteCommandFarewell, IsTheStatusAndTheCloseFrame) {
  const std::string bytes = RemoteCommand::farewell(internal_error("x"));
  EXPECT_NE(bytes.find("\x03{"), std::string::npos);
  EXPECT_TRUE(bytes.ends_with(net::ws_close(net::kWsNormal)));
}

}  // namespace
}  // namespace fairlead::apiserver
