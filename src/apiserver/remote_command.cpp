#include "apiserver/remote_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/codec.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr size_t kLongestStatus = 64 * 1024;

api::Status exit_status(std::string_view code) {
  api::Status out;
  out.status = "Failure";
  out.reason = "NonZeroExitCode";
  out.message = fmt::format("command terminated with non-zero exit code: command terminated with exit code {}", code);
  api::StatusDetails details;
  details.causes.push_back({"ExitCode", std::string(code), ""});
  out.details = std::move(details);
  return out;
}

}  // namespace

api::Status internal_error(std::string_view why) {
  api::Status out;
  out.status = "Failure";
  out.reason = "InternalError";
  out.message = fmt::format("Internal error occurred: {}", why);
  out.code = 500;
  api::StatusDetails details;
  details.causes.push_back({"", std::string(why), ""});
  out.details = std::move(details);
  return out;
}

// A terminal has one output.
RemoteCommand::RemoteCommand(StdStreams streams) : wanted_(streams) { wanted_.err = wanted_.err && !wanted_.tty; }

std::string RemoteCommand::greeting() const {
  const Channel lowest = wanted_.out ? kOut : wanted_.err ? kErr : kError;
  return net::ws_frame(net::WsOpcode::kBinary, std::string(1, static_cast<char>(lowest)));
}

// In client-go's order: the error stream first.
std::string RemoteCommand::open() {
  struct Wanted {
    Channel channel;
    const char* type;
    bool wanted;
  };
  const std::array<Wanted, kChannels> all{Wanted{kError, "error", true}, Wanted{kIn, "stdin", wanted_.in},
                                          Wanted{kOut, "stdout", wanted_.out}, Wanted{kErr, "stderr", wanted_.err},
                                          Wanted{kResize, "resize", wanted_.tty}};
  std::string out;
  uint32_t next = 1;
  for (const Wanted& one : all) {
    if (!one.wanted) continue;
    streams_[one.channel].id = next;
    out += spdy_.syn_stream(next, net::Headers::of("streamtype", one.type));
    next += 2;
    ++waiting_;
  }
  return out;
}

Result<> RemoteCommand::from_client(const net::WebSocketDecoder::Piece& piece, std::string& to_client,
                                    std::string& to_kubelet) {
  switch (piece.opcode) {
    case net::WsOpcode::kPing:
      to_client += net::ws_frame(net::WsOpcode::kPong, piece.bytes);
      return {};
    case net::WsOpcode::kPong:
      return {};
    case net::WsOpcode::kClose:
      client_closed_ = true;
      return {};
    default:
      break;
  }
  std::string_view bytes = piece.bytes;
  if (piece.first) channel_.reset();
  if (!channel_ && !bytes.empty()) {
    channel_ = static_cast<uint8_t>(bytes.front());
    bytes.remove_prefix(1);
  }
  if (!channel_) return {};
  channel_data(bytes, to_kubelet);
  return {};
}

// What comes on a channel that only the server sends on, or that was not asked for, is ignored as Kubernetes does.
void RemoteCommand::channel_data(std::string_view bytes, std::string& to_kubelet) {
  if (*channel_ == kClose) {
    for (const char c : bytes) {
      Stream& in = streams_[kIn];
      if (static_cast<uint8_t>(c) != kIn || in.id == 0 || std::exchange(in.ended, true)) continue;
      to_kubelet += net::SpdyEncoder::data(in.id, {}, true);
    }
    return;
  }
  if ((*channel_ != kIn && *channel_ != kResize) || bytes.empty()) return;
  const Stream& stream = streams_[*channel_];
  if (stream.id == 0 || stream.ended) return;
  to_kubelet += net::SpdyEncoder::data(stream.id, bytes);
}

std::optional<RemoteCommand::Channel> RemoteCommand::channel_of(uint32_t stream) const {
  for (size_t i = 0; i < kChannels; ++i) {
    if (streams_[i].id == stream && stream != 0) return static_cast<Channel>(i);
  }
  return std::nullopt;
}

void RemoteCommand::replied(Stream& stream) {
  if (!std::exchange(stream.replied, true)) --waiting_;
}

void RemoteCommand::from_kubelet(const net::SpdyDecoder::Event& event, std::string& to_client,
                                 std::string& to_kubelet) {
  if (event.type == net::SpdyType::kPing) {
    // Ours would be odd.
    if (event.number % 2 == 0) to_kubelet += net::SpdyEncoder::ping(event.number);
    return;
  }
  const auto channel = channel_of(event.stream);
  if (!channel || event.type == net::SpdyType::kGoAway || event.type == net::SpdyType::kWindowUpdate) return;
  Stream& stream = streams_[*channel];
  if (event.type == net::SpdyType::kSynReply) replied(stream);
  if (event.type == net::SpdyType::kRstStream) {
    if (!stream.replied && protocol_error_.empty()) protocol_error_ = "error creating stream: stream was refused";
    replied(stream);
    stream.ended = true;
  }
  if (event.type == net::SpdyType::kData && !event.bytes.empty()) {
    if (*channel == kError) {
      error_text_ += event.bytes.substr(0, kLongestStatus - std::min(kLongestStatus, error_text_.size()));
    } else if (*channel == kOut || *channel == kErr) {
      to_client += net::ws_header(net::WsOpcode::kBinary, event.bytes.size() + 1);
      to_client += static_cast<char>(*channel);
      to_client += event.bytes;
    }
  }
  if (event.fin && *channel != kIn && *channel != kResize) stream.ended = true;
}

bool RemoteCommand::complete() const {
  if (!protocol_error_.empty()) return true;
  const auto ended = [this](Channel c) { return streams_[c].id == 0 || streams_[c].ended; };
  return streams_[kError].id != 0 && ended(kError) && ended(kOut) && ended(kErr);
}

api::Status RemoteCommand::outcome() const {
  if (!protocol_error_.empty()) return internal_error(protocol_error_);
  if (error_text_.empty()) {
    if (!streams_[kError].ended) return internal_error("error reading from error stream: unexpected EOF");
    api::Status success;
    success.status = "Success";
    return success;
  }
  const auto said = api::value_from_text<api::Status>(error_text_);
  if (!said) {
    return internal_error(
        fmt::format("error stream protocol error: {} in {}", said.error().message, quote(error_text_)));
  }
  if (said->status == "Success") {
    api::Status success;
    success.status = "Success";
    return success;
  }
  if (said->status != "Failure") return internal_error("error stream protocol error: unknown error");
  if (said->reason == "NonZeroExitCode" && said->details) {
    for (const api::StatusCause& cause : said->details->causes) {
      if (cause.reason != "ExitCode") continue;
      const auto code = parse_int(cause.message);
      if (code && *code >= 0 && *code <= 255) return exit_status(cause.message);
    }
  }
  return internal_error(said->message);
}

std::string RemoteCommand::farewell(const api::Status& status) {
  const std::string text = api::to_json(status);
  std::string out = net::ws_header(net::WsOpcode::kBinary, text.size() + 1);
  out += static_cast<char>(kError);
  out += text;
  return out + net::ws_close(net::kWsNormal);
}

}  // namespace fairlead::apiserver
