// SRV: where a named port of a Service is (RFC 2782, which forbids compressing the target).
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kSrv = {
    .type = RecordType::kSrv,
    .name = "SRV",
    .read = [](Reader& r, size_t) -> Rdata {
      Srv v;
      v.priority = r.u16();
      v.weight = r.u16();
      v.port = r.u16();
      r.name(v.target);
      return v;
    },
    .write =
        [](Writer& w, const Rdata& value) {
          const auto& v = std::get<Srv>(value);
          w.u16(v.priority);
          w.u16(v.weight);
          w.u16(v.port);
          w.text(v.target.wire());
        },
    .text =
        [](const Rdata& value) {
          const auto& v = std::get<Srv>(value);
          return fmt::format("{} {} {} {}", v.priority, v.weight, v.port, v.target.to_string());
        },
};

}  // namespace fairlead::dns::rdata
