#include "net/http1_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace fairlead::net {

namespace http = boost::beast::http;

namespace {

using ErrorCode = boost::system::error_code;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Trusting a Content-Length with memory lets a peer reserve what it never sends.
constexpr uint64_t kMaxReserve = 64 * 1024;

// "0\r\n\r\n". Once Beast has seen the size in it, it asserts that the rest is there as well (parse_chunk_header in
// basic_parser.ipp), and a peer may send it byte by byte.
constexpr size_t kLastChunk = 5;

// Beast's callbacks, filling an Http1Message.
template <bool kIsRequest>
class Parser final : public http::basic_parser<kIsRequest> {
 public:
  Parser(Http1Message& message, const Http1Limits& limits, bool no_body) : message_(message), limits_(limits) {
    this->eager(true);
    this->header_limit(static_cast<uint32_t>(limits.max_header_bytes));
    if (limits.max_body_bytes) {
      this->body_limit(*limits.max_body_bytes);
    } else {
      this->body_limit(boost::none);
    }
    if (no_body) this->skip(true);
  }

  [[nodiscard]] bool unknown_coding() const { return unknown_coding_; }
  [[nodiscard]] bool no_host() const { return no_host_; }
  // What comes next is a chunk's size, or the end of the body.
  [[nodiscard]] bool between_chunks() const {
    return this->is_header_done() && this->chunked() && !this->is_done() && chunk_left_ == 0;
  }

 private:
  void on_request_impl(http::verb, boost::beast::string_view method, boost::beast::string_view target, int version,
                       ErrorCode&) override {
    message_.method = view(method);
    message_.target = view(target);
    message_.minor_version = version % 10;
    header_bytes_ = method.size() + target.size() + 12;
  }

  void on_response_impl(int code, boost::beast::string_view, int version, ErrorCode&) override {
    message_.status = code;
    message_.minor_version = version % 10;
  }

  void on_field_impl(http::field, boost::beast::string_view name, boost::beast::string_view value,
                     ErrorCode& error) override {
    // Beast's own limit counts what one call to put() sees, so a slow sender could pass it.
    header_bytes_ += name.size() + value.size() + 4;
    if (header_bytes_ > limits_.max_header_bytes) {
      error = http::error::header_limit;
      return;
    }
    // Trailers come when is_header_done(); nobody here has a use for them.
    if (!this->is_header_done()) message_.headers.add(view(name), view(value));
  }

  void on_header_impl(ErrorCode& error) override {
    if (message_.headers.has("transfer-encoding") && !this->chunked()) {
      unknown_coding_ = true;
      error = http::error::bad_transfer_encoding;
    } else if (kIsRequest && message_.minor_version == 1 && message_.headers.all("host").size() != 1) {
      no_host_ = true;
      error = http::error::bad_field;
    }
  }

  void on_body_init_impl(const boost::optional<uint64_t>& length, ErrorCode&) override {
    if (length) message_.body.reserve(std::min(*length, kMaxReserve));
  }

  size_t on_body_impl(boost::beast::string_view body, ErrorCode&) override {
    message_.body.append(body.data(), body.size());
    return body.size();
  }

  void on_chunk_header_impl(uint64_t size, boost::beast::string_view, ErrorCode&) override { chunk_left_ = size; }

  size_t on_chunk_body_impl(uint64_t, boost::beast::string_view body, ErrorCode&) override {
    chunk_left_ -= body.size();
    message_.body.append(body.data(), body.size());
    return body.size();
  }

  void on_finish_impl(ErrorCode&) override {}

  Http1Message& message_;
  const Http1Limits& limits_;
  size_t header_bytes_ = 0;
  uint64_t chunk_left_ = 0;
  bool unknown_coding_ = false;
  bool no_host_ = false;
};

int status_of(const ErrorCode& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit) return 431;
  if (error == http::error::bad_version) return 505;
  return 400;
}

}  // namespace

struct Http1Parser::Impl {
  Impl(Side s, Http1Limits l) : side(s), limits(l) {}

  template <class F>
  auto visit(F f) {
    return side == Side::kRequests ? f(*requests) : f(*responses);
  }

  Error failure(const ErrorCode& error) {
    status = status_of(error);
    std::string text = error.message();
    if (status == 413) text = fmt::format("the body is larger than {} bytes", *limits.max_body_bytes);
    if (status == 431) text = fmt::format("the header is larger than {} bytes", limits.max_header_bytes);
    visit([&](auto& parser) {
      if (parser.unknown_coding()) {
        status = 501;
        text =
            fmt::format("transfer coding {} is not supported, only chunked", message.headers.get("transfer-encoding"));
      } else if (parser.no_host()) {
        text = "HTTP/1.1 requires exactly one Host field";
      }
    });
    return Error{
        status == 413 ? Code::kTooLarge : Code::kBadRequest, fmt::format("malformed HTTP message: {}", text), {}};
  }

  Side side;
  Http1Limits limits;
  Http1Message message;
  int status = 400;
  // One of the two, by side.
  std::optional<Parser<true>> requests;
  std::optional<Parser<false>> responses;
};

Http1Parser::Http1Parser(Side side, Http1Limits limits) : impl_(std::make_unique<Impl>(side, limits)) { reset(); }
Http1Parser::~Http1Parser() = default;

void Http1Parser::reset(bool no_body) {
  impl_->message = {};
  if (impl_->side == Side::kRequests) {
    impl_->requests.emplace(impl_->message, impl_->limits, no_body);
  } else {
    impl_->responses.emplace(impl_->message, impl_->limits, no_body);
  }
}

Result<size_t> Http1Parser::put(std::string_view input) {
  const bool between_chunks = impl_->visit([](auto& parser) { return parser.between_chunks(); });
  if (between_chunks && input.size() < kLastChunk) return size_t{0};
  ErrorCode error;
  const size_t used = impl_->visit(
      [&](auto& parser) { return parser.put(boost::asio::const_buffer(input.data(), input.size()), error); });
  if (error == http::error::need_more) {
    // Chunk headers have no limit of their own.
    if (used == 0 && input.size() > impl_->limits.max_header_bytes)
      error = http::error::header_limit;
    else
      error = {};
  }
  if (error) return fail(impl_->failure(error));
  return used;
}

Result<> Http1Parser::put_end() {
  ErrorCode error;
  impl_->visit([&](auto& parser) {
    if (parser.got_some()) {
      parser.put_eof(error);
    } else {
      error = http::error::end_of_stream;
    }
  });
  if (error) return fail(Code::kUnavailable, "the peer closed the connection in the middle of a message");
  return {};
}

bool Http1Parser::header_done() const {
  return impl_->visit([](auto& parser) { return parser.is_header_done(); });
}
bool Http1Parser::done() const {
  return impl_->visit([](auto& parser) { return parser.is_done(); });
}
bool Http1Parser::keep_alive() const {
  return impl_->visit([](auto& parser) { return parser.keep_alive(); });
}
int Http1Parser::error_status() const { return impl_->status; }
Http1Message& Http1Parser::message() { return impl_->message; }

}  // namespace fairlead::net
