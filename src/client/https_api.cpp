#include "client/https_api.h"

#include <boost/json/value.hpp>

#include "api/codec.h"
#include "api/types/status.h"
#include "base/clock.h"
#include "base/text.h"
#include "net/url.h"
#include "rt/time.h"

namespace fairlead::client {

namespace json = boost::json;

namespace {

constexpr size_t kMaxWatchLine = 64 * 1024 * 1024;

Code code_of(std::string_view reason, int status) {
  struct Row {
    std::string_view reason;
    Code code;
  };
  static constexpr Row kReasons[] = {
      {"BadRequest", Code::kBadRequest},
      {"Unauthorized", Code::kUnauthorized},
      {"Forbidden", Code::kForbidden},
      {"NotFound", Code::kNotFound},
      {"MethodNotAllowed", Code::kMethodNotAllowed},
      {"NotAcceptable", Code::kNotAcceptable},
      {"AlreadyExists", Code::kAlreadyExists},
      {"Conflict", Code::kConflict},
      {"Expired", Code::kExpired},
      {"Gone", Code::kExpired},
      {"RequestEntityTooLarge", Code::kTooLarge},
      {"UnsupportedMediaType", Code::kUnsupportedMedia},
      {"Invalid", Code::kInvalid},
      {"TooManyRequests", Code::kTooManyRequests},
      {"ServiceUnavailable", Code::kUnavailable},
      {"Timeout", Code::kTimeout},
      {"ServerTimeout", Code::kTimeout},
      {"InternalError", Code::kInternal},
  };
  for (const Row& row : kReasons) {
    if (row.reason == reason) return row.code;
  }
  switch (status) {
    case 400:
      return Code::kBadRequest;
    case 401:
      return Code::kUnauthorized;
    case 403:
      return Code::kForbidden;
    case 404:
      return Code::kNotFound;
    case 405:
      return Code::kMethodNotAllowed;
    case 406:
      return Code::kNotAcceptable;
    case 409:
      return Code::kConflict;
    case 410:
      return Code::kExpired;
    case 413:
      return Code::kTooLarge;
    case 415:
      return Code::kUnsupportedMedia;
    case 422:
      return Code::kInvalid;
    case 429:
      return Code::kTooManyRequests;
    case 502:
    case 503:
      return Code::kUnavailable;
    case 504:
      return Code::kTimeout;
    default:
      return Code::kInternal;
  }
}

// A value inside, or nothing when any step is missing.
const json::value* member(const json::value& value, std::string_view name) {
  return value.is_object() ? value.get_object().if_contains(name) : nullptr;
}
std::string text_member(const json::value& value, std::string_view name) {
  const auto* m = member(value, name);
  return m && m->is_string() ? std::string(m->get_string()) : "";
}

void add_query(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += target.contains('?') ? '&' : '?';
  target += name;
  target += '=';
  target += net::percent_encode(value);
}

// Newline-delimited JSON from a body that comes in pieces.
class HttpsWatch final : public WatchStream {
 public:
  HttpsWatch(const KindInfo& kind, std::unique_ptr<net::BodyStream> body, std::chrono::seconds patience)
      : kind_(kind), body_(std::move(body)), patience_(patience) {}

  Task<Result<std::optional<WatchEvent>>> next() override {
    for (;;) {
      const size_t end = buffer_.find('\n', scanned_);
      if (end != std::string::npos) {
        const std::string line = buffer_.substr(start_, end - start_);
        start_ = scanned_ = end + 1;
        if (trim(line).empty()) continue;
        co_return decode(line);
      }
      buffer_.erase(0, start_);
      start_ = 0;
      scanned_ = buffer_.size();
      if (buffer_.size() > kMaxWatchLine) co_return fail(Code::kTooLarge, "a watch event of more than 64 MiB");
      auto more = co_await rt::with_timeout(body_->next(), patience_);
      if (!more) co_return fail(Code::kTimeout, "the watch has been silent for too long");
      if (!*more) co_return fail(std::move(*more).error());
      if (!more->value()) co_return std::nullopt;
      buffer_ += *more->value();
    }
  }

