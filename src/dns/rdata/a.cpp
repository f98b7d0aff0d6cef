// A: an IPv4 address (RFC 1035, 3.4.1).
#include "base/ip.h"
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kA = {
    .type = RecordType::kA,
    .name = "A",
    .read = [](Reader& r, size_t) -> Rdata {
      A value;
      const auto b = r.bytes(value.address.size());
      if (r.ok()) std::copy(b.begin(), b.end(), value.address.begin());
      return value;
    },
    .write = [](Writer& w, const Rdata& v) { w.bytes(std::get<A>(v).address); },
    .text = [](const Rdata& v) -> std::string {
      const auto& a = std::get<A>(v).address;
      return fmt::format("{}.{}.{}.{}", a[0], a[1], a[2], a[3]);
    },
};

}  // namespace fairlead::dns::rdata
