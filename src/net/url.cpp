#include "net/url.h"

#include "base/ip.h"
#include "base/text.h"

namespace fairlead::net {

namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<uint16_t> parse_port(std::string_view text, std::string_view url) {
  const auto port = parse_int(text);
  if (!port || *port < 1 || *port > 65535) {
    return fail(Code::kBadRequest, fmt::format("URL {}: port {} is not between 1 and 65535", quote(url), quote(text)));
  }
  return static_cast<uint16_t>(*port);
}

Result<> parse_authority(std::string_view authority, std::string_view text, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return fail(Code::kBadRequest, fmt::format("URL {}: user information is not supported", quote(text)));
  }
  std::string_view port;
  bool has_port = false;
  if (authority.starts_with('[')) {
    const size_t end = authority.find(']');
    if (end == std::string_view::npos) return fail(Code::kBadRequest, fmt::format("URL {}: missing ']'", quote(text)));
    url.host = authority.substr(1, end - 1);
    const auto address = IpAddress::parse(url.host);
    if (!address || address->is_v4()) {
      return fail(Code::kBadRequest, fmt::format("URL {}: {} is not an IPv6 address", quote(text), quote(url.host)));
    }
    const std::string_view rest = authority.substr(end + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) {
      return fail(Code::kBadRequest, fmt::format("URL {}: unexpected {} after ']'", quote(text), quote(rest)));
    }
    if (has_port) port = rest.substr(1);
  } else {
    const size_t colon = authority.find(':');
    url.host = authority.substr(0, colon);
    has_port = colon != std::string_view::npos;
    if (has_port) port = authority.substr(colon + 1);
    for (const char c : url.host) {
      if (!unreserved(c))
        return fail(Code::kBadRequest, fmt::format("URL {}: bad host {}", quote(text), quote(url.host)));
    }
  }
  if (url.host.empty()) return fail(Code::kBadRequest, fmt::format("URL {}: host is missing", quote(text)));
  if (has_port) {
    FL_TRY(url.port, parse_port(port, text));
  }
  return {};
}

}  // namespace

std::string Url::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
  if (port != (scheme == "https" ? 443 : 80)) out += fmt::format(":{}", port);
  return out;
}

Result<Url> parse_url(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return fail(Code::kBadRequest,
                  fmt::format("URL {}: white space and control characters must be encoded", quote(text)));
    }
  }
  Url url;
  const size_t colon = text.find("://");
  if (colon != std::string_view::npos) url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") {
    return fail(Code::kBadRequest, fmt::format("URL {}: must begin with http:// or https://", quote(text)));
  }
  url.port = url.scheme == "https" ? 443 : 80;
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  const size_t authority_end = rest.find_first_of("/?");
  FL_CHECK(parse_authority(rest.substr(0, authority_end), text, url));
  if (authority_end == std::string_view::npos) return url;
  rest = rest.substr(authority_end);
  const size_t question = rest.find('?');
  std::string_view path = rest.substr(0, question);
  while (path.ends_with('/')) path.remove_suffix(1);
  url.path = path;
  if (question != std::string_view::npos) url.query = rest.substr(question + 1);
  return url;
}

std::string percent_encode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return fail(Code::kBadRequest, fmt::format("invalid URL escape {}", quote(text.substr(i, 3))));
      }
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

Result<Query> parse_query(std::string_view raw) {
  Query query;
  if (raw.empty()) return query;
  for (const std::string_view part : split(raw, '&')) {
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    FL_TRY(std::string name, percent_decode(part.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      FL_TRY(value, percent_decode(part.substr(equals + 1), true));
    }
    query.emplace_back(std::move(name), std::move(value));
  }
  return query;
}

std::string_view query_get(const Query& query, std::string_view name) {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return {};
}

std::string format_query(const Query& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += percent_encode(name) + '=' + percent_encode(value);
  }
  return out;
}

}  // namespace fairlead::net