 private:
  Result<std::optional<WatchEvent>> decode(const std::string& line) {
    FL_TRY(const json::value parsed, api::parse_json(line));
    const std::string type = text_member(parsed, "type");
    const json::value* object = member(parsed, "object");
    if (type.empty() || !object) return fail(Code::kInternal, "a watch event without type or object: " + line);
    WatchEvent event;
    if (type == "ERROR") {
      api::Status status;
      FL_CHECK(api::from_json(*object, api::type_info<api::Status>(), &status));
      return fail(code_of(status.reason, status.code), status.message);
    }
    if (type == "BOOKMARK") {
      event.type = WatchType::kBookmark;
      const json::value* meta = member(*object, "metadata");
      if (meta) event.resource_version = text_member(*meta, "resourceVersion");
      return event;
    }
    if (type == "ADDED") {
      event.type = WatchType::kAdded;
    } else if (type == "MODIFIED") {
      event.type = WatchType::kModified;
    } else if (type == "DELETED") {
      event.type = WatchType::kDeleted;
    } else {
      return fail(Code::kInternal, "a watch event of unknown type " + quote(type));
    }
    FL_TRY(event.object, api::object_from_json(*object, kind_));
    event.resource_version = event.object->meta().resource_version;
    return event;
  }

  const KindInfo& kind_;
  std::unique_ptr<net::BodyStream> body_;
  std::chrono::seconds patience_;
  std::string buffer_;
  size_t start_ = 0;    // of the first line that was not yet delivered
  size_t scanned_ = 0;  // no newline before this
};

// The token in a file that is replaced now and then; read again when it is older than a minute.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}
  std::string get() {
    const MonoTime now = std::chrono::steady_clock::now();
    if (token_.empty() || now - read_at_ > std::chrono::minutes(1)) {
      if (const auto text = read_file(path_)) token_ = trim(*text);
      read_at_ = now;
    }
    return token_;
  }

 private:
  std::string path_;
  std::string token_;
  MonoTime read_at_;
};

constexpr std::string_view kJson = "application/json";

}  // namespace

Error error_from_response(int http_status, std::string_view body) {
  const auto status = api::value_from_text<api::Status>(body);
  if (!status || status->status != "Failure") {
    std::string text(trim(body.substr(0, 512)));
    if (text.empty()) text = net::reason_phrase(http_status);
    return {code_of("", http_status), fmt::format("the server answered {}: {}", http_status, text), {}};
  }
  Error error{code_of(status->reason, http_status), status->message, {}};
  if (status->details) {
    for (const auto& cause : status->details->causes) {
      error.causes.push_back({cause.reason, cause.field, cause.message});
    }
  }
  return error;
}

std::string resource_path(const KindInfo& kind, std::string_view ns, std::string_view name,
                          std::string_view subresource) {
  std::string path =
      kind.group.empty() ? fmt::format("/api/{}", kind.version) : fmt::format("/apis/{}/{}", kind.group, kind.version);
  if (kind.namespaced && !ns.empty()) path += "/namespaces/" + net::percent_encode(ns);
  path += fmt::format("/{}", kind.plural);
  if (!name.empty()) path += "/" + net::percent_encode(name);
  if (!subresource.empty()) path += fmt::format("/{}", subresource);
  return path;
}

Result<std::unique_ptr<HttpsApi>> HttpsApi::create(rt::Loop& loop, HttpsApiConfig config) {
  net::HttpClientConfig http;
  http.base_url = config.server;
  http.user_agent = config.user_agent;
  if (config.server.starts_with("https:")) {
    FL_TRY(http.tls, net::TlsContext::client({.ca_pem = config.ca_pem,
                                              .certificate_pem = config.certificate_pem,
                                              .key_pem = config.key_pem,
                                              .server_name = config.tls_server_name,
                                              .insecure_skip_verify = config.insecure_skip_verify}));
  }
  if (!config.token_file.empty()) {
    http.bearer_token = [file = std::make_shared<TokenFile>(config.token_file)] { return file->get(); };
  } else if (!config.token.empty()) {
    http.bearer_token = [token = config.token] { return token; };
  }
  FL_TRY(auto client, net::HttpClient::create(loop, std::move(http)));
  return std::unique_ptr<HttpsApi>(new HttpsApi(std::move(config), std::move(client)));
}

