#include "apiserver/errors.h"

#include <algorithm>

#include "base/text.h"

namespace fairlead::apiserver {

Error not_found(const api::KindInfo& kind, std::string_view name) {
  return {Code::kNotFound, fmt::format("{} {} not found", kind.qualified(), quote(name)), {}};
}

Error already_exists(const api::KindInfo& kind, std::string_view name) {
  return {Code::kAlreadyExists, fmt::format("{} {} already exists", kind.qualified(), quote(name)), {}};
}

Error conflict(const api::KindInfo& kind, std::string_view name, std::string_view why) {
  return {Code::kConflict,
          fmt::format("Operation cannot be fulfilled on {} {}: {}", kind.qualified(), quote(name), why),
          {}};
}

Error modified(const api::KindInfo& kind, std::string_view name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

Error forbidden(const api::KindInfo& kind, std::string_view name, std::string_view why) {
  if (name.empty()) return {Code::kForbidden, fmt::format("{} is forbidden: {}", kind.qualified(), why), {}};
  return {Code::kForbidden, fmt::format("{} {} is forbidden: {}", kind.qualified(), quote(name), why), {}};
}

Error bad_request(std::string message) { return {Code::kBadRequest, std::move(message), {}}; }

int http_status(Code code) {
  switch (code) {
    case Code::kInternal:
    case Code::kCancelled:
      return 500;
    case Code::kBadRequest:
      return 400;
    case Code::kUnauthorized:
      return 401;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kMethodNotAllowed:
      return 405;
    case Code::kNotAcceptable:
      return 406;
    case Code::kAlreadyExists:
    case Code::kConflict:
      return 409;
    case Code::kExpired:
      return 410;
    case Code::kTooLarge:
      return 413;
    case Code::kUnsupportedMedia:
      return 415;
    case Code::kInvalid:
      return 422;
    case Code::kTooManyRequests:
      return 429;
    case Code::kUnavailable:
      return 503;
    case Code::kTimeout:
      return 504;
  }
  return 500;
}

api::Status status_of(const Error& error) {
  api::Status out;
  out.status = "Failure";
  out.message = error.message;
  out.reason = std::string(to_string(error.code == Code::kCancelled ? Code::kInternal : error.code));
  out.code = http_status(error.code);

  api::StatusDetails details;
  // `services "web" not found`, `Operation cannot be fulfilled on deployments.apps "web": ...`, `Pod "x" is invalid:
  // ...`.
  std::string_view text = error.message;
  constexpr std::string_view kConflict = "Operation cannot be fulfilled on ";
  if (text.starts_with(kConflict)) text.remove_prefix(kConflict.size());
  const auto space = text.find(' ');
  const auto subject = text.substr(0, space);
  const bool plain = std::all_of(subject.begin(), subject.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
           c == '/';
  });
  if (space != std::string_view::npos && plain && text.size() > space + 2 && text[space + 1] == '"') {
    const auto end = text.find('"', space + 2);
    if (end != std::string_view::npos) {
      details.name = text.substr(space + 2, end - space - 2);
      const auto dot = subject.find('.');
      details.kind = subject.substr(0, dot);
      if (dot != std::string_view::npos) details.group = subject.substr(dot + 1);
    }
  }
  for (const FieldError& c : error.causes) details.causes.push_back({c.reason, c.message, c.field});
  if (error.code == Code::kTooManyRequests || error.code == Code::kUnavailable) details.retry_after_seconds = 1;
  if (!(details == api::StatusDetails{})) out.details = std::move(details);
  return out;
}

}  // namespace fairlead::apiserver
