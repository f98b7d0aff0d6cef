// NS: an authoritative server (RFC 1035, 3.3.11).
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kNs = {
    .type = RecordType::kNs,
    .name = "NS",
    .read = [](Reader& r, size_t) -> Rdata {
      Ns value;
      r.name(value.host);
      return value;
    },
    .write = [](Writer& w, const Rdata& v) { w.name(std::get<Ns>(v).host); },
    .text = [](const Rdata& v) { return std::get<Ns>(v).host.to_string(); },
};

}  // namespace fairlead::dns::rdata
