// What HTTP servers and clients share: header fields, requests, responses. The same for HTTP/1.1 and HTTP/2.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "net/tls.h"

namespace fairlead::net {

// Header fields in order. Names compare without case (RFC 9110, 5.1). All text lives in one buffer, so that a request
// costs two allocations and not two per field; a view returned by get() is valid until the next change.
class Headers {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) {
    for (const Field& f : fields) add(f.name, f.value);
  }

  // of(name, value, name, value, ...). The form for coroutines: g++ 12 refuses initializer lists within a co_await
  // expression.
  template <class... Text>
  static Headers of(const Text&... names_and_values) {
    static_assert(sizeof...(Text) % 2 == 0, "every name needs a value");
    Headers made;
    const std::array<std::string_view, sizeof...(Text)> all{std::string_view(names_and_values)...};
    for (size_t i = 0; i < all.size(); i += 2) made.add(all[i], all[i + 1]);
    return made;
  }

  void add(std::string_view name, std::string_view value);
  // Replaces every field of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  // The first value of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  // The first value of that name, or "".
  [[nodiscard]] std::string_view get(std::string_view name) const { return find(name).value_or(std::string_view()); }
  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  // Every value of that name, in order (Accept and Impersonate-Group may repeat).
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  // Whether a comma-separated list field (Connection, Upgrade, ...) has `token`, without case.
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] size_t size() const { return spans_.size(); }
  [[nodiscard]] bool empty() const { return spans_.empty(); }
  [[nodiscard]] Field operator[](size_t i) const;
  void clear();

 private:
  struct Span {
    uint32_t name, name_size, value, value_size;
  };
  std::string text_;
  std::vector<Span> spans_;
};

struct HttpRequest {
  std::string method;  // "GET"; as sent, methods are case-sensitive
  std::string target;  // path and raw query, "/api/v1/pods?limit=500"
  Headers headers;
  std::string body;
  Endpoint peer;
  bool secure = false;  // arrived over TLS
  // The client's verified certificate; null when it gave none or the connection is plain.
  std::shared_ptr<const PeerIdentity> client = nullptr;

  // The two halves of `target`, neither decoded; query() is without the '?'.
  [[nodiscard]] std::string_view path() const;
  [[nodiscard]] std::string_view query() const;
};

struct HttpResponse {
  int status = 0;
  Headers headers;
  std::string body;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

// "Not Found" for 404; "" for a status that has no registered phrase.
std::string_view reason_phrase(int status);

}  // namespace fairlead::net
