#include "net/spdy.h"

#include <zlib.h>

#include <algorithm>

#include "base/text.h"
#include "net/spdy_dictionary.h"

namespace fairlead::net {
namespace {

constexpr uint8_t kFin = 1;
constexpr uint16_t kVersion = 3;
constexpr size_t kFrameHeader = 8;

uint32_t u32(std::string_view bytes) {
  uint32_t out = 0;
  for (const char c : bytes.substr(0, 4)) out = out << 8 | static_cast<uint8_t>(c);
  return out;
}

void put(std::string& out, uint64_t value, int bytes) {
  while (bytes > 0) out += static_cast<char>(value >> (8 * --bytes) & 0xff);
}

std::string control_header(SpdyType type, uint8_t flags, size_t size) {
  std::string out;
  put(out, 0x8000U | kVersion, 2);
  put(out, static_cast<uint16_t>(type), 2);
  put(out, flags, 1);
  put(out, size, 3);
  return out;
}

const Bytef* bytef(const void* data) { return static_cast<const Bytef*>(data); }

Error broken(std::string_view what) { return {Code::kBadRequest, fmt::format("SPDY: {}", what), {}}; }

Result<Headers> parse_block(std::string_view block) {
  const auto take = [&block](size_t n) {
    const std::string_view taken = block.substr(0, n);
    block.remove_prefix(taken.size());
    return taken;
  };
  Headers out;
  if (block.size() < 4) return fail(broken("a header block without a count"));
  const uint32_t count = u32(take(4));
  for (uint32_t i = 0; i < count; ++i) {
    std::array<std::string_view, 2> pair;
    for (std::string_view& text : pair) {
      if (block.size() < 4) return fail(broken("a header block that ends too early"));
      const uint32_t size = u32(take(4));
      if (size > block.size()) return fail(broken("a header that is longer than its block"));
      text = take(size);
    }
    out.add(pair[0], pair[1]);
  }
  return out;
}

std::string format_block(const Headers& headers) {
  std::string out;
  put(out, headers.size(), 4);
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string name = lower(headers[i].name);
    put(out, name.size(), 4);
    out += name;
    put(out, headers[i].value.size(), 4);
    out += headers[i].value;
  }
  return out;
}

}  // namespace