HttpsApi::HttpsApi(HttpsApiConfig config, std::unique_ptr<net::HttpClient> http)
    : config_(std::move(config)), http_(std::move(http)) {}

Task<Result<std::string>> HttpsApi::call(std::string method, std::string target, std::string content_type,
                                         std::string body) {
  net::HttpCall request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.headers.add("Accept", kJson);
  if (!content_type.empty()) request.headers.add("Content-Type", content_type);
  request.body = std::move(body);
  request.timeout = config_.request_timeout;
  auto response = co_await http_->request(std::move(request));
  if (!response) co_return fail(std::move(response).error());
  if (!response->ok()) co_return fail(error_from_response(response->status, response->body));
  co_return std::move(response->body);
}

Task<Result<ObjectPtr>> HttpsApi::call_object(const KindInfo& kind, std::string method, std::string target,
                                              std::string content_type, std::string body) {
  auto answer = co_await call(std::move(method), std::move(target), std::move(content_type), std::move(body));
  if (!answer) co_return fail(std::move(answer).error());
  auto object = api::object_from_text(*answer, kind);
  if (!object) co_return fail(std::move(object).error().in("the server's answer"));
  co_return ObjectPtr(*std::move(object));
}

Task<Result<ObjectPtr>> HttpsApi::get(const KindInfo& kind, std::string ns, std::string name) {
  co_return co_await call_object(kind, "GET", resource_path(kind, ns, name), "", "");
}

Task<Result<ObjectList>> HttpsApi::list(const KindInfo& kind, ListOptions options) {
  std::string target = resource_path(kind, options.ns);
  add_query(target, "labelSelector", options.label_selector);
  add_query(target, "fieldSelector", options.field_selector);
  auto answer = co_await call("GET", std::move(target), "", "");
  if (!answer) co_return fail(std::move(answer).error());
  FL_CO_TRY(const json::value parsed, api::parse_json(*answer));
  ObjectList out;
  const json::value* meta = member(parsed, "metadata");
  if (meta) out.resource_version = text_member(*meta, "resourceVersion");
  const json::value* items = member(parsed, "items");
  if (items && items->is_array()) {
    out.items.reserve(items->get_array().size());
    for (const json::value& item : items->get_array()) {
      FL_CO_TRY(MutableObject object, api::object_from_json(item, kind));
      out.items.emplace_back(std::move(object));
    }
  }
  co_return out;
}

Task<Result<std::unique_ptr<WatchStream>>> HttpsApi::watch(const KindInfo& kind, WatchOptions options) {
  std::string target = resource_path(kind, options.ns);
  add_query(target, "watch", "1");
  add_query(target, "allowWatchBookmarks", "true");
  add_query(target, "resourceVersion", options.resource_version);
  add_query(target, "labelSelector", options.label_selector);
  add_query(target, "fieldSelector", options.field_selector);
  // Spread, so that the watches of many clients do not all end at once.
  const auto seconds = config_.watch_timeout + std::chrono::seconds(random_u64() % 60);
  add_query(target, "timeoutSeconds", std::to_string(seconds.count()));
  net::HttpCall request;
  request.target = std::move(target);
  request.headers.add("Accept", kJson);
  request.timeout = config_.request_timeout;
  auto body = co_await http_->stream(std::move(request));
  if (!body) co_return fail(std::move(body).error());
  const int status = (*body)->status();
  if (status != 200) {
    std::string text;
    for (;;) {
      auto piece = co_await (*body)->next();
      if (!piece || !piece->has_value() || text.size() > 64 * 1024) break;
      text += **piece;
    }
    co_return fail(error_from_response(status, text));
  }
  std::unique_ptr<WatchStream> stream =
      std::make_unique<HttpsWatch>(kind, *std::move(body), seconds + std::chrono::seconds(15));
  co_return stream;
}

