// Result<T>: how every expected failure travels. A broken invariant aborts instead; see check.h.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead {

// What kind of failure, in the terms of the Kubernetes API (metav1.StatusReason), which is the widest seam errors
// cross.
enum class Code : uint8_t {
  kInternal,          // 500 InternalError: a defect or a failed system call
  kBadRequest,        // 400 BadRequest: cannot be parsed
  kUnauthorized,      // 401
  kForbidden,         // 403
  kNotFound,          // 404
  kMethodNotAllowed,  // 405
  kNotAcceptable,     // 406
  kAlreadyExists,     // 409 AlreadyExists
  kConflict,          // 409 Conflict: resourceVersion or uid does not match
  kExpired,           // 410 Expired: a watch or continue token older than what is retained
  kTooLarge,          // 413
  kUnsupportedMedia,  // 415
  kInvalid,           // 422 Invalid: understood, and wrong
  kTooManyRequests,   // 429
  kUnavailable,       // 503: try again
  kTimeout,           // 504
  kCancelled,         // the caller went away or the component shuts down; never sent to a client
};

// One reason of several, bound to a field; becomes metav1.StatusCause.
struct FieldError {
  std::string reason;   // FieldValueInvalid, FieldValueRequired, FieldValueNotSupported, FieldValueDuplicate, ...
  std::string field;    // spec.ports[0].port
  std::string message;  // Invalid value: 0: must be between 1 and 65535, inclusive
  bool operator==(const FieldError&) const = default;
};

struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::vector<FieldError> causes = {};

  bool operator==(const Error&) const = default;

  // The same error with where it happened in front: "create bridge fl0: Operation not permitted".
  [[nodiscard]] Error in(std::string_view context) && {
    message = fmt::format("{}: {}", context, message);
    return std::move(*this);
  }
};

template <class T = void>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message), {}});
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

// A failed system call: "open /x: No such file or directory". `error_number` is an errno value.
[[nodiscard]] Error system_error(std::string_view what, int error_number);
[[nodiscard]] Error last_system_error(std::string_view what);

std::string_view to_string(Code code);

// A broken invariant: print and abort. Never for input, whatever its source.
[[noreturn]] void panic(std::string_view message, const char* file = __builtin_FILE(), int line = __builtin_LINE());
inline void check(bool ok, std::string_view message, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (!ok) [[unlikely]]
    panic(message, file, line);
}

}  // namespace fairlead

// Unwraps a Result or returns its error from the enclosing function or coroutine:
//   FL_TRY(auto fd, open_file(path));       FL_CO_TRY(auto pod, co_await api.get(...));
#define FL_CONCAT_(a, b) a##b
#define FL_CONCAT(a, b) FL_CONCAT_(a, b)
#define FL_TRY_(tmp, decl, ret, ...)             \
  auto tmp = (__VA_ARGS__);                      \
  if (!tmp) [[unlikely]]                         \
    ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define FL_TRY(decl, ...) FL_TRY_(FL_CONCAT(fl_try_, __COUNTER__), decl, return, __VA_ARGS__)
#define FL_CO_TRY(decl, ...) FL_TRY_(FL_CONCAT(fl_try_, __COUNTER__), decl, co_return, __VA_ARGS__)
// The same for Result<void>.
#define FL_CHECK(...)                                \
  if (auto fl_r = (__VA_ARGS__); !fl_r) [[unlikely]] \
  return std::unexpected(std::move(fl_r).error())
#define FL_CO_CHECK(...)                             \
  if (auto fl_r = (__VA_ARGS__); !fl_r) [[unlikely]] \
  co_return std::unexpected(std::move(fl_r).error())
