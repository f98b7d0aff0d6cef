// OPT: EDNS0 (RFC 6891). Its class and TTL fields carry sizes and flags; see Edns in message.h.
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kOpt = {
    .type = RecordType::kOpt,
    .name = "OPT",
    .read = [](Reader& r, size_t length) -> Rdata { return Opt{std::string(r.text(length))}; },
    .write = [](Writer& w, const Rdata& v) { w.text(std::get<Opt>(v).options); },
    .text = [](const Rdata& v) { return fmt::format("; {} bytes of options", std::get<Opt>(v).options.size()); },
};

}  // namespace fairlead::dns::rdata