Task<Result<ObjectPtr>> HttpsApi::create(MutableObject object) {
  const KindInfo& kind = object->kind();
  co_return co_await call_object(kind, "POST", resource_path(kind, object->meta().namespace_), std::string(kJson),
                                 api::to_json(*object));
}

Task<Result<ObjectPtr>> HttpsApi::update(MutableObject object, std::string subresource) {
  const KindInfo& kind = object->kind();
  const auto& meta = object->meta();
  co_return co_await call_object(kind, "PUT", resource_path(kind, meta.namespace_, meta.name, subresource),
                                 std::string(kJson), api::to_json(*object));
}

Task<Result<ObjectPtr>> HttpsApi::patch(const KindInfo& kind, std::string ns, std::string name, PatchType type,
                                        std::string body, std::string subresource) {
  std::string_view content_type = "application/strategic-merge-patch+json";
  if (type == PatchType::kJson) content_type = "application/json-patch+json";
  if (type == PatchType::kMerge) content_type = "application/merge-patch+json";
  co_return co_await call_object(kind, "PATCH", resource_path(kind, ns, name, subresource), std::string(content_type),
                                 std::move(body));
}

Task<Result<>> HttpsApi::remove(const KindInfo& kind, std::string ns, std::string name, DeleteOptions options) {
  std::string body = R"({"kind":"DeleteOptions","apiVersion":"v1")";
  if (options.grace_period_seconds) body += fmt::format(R"(,"gracePeriodSeconds":{})", *options.grace_period_seconds);
  if (!options.propagation_policy.empty()) body += R"(,"propagationPolicy":)" + quote(options.propagation_policy);
  if (!options.uid.empty() || !options.resource_version.empty()) {
    std::string parts;
    if (!options.uid.empty()) parts += R"("uid":)" + quote(options.uid);
    if (!options.resource_version.empty()) {
      parts += (parts.empty() ? "" : ",") + (R"("resourceVersion":)" + quote(options.resource_version));
    }
    body += R"(,"preconditions":{)" + parts + "}";
  }
  body += "}";
  auto answer = co_await call("DELETE", resource_path(kind, ns, name), std::string(kJson), std::move(body));
  if (!answer) co_return fail(std::move(answer).error());
  co_return Result<>{};
}

Task<Result<>> HttpsApi::bind(std::string ns, std::string pod, std::string node) {
  const KindInfo* pods = api::find_kind("", "v1", "Pod");
  const std::string body =
      fmt::format(R"({{"apiVersion":"v1","kind":"Binding","metadata":{{"name":{},"namespace":{}}},)"
                  R"("target":{{"apiVersion":"v1","kind":"Node","name":{}}}}})",
                  quote(pod), quote(ns), quote(node));
  auto answer = co_await call("POST", resource_path(*pods, ns, pod, "binding"), std::string(kJson), body);
  if (!answer) co_return fail(std::move(answer).error());
  co_return Result<>{};
}

Task<Result<api::TokenRequest>> HttpsApi::request_token(std::string ns, std::string account,
                                                        api::TokenRequest request) {
  const KindInfo* accounts = api::find_kind("", "v1", "ServiceAccount");
  const KindInfo& kind = api::kind_of<api::TokenRequest>();
  const MutableObject body = api::make_object(std::move(request));
  auto answer = co_await call_object(kind, "POST", resource_path(*accounts, ns, account, "token"), std::string(kJson),
                                     api::to_json(*body));
  if (!answer) co_return fail(std::move(answer).error());
  co_return (*answer)->as<api::TokenRequest>();
}

}  // namespace fairlead::client
