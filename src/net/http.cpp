#include "net/http.h"

#include "base/text.h"

namespace fairlead::net {

namespace {

char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_without_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower_char(a[i]) != lower_char(b[i])) return false;
  }
  return true;
}

}  // namespace

Headers::Field Headers::operator[](size_t i) const {
  const Span& s = spans_[i];
  const std::string_view text = text_;
  return {text.substr(s.name, s.name_size), text.substr(s.value, s.value_size)};
}

void Headers::add(std::string_view name, std::string_view value) {
  if (spans_.empty()) {
    spans_.reserve(8);
    text_.reserve(256);
  }
  const Span span{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                  static_cast<uint32_t>(text_.size() + name.size()), static_cast<uint32_t>(value.size())};
  text_.append(name).append(value);
  spans_.push_back(span);
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(spans_, [&](const Span& s) {
    return same_without_case(std::string_view(text_).substr(s.name, s.name_size), name);
  });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (size_t i = 0; i < spans_.size(); ++i) {
    const Field field = (*this)[i];
    if (same_without_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (size_t i = 0; i < spans_.size(); ++i) {
    const Field field = (*this)[i];
    if (same_without_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (size_t i = 0; i < spans_.size(); ++i) {
    const Field field = (*this)[i];
    if (!same_without_case(field.name, name)) continue;
    for (const std::string_view part : split(field.value, ',')) {
      if (same_without_case(trim(part), token)) return true;
    }
  }
  return false;
}

void Headers::clear() {
  text_.clear();
  spans_.clear();
}

std::string_view HttpRequest::path() const {
  const std::string_view all = target;
  return all.substr(0, all.find('?'));
}

std::string_view HttpRequest::query() const {
  const std::string_view all = target;
  const size_t question = all.find('?');
  return question == std::string_view::npos ? std::string_view() : all.substr(question + 1);
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace fairlead::net
