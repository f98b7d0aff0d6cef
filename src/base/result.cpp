#include "base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fairlead {

Error system_error(std::string_view what, int error_number) {
  char buffer[128];
  return Error{Code::kInternal, fmt::format("{}: {}", what, strerror_r(error_number, buffer, sizeof buffer)), {}};
}

Error last_system_error(std::string_view what) { return system_error(what, errno); }

std::string_view to_string(Code code) {
  switch (code) {
    case Code::kInternal:
      return "InternalError";
    case Code::kBadRequest:
      return "BadRequest";
    case Code::kUnauthorized:
      return "Unauthorized";
    case Code::kForbidden:
      return "Forbidden";
    case Code::kNotFound:
      return "NotFound";
    case Code::kMethodNotAllowed:
      return "MethodNotAllowed";
    case Code::kNotAcceptable:
      return "NotAcceptable";
    case Code::kAlreadyExists:
      return "AlreadyExists";
    case Code::kConflict:
      return "Conflict";
    case Code::kExpired:
      return "Expired";
    case Code::kTooLarge:
      return "RequestEntityTooLarge";
    case Code::kUnsupportedMedia:
      return "UnsupportedMediaType";
    case Code::kInvalid:
      return "Invalid";
    case Code::kTooManyRequests:
      return "TooManyRequests";
    case Code::kUnavailable:
      return "ServiceUnavailable";
    case Code::kTimeout:
      return "Timeout";
    case Code::kCancelled:
      return "Cancelled";
  }
  return "InternalError";
}

void panic(std::string_view message, const char* file, int line) {
  std::fprintf(stderr, "fairlead: broken invariant at %s:%d: %.*s\n", file, line, static_cast<int>(message.size()),
               message.data());
  std::abort();
}

}  // namespace fairlead
