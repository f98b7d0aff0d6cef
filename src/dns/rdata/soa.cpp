// SOA: the start of a zone (RFC 1035, 3.3.13); in negative answers its minimum is their TTL (RFC 2308).
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kSoa = {
    .type = RecordType::kSoa,
    .name = "SOA",
    .read = [](Reader& r, size_t) -> Rdata {
      Soa v;
      r.name(v.primary);
      r.name(v.mailbox);
      v.serial = r.u32();
      v.refresh = r.u32();
      v.retry = r.u32();
      v.expire = r.u32();
      v.minimum = r.u32();
      return v;
    },
    .write =
        [](Writer& w, const Rdata& value) {
          const auto& v = std::get<Soa>(value);
          w.name(v.primary);
          w.name(v.mailbox);
          w.u32(v.serial);
          w.u32(v.refresh);
          w.u32(v.retry);
          w.u32(v.expire);
          w.u32(v.minimum);
        },
    .text =
        [](const Rdata& value) {
          const auto& v = std::get<Soa>(value);
          return fmt::format("{} {} {} {} {} {} {}", v.primary.to_string(), v.mailbox.to_string(), v.serial, v.refresh,
                             v.retry, v.expire, v.minimum);
        },
};

}  // namespace fairlead::dns::rdata
