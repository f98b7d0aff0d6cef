#include "proxy/conntrack.h"

#include <arpa/inet.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <netinet/in.h>

#include <cerrno>
#include <set>

#include "net/netlink.h"
#include "net/netns.h"

namespace fairlead::proxy {
namespace {

struct CloseHandle {
  void operator()(nfct_handle* h) const { nfct_close(h); }
};
using Handle = std::unique_ptr<nfct_handle, CloseHandle>;
struct DestroyFlow {
  void operator()(nf_conntrack* c) const { nfct_destroy(c); }
};
using OwnedFlow = std::unique_ptr<nf_conntrack, DestroyFlow>;

IpAddress address(const nf_conntrack* c, uint8_t family, nf_conntrack_attr four, nf_conntrack_attr six) {
  if (family == AF_INET) return IpAddress::v4(ntohl(nfct_get_attr_u32(c, four)));
  std::array<uint8_t, 16> bytes{};
  if (const void* raw = nfct_get_attr(c, six)) std::copy_n(static_cast<const uint8_t*>(raw), 16, bytes.begin());
  return IpAddress::v6(bytes);
}

struct Search {
  const StaleFlows* stale;
  const std::set<IpAddress>* own;
  std::vector<OwnedFlow> found;
};

int visit(nf_conntrack_msg_type, nf_conntrack* c, void* data) {
  auto& search = *static_cast<Search*>(data);
  if (nfct_get_attr_u8(c, ATTR_ORIG_L4PROTO) != IPPROTO_UDP) return NFCT_CB_CONTINUE;
  const uint8_t family = nfct_get_attr_u8(c, ATTR_ORIG_L3PROTO);
  Flow flow;
  flow.destination = {address(c, family, ATTR_ORIG_IPV4_DST, ATTR_ORIG_IPV6_DST),
                      ntohs(nfct_get_attr_u16(c, ATTR_ORIG_PORT_DST))};
  flow.answers_from = {address(c, family, ATTR_REPL_IPV4_SRC, ATTR_REPL_IPV6_SRC),
                       ntohs(nfct_get_attr_u16(c, ATTR_REPL_PORT_SRC))};
  flow.to_this_node = flow.destination.address.is_loopback() || search.own->contains(flow.destination.address);
  if (search.stale->stale(flow)) search.found.emplace_back(nfct_clone(c));
  return NFCT_CB_CONTINUE;
}

}  // namespace

struct Conntrack::Impl {
  Handle dump;
  Handle change;
  net::Netlink addresses;
};

Conntrack::Conntrack(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Conntrack::Conntrack(Conntrack&&) noexcept = default;
Conntrack& Conntrack::operator=(Conntrack&&) noexcept = default;
Conntrack::~Conntrack() = default;

Result<Conntrack> Conntrack::open(int netns_fd) {
  Handle dump;
  Handle change;
  const auto open_handles = [&]() -> Result<> {
    dump.reset(nfct_open(CONNTRACK, 0));
    change.reset(nfct_open(CONNTRACK, 0));
    if (!dump || !change) return fail(last_system_error("open conntrack netlink socket"));
    return {};
  };
  FL_CHECK(netns_fd < 0 ? open_handles() : net::in_netns(netns_fd, open_handles));
  FL_TRY(net::Netlink addresses, netns_fd < 0 ? net::Netlink::open() : net::Netlink::open_in(netns_fd));
  return Conntrack(std::make_unique<Impl>(std::move(dump), std::move(change), std::move(addresses)));
}

Result<size_t> Conntrack::remove_stale(const StaleFlows& stale, std::span<const IpFamily> families) {
  if (stale.empty()) return 0;
  FL_TRY(const std::vector<net::LinkAddress> addresses, impl_->addresses.addresses());
  std::set<IpAddress> own;
  for (const net::LinkAddress& a : addresses) own.insert(a.address);
  Search search{&stale, &own, {}};
  nfct_callback_register(impl_->dump.get(), NFCT_T_ALL, &visit, &search);
  for (const IpFamily f : families) {
    const uint32_t family = f == IpFamily::kV4 ? AF_INET : AF_INET6;
    if (nfct_query(impl_->dump.get(), NFCT_Q_DUMP, &family) < 0) {
      // Without IPv6 in the kernel there are no flows of it.
      if (errno == EAFNOSUPPORT || errno == ENOENT) continue;
      return fail(last_system_error(fmt::format("list {} flows of conntrack", to_string(f))));
    }
  }
  size_t removed = 0;
  for (const OwnedFlow& flow : search.found) {
    if (nfct_query(impl_->change.get(), NFCT_Q_DESTROY, flow.get()) == 0)
      ++removed;
    else if (errno != ENOENT)  // ended by itself meanwhile
      return fail(last_system_error("delete a UDP flow from conntrack"));
  }
  return removed;
}

}  // namespace fairlead::proxy
