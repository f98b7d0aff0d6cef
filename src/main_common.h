// What the main_*.cpp share: reaching the API as the options say, running a component until a signal ends it, parsing
// options.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "client/https_api.h"
#include "commands.h"
#include "rt/loop.h"

namespace fairlead {

// Errors name the option.
Result<std::unique_ptr<client::HttpsApi>> connect_api(rt::Loop& loop, const ApiOptions& options,
                                                      std::string_view user_agent);
Result<IpAddress> parse_address(std::string_view option, std::string_view text);
Result<Cidr> parse_cidr(std::string_view option, std::string_view text);
Result<Endpoint> parse_endpoint(std::string_view option, std::string_view text);
// "A,B" for dual stack; empty text is an empty list.
Result<std::vector<Cidr>> parse_cidrs(std::string_view option, std::string_view text);

// Runs the component until it ends or SIGINT or SIGTERM arrives; prints its error; the process's exit code.
int run_component(rt::Loop& loop, rt::Task<Result<>> component);
int complain(const Error& error);

}  // namespace fairlead
