// SPDY/3.1 frames of a client, without input or output: what container runtimes speak for exec and attach
// (draft-mbelshe-httpbis-spdy-00, and moby/spdystream, which is what they run). Data passes through in pieces as it
// comes; control frames and header blocks are bounded. There is no flow control beyond TCP's, as in spdystream.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/http.h"

namespace fairlead::net {

enum class SpdyType : uint8_t {
  kData = 0,
  kSynStream = 1,
  kSynReply = 2,
  kRstStream = 3,
  kSettings = 4,
  kPing = 6,
  kGoAway = 7,
  kHeaders = 8,
  kWindowUpdate = 9,
};

inline constexpr size_t kSpdyMaxControl = 64 * 1024;   // of one control frame, compressed
inline constexpr size_t kSpdyMaxHeaders = 256 * 1024;  // of one header block, decompressed

class SpdyDecoder {
 public:
  struct Event {
    SpdyType type = SpdyType::kData;
    uint32_t stream = 0;     // 0 for ping and settings; the last good stream of a goaway
    bool fin = false;        // the stream's sender has ended; of data: with its last piece
    uint32_t number = 0;     // a ping's id, a reset's or goaway's status
    Headers headers;         // of SYN_STREAM, SYN_REPLY and HEADERS
    std::string_view bytes;  // of data; valid until the next call or change of the input
  };

  SpdyDecoder();
  ~SpdyDecoder();
  SpdyDecoder(const SpdyDecoder&) = delete;
  SpdyDecoder& operator=(const SpdyDecoder&) = delete;

  // Takes bytes from the front of `input` and returns what they mean; nullopt when all is taken and more is needed.
  // kBadRequest when the peer breaks the protocol; the decoder is of no use afterwards.
  Result<std::optional<Event>> next(std::string_view& input);

 private:
  class Inflater;
  Result<Event> control();

  std::string header_;   // of the frame, up to 8 bytes
  std::string payload_;  // of a control frame
  bool in_frame_ = false;
  bool is_control_ = false;
  uint32_t stream_ = 0;
  uint8_t type_ = 0;
  uint8_t flags_ = 0;
  uint32_t left_ = 0;
  std::unique_ptr<Inflater> inflater_;
};

// Header blocks of one direction share a compression context, so one encoder serves one connection.
class SpdyEncoder {
 public:
  SpdyEncoder();
  ~SpdyEncoder();
  SpdyEncoder(const SpdyEncoder&) = delete;
  SpdyEncoder& operator=(const SpdyEncoder&) = delete;

  // Opens a stream; a client's ids are odd and grow.
  std::string syn_stream(uint32_t stream, const Headers& headers, bool fin = false);
  std::string syn_reply(uint32_t stream, const Headers& headers, bool fin = false);
  // The 8 bytes before `size` bytes of data, of which there may be 2^24-1.
  static std::string data_header(uint32_t stream, size_t size, bool fin = false);
  static std::string data(uint32_t stream, std::string_view bytes, bool fin = false);
  static std::string rst_stream(uint32_t stream, uint32_t status);
  static std::string ping(uint32_t id);
  static std::string go_away(uint32_t last_stream, uint32_t status);

 private:
  class Deflater;
  std::unique_ptr<Deflater> deflater_;
};

}  // namespace fairlead::net
