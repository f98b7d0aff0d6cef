// PTR: the name of an address (RFC 1035, 3.3.12).
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kPtr = {
    .type = RecordType::kPtr,
    .name = "PTR",
    .read = [](Reader& r, size_t) -> Rdata {
      Ptr value;
      r.name(value.target);
      return value;
    },
    .write = [](Writer& w, const Rdata& v) { w.name(std::get<Ptr>(v).target); },
    .text = [](const Rdata& v) { return std::get<Ptr>(v).target.to_string(); },
};

}  // namespace fairlead::dns::rdata
