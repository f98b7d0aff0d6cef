// Record data, one file per type. Adding a type: its struct and row declaration here, a file beside this one that
// defines the row, and the row in table.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "dns/name.h"
#include "dns/wire.h"

namespace fairlead::dns {

// Any value may arrive; these are the ones that have names (IANA "DNS Parameters").
enum class RecordType : uint16_t {
  kA = 1,
  kNs = 2,
  kCname = 5,
  kSoa = 6,
  kPtr = 12,
  kHinfo = 13,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kSrv = 33,
  kOpt = 41,
  kIxfr = 251,
  kAxfr = 252,
  kAny = 255,
};

namespace rdata {

struct A {
  std::array<uint8_t, 4> address{};
};
struct Aaaa {
  std::array<uint8_t, 16> address{};
};
struct Ns {
  Name host;
};
struct Cname {
  Name target;
};
struct Ptr {
  Name target;
};
struct Soa {
  Name primary;
  Name mailbox;
  uint32_t serial = 0;
  uint32_t refresh = 0;  // this and the rest in seconds
  uint32_t retry = 0;
  uint32_t expire = 0;
  uint32_t minimum = 0;  // the TTL of negative answers (RFC 2308)
};
struct Srv {  // RFC 2782
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  Name target;
};
struct Txt {
  std::vector<std::string> strings;  // at most 255 bytes each
};
struct Opt {  // RFC 6891; the options as they arrived
  std::string options;
};
// A type without a row: opaque bytes (RFC 3597).
struct Unknown {
  std::string bytes;
};

}  // namespace rdata

using Rdata = std::variant<rdata::Unknown, rdata::A, rdata::Aaaa, rdata::Ns, rdata::Cname, rdata::Ptr, rdata::Soa,
                           rdata::Srv, rdata::Txt, rdata::Opt>;

struct RdataInfo {
  RecordType type;
  std::string_view name;  // "SRV"
  // Reads `length` bytes of data; on malformed data the reader is no longer ok().
  Rdata (*read)(Reader& reader, size_t length);
  // Writes the data without its length. The value must be of this type.
  void (*write)(Writer& writer, const Rdata& value);
  std::string (*text)(const Rdata& value);  // presentation form
};

// The row of a type, or null when it has none.
const RdataInfo* find_rdata(RecordType type);
// "A", or "TYPE65" (RFC 3597).
std::string to_string(RecordType type);

// Reads data of any type and requires that exactly `length` bytes are used.
Rdata read_rdata(Reader& reader, RecordType type, size_t length);
// Writes RDLENGTH and the data.
void write_rdata(Writer& writer, RecordType type, const Rdata& value);
std::string to_text(RecordType type, const Rdata& value);

namespace rdata {
extern const RdataInfo kA, kAaaa, kNs, kCname, kPtr, kSoa, kSrv, kTxt, kOpt;
}

}  // namespace fairlead::dns
