// AAAA: an IPv6 address (RFC 3596).
#include "base/ip.h"
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kAaaa = {
    .type = RecordType::kAaaa,
    .name = "AAAA",
    .read = [](Reader& r, size_t) -> Rdata {
      Aaaa value;
      const auto b = r.bytes(value.address.size());
      if (r.ok()) std::copy(b.begin(), b.end(), value.address.begin());
      return value;
    },
    .write = [](Writer& w, const Rdata& v) { w.bytes(std::get<Aaaa>(v).address); },
    .text = [](const Rdata& v) -> std::string {
      std::array<char, INET6_ADDRSTRLEN> text{};
      inet_ntop(AF_INET6, std::get<Aaaa>(v).address.data(), text.data(), text.size());
      return text.data();
    },
};

}  // namespace fairlead::dns::rdata
