// A small HTTP/2 client for tests: requests on one connection, and what came of each.
#pragma once

#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/http_testing.h"

namespace fairlead::net::testing {

class Http2Client {
 public:
  struct Got {
    int status = 0;
    std::map<std::string, std::string> headers;
    std::string body;
    bool ended = false;   // by END_STREAM
    bool closed = false;  // in any way
    uint32_t error = 0;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // `window`: what the server may send of one stream before the client has taken it; with `reads` false the client
  // never takes anything.
  static rt::Task<std::unique_ptr<Http2Client>> connect(Endpoint to, std::shared_ptr<TlsContext> tls,
                                                        uint32_t window = 65535, bool reads = true) {
    std::unique_ptr<Http2Client> client(new Http2Client(window, reads));
    client->stream_ = co_await dial(to);
    const auto shaken = co_await client->stream_->connect_tls(*tls, "127.0.0.1");
    check(shaken.has_value(), shaken ? "" : shaken.error().message);
    check(client->stream_->alpn() == "h2", "the server did not choose HTTP/2");
    co_return client;
  }
  ~Http2Client() { nghttp2_session_del(session_); }

  int32_t ask(std::string method, std::string path, std::string body = {}, Fields more = {}) {
    Fields fields = {{":method", std::move(method)}, {":scheme", "https"}, {":authority", "test"}, {":path", path}};
    fields.insert(fields.end(), more.begin(), more.end());
    std::vector<nghttp2_nv> pairs;
    for (auto& [name, value] : fields) {
      pairs.push_back({reinterpret_cast<uint8_t*>(name.data()), reinterpret_cast<uint8_t*>(value.data()), name.size(),
                       value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_data_provider provider{};
    provider.source.ptr = this;
    provider.read_callback = [](nghttp2_session*, int32_t id, uint8_t* into, size_t size, uint32_t* flags,
                                nghttp2_data_source* source, void*) -> ssize_t {
      std::string& left = static_cast<Http2Client*>(source->ptr)->uploads_[id];
      const size_t n = std::min(size, left.size());
      left.copy(reinterpret_cast<char*>(into), n);
      left.erase(0, n);
      if (left.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
      return static_cast<ssize_t>(n);
    };
    const int32_t id = nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(),
                                              body.empty() ? nullptr : &provider, nullptr);
    check(id > 0, "cannot ask");
    uploads_[id] = std::move(body);
    (void)got[id];
    return id;
  }
  int32_t get(std::string path) { return ask("GET", std::move(path)); }
  void reset(int32_t id) { nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL); }

  // Sends what is to be sent, then reads once. False when the server has ended the connection.
  rt::Task<bool> exchange() {
    co_await flush();
    std::vector<char> buffer(64 * 1024);
    const auto n = co_await stream_->read_some(buffer);
    if (!n || *n == 0) co_return false;
    const ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(buffer.data()), *n);
    check(used >= 0, nghttp2_strerror(static_cast<int>(used)));
    co_await flush();
    co_return true;
  }
  rt::Task<> flush() {
    std::string out;
    const uint8_t* bytes = nullptr;
    for (ssize_t n = 0; (n = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(n));
    if (!out.empty()) (void)co_await stream_->write(out);
  }
  // Until stream `id` is closed, or the connection.
  rt::Task<Got> answer(int32_t id) {
    bool open = true;
    while (open && !got[id].closed) open = co_await exchange();
    Got found = got[id];
    co_return found;
  }
  // Until the server ends the connection.
  rt::Task<> hear_out() {
    bool open = true;
    while (open) open = co_await exchange();
  }
  void leave() { stream_->close(); }

  std::map<int32_t, Got> got;
  bool goaway = false;
  uint32_t goaway_error = 0;

 private:
  Http2Client(uint32_t window, bool reads) {
    nghttp2_session_callbacks* c = nullptr;
    nghttp2_session_callbacks_new(&c);
    nghttp2_session_callbacks_set_on_header_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
              size_t value_size, uint8_t, void* self) {
          Got& to = static_cast<Http2Client*>(self)->got[frame->hd.stream_id];
          const std::string key(reinterpret_cast<const char*>(name), name_size);
          const std::string text(reinterpret_cast<const char*>(value), value_size);
          if (key == ":status") to.status = std::stoi(text);
          to.headers[key] = text;
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        c, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* self) {
          static_cast<Http2Client*>(self)->got[id].body.append(reinterpret_cast<const char*>(bytes), size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        c, [](nghttp2_session*, const nghttp2_frame* frame, void* raw) {
          auto* self = static_cast<Http2Client*>(raw);
          if (frame->hd.type == NGHTTP2_GOAWAY) {
            self->goaway = true;
            self->goaway_error = frame->goaway.error_code;
          }
          const bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
          if (message && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) self->got[frame->hd.stream_id].ended = true;
          return 0;
        });
    nghttp2_session_callbacks_set_on_stream_close_callback(
        c, [](nghttp2_session*, int32_t id, uint32_t error, void* self) {
          Got& to = static_cast<Http2Client*>(self)->got[id];
          to.closed = true;
          to.error = error;
          return 0;
        });
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_auto_window_update(options, reads ? 0 : 1);
    nghttp2_option_set_peer_max_concurrent_streams(options, 100'000);
    nghttp2_session_client_new2(&session_, c, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(c);
    const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1);
  }

  nghttp2_session* session_ = nullptr;
  std::unique_ptr<Stream> stream_;
  std::map<int32_t, std::string> uploads_;
};

}  // namespace fairlead::net::testing
