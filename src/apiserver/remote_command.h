// exec and attach between a client that speaks WebSocket (v5.channel.k8s.io: channels, the first byte of each message)
// and a kubelet that speaks SPDY/3.1 (v4.channel.k8s.io: streams), without input or output. What Kubernetes'
// StreamTranslatorHandler does (KEP-4006).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "api/types/status.h"
#include "net/spdy.h"
#include "net/websocket.h"

namespace fairlead::apiserver {

struct StdStreams {
  bool in = false;
  bool out = false;
  bool err = false;
  bool tty = false;
};

class RemoteCommand {
 public:
  explicit RemoteCommand(StdStreams streams);

  // The first frame to the client, which tells it that the session stands.
  [[nodiscard]] std::string greeting() const;
  // Opens the streams at the kubelet.
  std::string open();
  // The kubelet has taken every stream: input may flow.
  [[nodiscard]] bool opened() const { return waiting_ == 0; }

  // Both append what is to be sent to either side.
  Result<> from_client(const net::WebSocketDecoder::Piece& piece, std::string& to_client, std::string& to_kubelet);
  void from_kubelet(const net::SpdyDecoder::Event& event, std::string& to_client, std::string& to_kubelet);
  // The client has sent its close frame.
  [[nodiscard]] bool client_closed() const { return client_closed_; }
  // The kubelet has said all: no need to wait until it closes.
  [[nodiscard]] bool complete() const;

  // What came out of it, once the kubelet is complete or has closed.
  [[nodiscard]] api::Status outcome() const;
  // The status on its channel and the close frame.
  static std::string farewell(const api::Status& status);

 private:
  // The channels of the protocol, which are also the places in streams_.
  enum Channel : uint8_t { kIn = 0, kOut = 1, kErr = 2, kError = 3, kResize = 4, kClose = 255 };
  static constexpr size_t kChannels = 5;
  struct Stream {
    uint32_t id = 0;  // 0: not asked for
    bool replied = false;
    bool ended = false;  // by whoever sends on it
  };
  void channel_data(std::string_view bytes, std::string& to_kubelet);
  void replied(Stream& stream);
  std::optional<Channel> channel_of(uint32_t stream) const;

  StdStreams wanted_;
  net::SpdyEncoder spdy_;
  std::array<Stream, kChannels> streams_;
  size_t waiting_ = 0;              // streams without a reply
  std::optional<uint8_t> channel_;  // of the message that is arriving
  std::string error_text_;
  std::string protocol_error_;
  bool client_closed_ = false;
};

// 500 with Kubernetes' sentence in front: "Internal error occurred: ...".
api::Status internal_error(std::string_view why);

}  // namespace fairlead::apiserver
