// CNAME: the canonical name of an alias (RFC 1035, 3.3.1).
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kCname = {
    .type = RecordType::kCname,
    .name = "CNAME",
    .read = [](Reader& r, size_t) -> Rdata {
      Cname value;
      r.name(value.target);
      return value;
    },
    .write = [](Writer& w, const Rdata& v) { w.name(std::get<Cname>(v).target); },
    .text = [](const Rdata& v) { return std::get<Cname>(v).target.to_string(); },
};

}  // namespace fairlead::dns::rdata
