#include "proxy/planes/iptables/backend.h"

#include <algorithm>

#include "base/text.h"
#include "net/netns.h"
#include "net/process.h"

namespace fairlead::proxy::iptables {
namespace {

struct Signs {
  bool hint = false;
  size_t rules = 0;
};

// What `save` of one backend shows; nothing when the program is not installed.
rt::Task<Signs> signs(rt::Loop& loop, int netns_fd, Backend backend) {
  Signs s;
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    net::SpawnOptions spawn;
    spawn.argv = {program(backend, family, "save")};
    spawn.netns_fd = netns_fd;
    net::RunLimits limits;
    limits.output_bytes = size_t{1} << 30;
    auto ran = co_await net::run(loop, std::move(spawn), std::string(), limits);
    if (!ran || !ran->status.ok()) continue;
    bool mangle = false;
    for (const std::string_view line : split(ran->out, '\n')) {
      if (line.starts_with("*")) mangle = line == "*mangle";
      if (line.starts_with("-A")) ++s.rules;
      if (mangle && (line.starts_with(":KUBE-IPTABLES-HINT ") || line.starts_with(":KUBE-KUBELET-CANARY ")))
        s.hint = true;
    }
  }
  co_return s;
}

// Whether anybody has used the old tables in this namespace. Asking iptables-legacy itself would create them, and cost
// every packet a little from then on.
bool legacy_tables(int netns_fd) {
  std::string names;
  const auto read = [&]() -> Result<> {
    for (const char* path : {"/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names"})
      if (auto text = read_file(path)) names += *text;
    return {};
  };
  if (netns_fd < 0)
    (void)read();
  else
    (void)net::in_netns(netns_fd, read);
  return !trim(names).empty();
}

}  // namespace

std::string program(Backend backend, IpFamily family, std::string_view verb) {
  const std::string_view tool = family == IpFamily::kV4 ? "iptables" : "ip6tables";
  const std::string_view kind = backend == Backend::kNft ? "-nft" : backend == Backend::kLegacy ? "-legacy" : "";
  return fmt::format("{}{}{}{}", tool, kind, verb.empty() ? "" : "-", verb);
}

rt::Task<Result<Detected>> detect(rt::Loop& loop, int netns_fd) {
  const Signs nft = co_await signs(loop, netns_fd, Backend::kNft);
  Signs legacy;
  if (legacy_tables(netns_fd)) legacy = co_await signs(loop, netns_fd, Backend::kLegacy);
  if (nft.hint) co_return Detected{Backend::kNft, "iptables-nft: the kubelet's hint chain is in its mangle table"};
  if (legacy.hint)
    co_return Detected{Backend::kLegacy, "iptables-legacy: the kubelet's hint chain is in its mangle table"};
  if (legacy.rules > nft.rules)
    co_return Detected{
        Backend::kLegacy,
        fmt::format("iptables-legacy: it holds {} of this host's rules, iptables-nft {}", legacy.rules, nft.rules)};
  if (nft.rules > 0)
    co_return Detected{Backend::kNft, fmt::format("iptables-nft: it holds {} of this host's rules, iptables-legacy {}",
                                                  nft.rules, legacy.rules)};
  net::SpawnOptions spawn;
  spawn.argv = {"iptables", "--version"};
  auto version = co_await net::run_ok(loop, std::move(spawn));
  if (!version) co_return fail(std::move(version).error());
  co_return Detected{Backend::kSystem, fmt::format("the system's default, {}: there are no rules yet", trim(*version))};
}

}  // namespace fairlead::proxy::iptables