class SpdyDecoder::Inflater {
 public:
  Inflater() { check(inflateInit(&z_) == Z_OK, "out of memory for zlib"); }
  ~Inflater() { inflateEnd(&z_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Result<std::string> run(std::string_view compressed) {
    std::string out;
    std::array<char, 4096> buffer;
    z_.next_in = const_cast<Bytef*>(bytef(compressed.data()));
    z_.avail_in = static_cast<uInt>(compressed.size());
    for (;;) {
      z_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      z_.avail_out = buffer.size();
      int result = inflate(&z_, Z_SYNC_FLUSH);
      if (result == Z_NEED_DICT) {
        const std::string& dictionary = spdy_dictionary();
        result = inflateSetDictionary(&z_, bytef(dictionary.data()), static_cast<uInt>(dictionary.size()));
        if (result == Z_OK) continue;
      }
      if (result != Z_OK && result != Z_BUF_ERROR) return fail(broken("a header block that cannot be decompressed"));
      out.append(buffer.data(), buffer.size() - z_.avail_out);
      if (out.size() > kSpdyMaxHeaders) return fail(broken("a header block that is too large"));
      if (z_.avail_in == 0 && z_.avail_out != 0) return out;
      if (result == Z_BUF_ERROR) return fail(broken("a header block that cannot be decompressed"));
    }
  }

 private:
  z_stream z_{};
};

SpdyDecoder::SpdyDecoder() : inflater_(std::make_unique<Inflater>()) {}
SpdyDecoder::~SpdyDecoder() = default;

Result<std::optional<SpdyDecoder::Event>> SpdyDecoder::next(std::string_view& input) {
  if (!in_frame_) {
    const size_t n = std::min(kFrameHeader - header_.size(), input.size());
    header_ += input.substr(0, n);
    input.remove_prefix(n);
    if (header_.size() < kFrameHeader) return std::nullopt;
    const uint32_t first = u32(header_);
    is_control_ = (first >> 31) != 0;
    stream_ = first & 0x7fffffff;
    flags_ = static_cast<uint8_t>(header_[4]);
    left_ = u32(std::string_view(header_).substr(4)) & 0xffffff;
    header_.clear();
    in_frame_ = true;
    if (is_control_) {
      type_ = static_cast<uint8_t>(std::min<uint32_t>(first & 0xffff, 0xff));
      if ((first >> 16 & 0x7fff) != kVersion) return fail(broken("a frame of another version than 3"));
      if (left_ > kSpdyMaxControl) return fail(broken("a control frame that is too large"));
      payload_.clear();
    } else if (stream_ == 0) {
      return fail(broken("data without a stream"));
    }
  }
  if (left_ > 0 && input.empty()) return std::nullopt;
  const std::string_view bytes = input.substr(0, left_);
  input.remove_prefix(bytes.size());
  left_ -= static_cast<uint32_t>(bytes.size());
  in_frame_ = left_ > 0;
  if (!is_control_) {
    Event event;
    event.stream = stream_;
    event.bytes = bytes;
    event.fin = left_ == 0 && (flags_ & kFin) != 0;
    return event;
  }
  payload_ += bytes;
  if (in_frame_) return std::nullopt;
  FL_TRY(auto event, control());
  return event;
}

Result<SpdyDecoder::Event> SpdyDecoder::control() {
  Event event;
  event.type = static_cast<SpdyType>(type_);
  event.fin = (flags_ & kFin) != 0;
  const std::string_view payload = payload_;
  const auto need = [&payload](size_t size) -> Result<> {
    if (payload.size() < size) return fail(broken("a control frame that is too short"));
    return {};
  };
  switch (event.type) {
    case SpdyType::kSynStream:
    case SpdyType::kSynReply:
    case SpdyType::kHeaders: {
      const size_t fixed = event.type == SpdyType::kSynStream ? 10 : 4;
      FL_CHECK(need(fixed));
      event.stream = u32(payload) & 0x7fffffff;
      FL_TRY(const std::string block, inflater_->run(payload.substr(fixed)));
      FL_TRY(event.headers, parse_block(block));
      break;
    }
    case SpdyType::kRstStream:
    case SpdyType::kGoAway:
    case SpdyType::kWindowUpdate:
      FL_CHECK(need(8));
      event.stream = u32(payload) & 0x7fffffff;
      event.number = u32(payload.substr(4));
      event.fin = false;
      break;
    case SpdyType::kPing:
      FL_CHECK(need(4));
      event.number = u32(payload);
      event.fin = false;
      break;
    default:
      event.fin = false;  // settings, and what a later revision may add: nothing that matters here
      break;
  }
  return event;
}

class SpdyEncoder::Deflater {
 public:
  Deflater() {
    check(deflateInit(&z_, Z_DEFAULT_COMPRESSION) == Z_OK, "out of memory for zlib");
    const std::string& dictionary = spdy_dictionary();
    check(deflateSetDictionary(&z_, bytef(dictionary.data()), static_cast<uInt>(dictionary.size())) == Z_OK,
          "SPDY dictionary");
  }
  ~Deflater() { deflateEnd(&z_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string run(std::string_view plain) {
    std::string out(deflateBound(&z_, plain.size()) + 64, '\0');
    z_.next_in = const_cast<Bytef*>(bytef(plain.data()));
    z_.avail_in = static_cast<uInt>(plain.size());
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    z_.avail_out = static_cast<uInt>(out.size());
    check(deflate(&z_, Z_SYNC_FLUSH) == Z_OK && z_.avail_in == 0 && z_.avail_out > 0, "deflate of a header block");
    return out.substr(0, out.size() - z_.avail_out);
  }

 private:
  z_stream z_{};
};

SpdyEncoder::SpdyEncoder() : deflater_(std::make_unique<Deflater>()) {}
SpdyEncoder::~SpdyEncoder() = default;

std::string SpdyEncoder::syn_stream(uint32_t stream, const Headers& headers, bool fin) {
  const std::string block = deflater_->run(format_block(headers));
  std::string out = control_header(SpdyType::kSynStream, fin ? kFin : 0, 10 + block.size());
  put(out, stream, 4);
  put(out, 0, 4);  // no associated stream
  put(out, 0, 2);  // the highest priority, no slot
  return out + block;
}

std::string SpdyEncoder::syn_reply(uint32_t stream, const Headers& headers, bool fin) {
  const std::string block = deflater_->run(format_block(headers));
  std::string out = control_header(SpdyType::kSynReply, fin ? kFin : 0, 4 + block.size());
  put(out, stream, 4);
  return out + block;
}

std::string SpdyEncoder::data_header(uint32_t stream, size_t size, bool fin) {
  check(size < 1U << 24, "a SPDY frame of 2^24 bytes or more");
  std::string out;
  put(out, stream, 4);
  put(out, fin ? kFin : 0, 1);
  put(out, size, 3);
  return out;
}

std::string SpdyEncoder::data(uint32_t stream, std::string_view bytes, bool fin) {
  std::string out = data_header(stream, bytes.size(), fin);
  out += bytes;
  return out;
}

std::string SpdyEncoder::rst_stream(uint32_t stream, uint32_t status) {
  std::string out = control_header(SpdyType::kRstStream, 0, 8);
  put(out, stream, 4);
  put(out, status, 4);
  return out;
}

std::string SpdyEncoder::ping(uint32_t id) {
  std::string out = control_header(SpdyType::kPing, 0, 4);
  put(out, id, 4);
  return out;
}

std::string SpdyEncoder::go_away(uint32_t last_stream, uint32_t status) {
  std::string out = control_header(SpdyType::kGoAway, 0, 8);
  put(out, last_stream, 4);
  put(out, status, 4);
  return out;
}

}  // namespace fairlead::net
