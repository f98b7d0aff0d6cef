#include "main_common.h"

#include <cstdio>

#include "base/text.h"
#include "rt/signals.h"

namespace fairlead {

Result<std::unique_ptr<client::HttpsApi>> connect_api(rt::Loop& loop, const ApiOptions& options,
                                                      std::string_view user_agent) {
  client::HttpsApiConfig config;
  if (options.server.empty()) {
    FL_TRY(config, client::find_config(options.kubeconfig));
  } else {
    if (!options.kubeconfig.empty()) return fail(Code::kInvalid, "--server and --kubeconfig exclude each other");
    if (options.ca_file.empty())
      return fail(Code::kInvalid, "--server needs --ca, the file with the server's certificate authority");
    if (options.token.empty() && options.token_file.empty())
      return fail(Code::kInvalid, "--server needs --token or --token-file");
    config.server = options.server;
    FL_TRY(config.ca_pem, read_file(options.ca_file));
    config.token = options.token;
    config.token_file = options.token_file;
  }
  config.user_agent = fmt::format("fairlead-{}/{}", user_agent, FAIRLEAD_VERSION);
  return client::HttpsApi::create(loop, std::move(config));
}

Result<IpAddress> parse_address(std::string_view option, std::string_view text) {
  auto address = IpAddress::parse(text);
  if (!address) return fail(std::move(address).error().in(option));
  return address;
}

Result<Cidr> parse_cidr(std::string_view option, std::string_view text) {
  auto cidr = Cidr::parse(text);
  if (!cidr) return fail(std::move(cidr).error().in(option));
  return cidr;
}

Result<std::vector<Cidr>> parse_cidrs(std::string_view option, std::string_view text) {
  std::vector<Cidr> out;
  if (text.empty()) return out;
  for (const auto part : split(text, ',')) {
    FL_TRY(auto cidr, parse_cidr(option, part));
    out.push_back(cidr);
  }
  return out;
}

Result<Endpoint> parse_endpoint(std::string_view option, std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = colon == std::string_view::npos ? std::nullopt : parse_int(text.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) {
    return fail(Code::kInvalid,
                fmt::format("{}: \"{}\" is not ADDRESS:PORT, such as 127.0.0.1:6443 or [::1]:6443", option, text));
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  FL_TRY(const auto address, parse_address(option, host));
  return Endpoint{address, static_cast<uint16_t>(*port)};
}

int complain(const Error& error) {
  std::fprintf(stderr, "fairlead: %s\n", error.message.c_str());
  return 1;
}

int run_component(rt::Loop& loop, rt::Task<Result<>> component) {
  const auto result = rt::run(loop, rt::until_terminated(loop, std::move(component)));
  return result ? 0 : complain(result.error());
}

}  // namespace fairlead
