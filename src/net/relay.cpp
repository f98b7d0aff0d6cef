#include "net/relay.h"

#include <vector>

#include "base/text.h"
#include "rt/event.h"
#include "rt/task_group.h"
#include "rt/time.h"

namespace fairlead::net {
namespace {

constexpr size_t kBuffer = 32 * 1024;
constexpr std::chrono::minutes kPatience{15};

struct Ends {
  explicit Ends(rt::Loop& loop) : changed(loop) {}
  rt::Event changed;
  bool client = false;
  bool backend = false;
};

rt::Task<> pump(Stream& from, Stream& to, bool& ended, rt::Event& changed) {
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const auto n = co_await from.read_some(buffer);
    if (!n || *n == 0) break;
    const auto written = co_await to.write(std::string_view(buffer.data(), *n));
    if (!written) break;
  }
  ended = true;
  changed.notify();
}

rt::Task<> drain(Stream& from) {
  std::vector<char> buffer(4096);
  for (;;) {
    const auto n = co_await from.read_some(buffer);
    if (!n || *n == 0) co_return;
  }
}

bool of_the_connection(std::string_view name) {
  const std::string n = lower(name);
  return n == "host" || n == "connection" || n == "content-length" || n == "transfer-encoding" || n == "keep-alive" ||
         n == "te" || n == "trailer" || n == "proxy-connection" || n == "authorization" || n == "proxy-authorization" ||
         n == "expect" || n == "date";
}

}  // namespace

rt::Task<> relay(rt::Loop& loop, Stream& client, Stream& backend) {
  Ends ends(loop);
  rt::TaskGroup pumps(loop);
  pumps.spawn("relay to client", pump(backend, client, ends.backend, ends.changed));
  pumps.spawn("relay to backend", pump(client, backend, ends.client, ends.changed));
  std::exception_ptr cancelled;
  try {
    while (!ends.client && !ends.backend) co_await ends.changed.wait();
  } catch (const boost::system::system_error&) {
    cancelled = std::current_exception();
  }
  co_await rt::shield();
  co_await pumps.shutdown();
  backend.close();
  if (cancelled) std::rethrow_exception(cancelled);
  if (!ends.client) co_await close_gently(client);
}

rt::Task<> close_gently(Stream& client) {
  client.shutdown_write();
  co_await rt::with_timeout(drain(client), kPatience);
}

bool asks_upgrade(const HttpRequest& request) {
  return request.headers.has_token("connection", "upgrade") && request.headers.has("upgrade");
}

Headers forwarded_fields(const Headers& from) {
  Headers out;
  for (size_t i = 0; i < from.size(); ++i) {
    if (!of_the_connection(from[i].name)) out.add(from[i].name, from[i].value);
  }
  return out;
}

rt::Task<Result<>> relay_upgrade(rt::Loop& loop, HttpClient& to, const HttpRequest& request, std::string target,
                                 ResponseWriter& response) {
  HttpCall call;
  call.method = request.method;
  call.target = std::move(target);
  call.headers = forwarded_fields(request.headers);
  FL_CO_TRY(auto answer, co_await to.upgrade(std::move(call)));
  Headers headers = forwarded_fields(answer.response.headers);
  if (!answer.stream) {
    (void)co_await response.send(answer.response.status, std::move(headers), std::move(answer.response.body));
    co_return Result<>();
  }
  const auto client = co_await response.upgrade(std::move(headers));
  if (client) co_await relay(loop, **client, *answer.stream);
  co_return Result<>();
}

}  // namespace fairlead::net
