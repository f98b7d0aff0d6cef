#include "proxy/planes/iptables/iptables.h"

#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "net/netns.h"
#include "net/process.h"
#include "proxy/planes/iptables/names.h"

namespace fairlead::proxy::iptables {
namespace {

using namespace std::chrono_literals;

// Loading tens of thousands of chains at once takes the kernel minutes (iptables-nft); one change, milliseconds.
constexpr auto kFullLimit = 15min;
constexpr size_t kSaveLimit = size_t{2} << 30;

net::SpawnOptions command(std::vector<std::string> argv, int netns_fd) {
  net::SpawnOptions spawn;
  spawn.argv = std::move(argv);
  spawn.netns_fd = netns_fd;
  return spawn;
}

net::SpawnOptions restore_command(std::string program, int netns_fd) {
  return command({std::move(program), "--noflush", "--wait", "5"}, netns_fd);
}

// "iptables-restore: line 12 failed: ..." with the line itself, which is what one needs to see.
std::string explain(std::string_view error, std::string_view input) {
  std::string text(trim(error));
  const size_t at = text.find("line ");
  if (at == std::string::npos) return text;
  const size_t end = text.find_first_not_of("0123456789", at + 5);
  const auto number = parse_int(std::string_view(text).substr(at + 5, end - at - 5));
  const auto lines = split(input, '\n');
  if (number && *number >= 1 && static_cast<size_t>(*number) <= lines.size())
    text += fmt::format(" [{}]", lines[static_cast<size_t>(*number) - 1]);
  return text;
}

}  // namespace

IptablesPlane::IptablesPlane(rt::Loop& loop, PlaneOptions options, Backend backend)
    : loop_(loop), options_{.plane = std::move(options)}, backend_(backend) {}

Capabilities IptablesPlane::capabilities() const {
  return {.conntrack = true,
          .affinity = true,
          .localhost_node_ports = options_.localhost_node_ports,
          .source_ranges = true,
          .wrong_port_reject = true,
          .schedulers = {"random"}};
}

rt::Task<Probe> IptablesPlane::probe() {
  auto chosen = co_await choose_backend();
  if (!chosen) co_return Probe{false, chosen.error().message};
  // A listing needs the same rights and the same kernel parts as the real thing.
  const IpFamily family = options_.plane.families.front();
  auto found = co_await save(backend_, family);
  if (!found) co_return Probe{false, found.error().message};
  co_return Probe{true, reason_};
}

rt::Task<Result<>> IptablesPlane::choose_backend() {
  if (backend_ == Backend::kAuto) {
    auto detected = co_await detect(loop_, options_.plane.netns_fd);
    if (!detected) co_return fail(std::move(detected).error());
    backend_ = detected->backend;
    reason_ = std::move(detected->reason);
  }
  if (!std::exchange(families_checked_, true)) co_await drop_absent_families();
  co_return Result<>{};
}

// A kernel without IPv6 has no ip6tables: the other family is not to suffer.
rt::Task<> IptablesPlane::drop_absent_families() {
  std::vector<IpFamily> present;
  std::string reason;
  for (const IpFamily family : options_.plane.families) {
    auto found = co_await save(backend_, family);
    if (found)
      present.push_back(family);
    else
      reason = found.error().message;
  }
  if (present.empty() || present.size() == options_.plane.families.size()) co_return;
  log::info("one address family only", {{"family", to_string(present.front())}, {"reason", reason}});
  options_.plane.families = std::move(present);
}

void IptablesPlane::read_sysctls() {
  Fd own;
  int netns = options_.plane.netns_fd;
  if (netns < 0) {
    auto opened = net::open_own_netns();
    if (!opened) return;
    own = std::move(*opened);
    netns = own.get();
  }
  constexpr const char* kRouteLocalnet = "net/ipv4/conf/all/route_localnet";
  if (options_.plane.set_route_localnet) {
    auto set = net::set_netns_sysctl(netns, kRouteLocalnet, "1");
    if (!set) log::warn("node ports will not answer on 127.0.0.1", {{"reason", set.error().message}});
  }
  const auto is_one = [&](const char* name) {
    const auto value = net::get_netns_sysctl(netns, name);
    return value && trim(*value) == "1";
  };
  options_.localhost_node_ports = options_.plane.localhost_node_ports && is_one(kRouteLocalnet);
  options_.drop_invalid = !is_one("net/netfilter/nf_conntrack_tcp_be_liberal");
}

rt::Task<Result<Found>> IptablesPlane::save(Backend backend, IpFamily family) {
  Found found;
  for (const char* table : {"nat", "filter"}) {
    const std::string save_program = program(backend, family, "save");
    net::RunLimits limits;
    limits.time = kFullLimit;
    limits.output_bytes = kSaveLimit;
    net::SpawnOptions spawn = command({save_program, "-t", table}, options_.plane.netns_fd);
    auto text = co_await net::run_ok(loop_, std::move(spawn), std::string(), limits);
    if (!text) co_return fail(std::move(text).error().in(fmt::format("{} -t {}", save_program, table)));
    FL_CO_CHECK(parse_save(*text, found));
  }
  co_return found;
}

rt::Task<Result<>> IptablesPlane::restore(Backend backend, IpFamily family, std::string input) {
  const std::string restore_program = program(backend, family, "restore");
  net::RunLimits limits;
  limits.time = kFullLimit;
  std::string copy = input;
  net::SpawnOptions spawn = restore_command(restore_program, options_.plane.netns_fd);
  auto ran = co_await net::run(loop_, std::move(spawn), std::move(copy), limits);
  if (!ran) co_return fail(std::move(ran).error().in(restore_program));
  if (!ran->status.ok()) {
    const std::string why = ran->err.empty() ? ran->status.to_string() : explain(ran->err, input);
    co_return fail(Code::kInternal, fmt::format("{}: {}", restore_program, why));
  }
  co_return Result<>{};
}

rt::Task<Result<>> IptablesPlane::sync_full(const ServiceTable& table) {
  FL_CO_CHECK(co_await choose_backend());
  read_sysctls();
  options_.node_pod_cidrs = table.node.pod_cidrs;
  for (const IpFamily family : options_.plane.families) {
    auto synced = co_await sync_family(family, table);
    if (!synced) {
      ++counters(family).full_failures;
      co_return synced;
    }
  }
  co_return Result<>{};
}

rt::Task<Result<>> IptablesPlane::sync_family(IpFamily family, const ServiceTable& table) {
  auto found = co_await save(backend_, family);
  if (!found) co_return fail(std::move(found).error());
  std::string input;
  {
    const Wanted want = wanted(table, family, options_);
    input = repair(*found, want);
    Counters& c = counters(family);
    for (const Table t : {Table::kNat, Table::kFilter})
      c.rules[static_cast<size_t>(t)] = c.rules_last[static_cast<size_t>(t)] = static_cast<int64_t>(want.rule_count(t));
  }
  if (input.empty()) co_return Result<>{};
  co_return co_await restore(backend_, family, std::move(input));
}

rt::Task<Result<>> IptablesPlane::apply(const Delta& delta) {
  for (const IpFamily family : options_.plane.families) {
    Update change = update(delta, family, options_);
    if (change.input.empty()) continue;
    Counters& c = counters(family);
    for (size_t t = 0; t < 2; ++t) {
      c.rules[t] += change.rules_gained[t];
      c.rules_last[t] = 0;
    }
    size_t table = 0;
    for (const std::string_view line : split(change.input, '\n')) {
      if (line.starts_with("*")) table = line == "*nat" ? 0 : 1;
      if (line.starts_with("-A") || line.starts_with("-I")) ++c.rules_last[table];
    }
    auto applied = co_await restore(backend_, family, std::move(change.input));
    if (!applied) {
      ++c.partial_failures;
      co_return applied;
    }
  }
  co_return Result<>{};
}

rt::Task<Result<bool>> IptablesPlane::intact() {
  for (const IpFamily family : options_.plane.families) {
    net::SpawnOptions spawn = restore_command(program(backend_, family, "restore"), options_.plane.netns_fd);
    std::string input = check_input(family, options_);
    auto ran = co_await net::run(loop_, std::move(spawn), std::move(input));
    if (!ran) co_return fail(std::move(ran).error());
    if (!ran->status.ok()) co_return false;
  }
  co_return true;
}

rt::Task<Result<>> IptablesPlane::clean_family(Backend backend, IpFamily family) {
  auto found = co_await save(backend, family);
  if (!found) co_return fail(std::move(found).error());
  std::string input = removal(*found);
  if (input.empty()) co_return Result<>{};
  co_return co_await restore(backend, family, std::move(input));
}

rt::Task<Result<>> IptablesPlane::cleanup() {
  FL_CO_CHECK(co_await choose_backend());
  for (const IpFamily family : options_.plane.families) {
    auto cleaned = co_await clean_family(backend_, family);
    if (!cleaned) co_return cleaned;
    counters(family).rules = {};
  }
  co_return Result<>{};
}

void IptablesPlane::write_metrics(std::string& out) const {
  const auto each = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    fmt::format_to(std::back_inserter(out), "# HELP kubeproxy_{0} {1}\n# TYPE kubeproxy_{0} {2}\n", name, help, type);
    for (const IpFamily family : options_.plane.families)
      value(name, to_string(family), counters_[static_cast<size_t>(family)]);
  };
  const auto by_table = [&](auto member) {
    return [&out, member](std::string_view name, std::string_view family, const Counters& c) {
      fmt::format_to(std::back_inserter(out), "kubeproxy_{0}{{ip_family=\"{1}\",table=\"filter\"}} {2}\n", name, family,
                     (c.*member)[1]);
      fmt::format_to(std::back_inserter(out), "kubeproxy_{0}{{ip_family=\"{1}\",table=\"nat\"}} {2}\n", name, family,
                     (c.*member)[0]);
    };
  };
  const auto plain = [&](auto member) {
    return [&out, member](std::string_view name, std::string_view family, const Counters& c) {
      fmt::format_to(std::back_inserter(out), "kubeproxy_{}{{ip_family=\"{}\"}} {}\n", name, family, c.*member);
    };
  };
  each("sync_proxy_rules_iptables_total", "gauge", "Number of iptables rules owned by this proxy",
       by_table(&Counters::rules));
  each("sync_proxy_rules_iptables_last", "gauge", "Number of iptables rules written by the last change",
       by_table(&Counters::rules_last));
  each("sync_proxy_rules_iptables_restore_failures_total", "counter", "iptables-restore failures",
       plain(&Counters::full_failures));
  each("sync_proxy_rules_iptables_partial_restore_failures_total", "counter", "iptables-restore failures of deltas",
       plain(&Counters::partial_failures));
}

}  // namespace fairlead::proxy::iptables
