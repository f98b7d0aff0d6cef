// TXT: strings (RFC 1035, 3.3.14).
#include "base/text.h"
#include "dns/rdata/rdata.h"

namespace fairlead::dns::rdata {

const RdataInfo kTxt = {
    .type = RecordType::kTxt,
    .name = "TXT",
    .read = [](Reader& r, size_t length) -> Rdata {
      Txt v;
      const size_t end = r.at() + length;
      while (r.ok() && r.at() < end) v.strings.emplace_back(r.text(r.u8()));
      return v;
    },
    .write =
        [](Writer& w, const Rdata& value) {
          for (const auto& s : std::get<Txt>(value).strings) {
            w.u8(static_cast<uint8_t>(std::min<size_t>(s.size(), 255)));
            w.text(std::string_view(s).substr(0, 255));
          }
        },
    .text =
        [](const Rdata& value) {
          std::string out;
          for (const auto& s : std::get<Txt>(value).strings) {
            if (!out.empty()) out += ' ';
            out += quote(s);
          }
          return out;
        },
};

}  // namespace fairlead::dns::rdata
