#include <array>

#include "dns/rdata/rdata.h"

namespace fairlead::dns {

namespace {

const std::array<const RdataInfo*, 9> kTable = {
    &rdata::kA,   &rdata::kAaaa, &rdata::kNs,  &rdata::kCname, &rdata::kPtr,
    &rdata::kSoa, &rdata::kSrv,  &rdata::kTxt, &rdata::kOpt,
};

}  // namespace

const RdataInfo* find_rdata(RecordType type) {
  for (const auto* row : kTable) {
    if (row->type == type) return row;
  }
  return nullptr;
}

std::string to_string(RecordType type) {
  if (const auto* row = find_rdata(type)) return std::string(row->name);
  switch (type) {
    case RecordType::kHinfo:
      return "HINFO";
    case RecordType::kMx:
      return "MX";
    case RecordType::kIxfr:
      return "IXFR";
    case RecordType::kAxfr:
      return "AXFR";
    case RecordType::kAny:
      return "ANY";
    default:
      return fmt::format("TYPE{}", static_cast<uint16_t>(type));
  }
}

Rdata read_rdata(Reader& reader, RecordType type, size_t length) {
  if (reader.left() < length) {
    reader.fail();
    return rdata::Unknown{};
  }
  const size_t end = reader.at() + length;
  const auto* row = find_rdata(type);
  Rdata value = row ? row->read(reader, length) : Rdata(rdata::Unknown{std::string(reader.text(length))});
  if (reader.ok() && reader.at() != end) reader.fail();
  return value;
}

void write_rdata(Writer& writer, RecordType type, const Rdata& value) {
  const size_t length_at = writer.size();
  writer.u16(0);
  if (const auto* unknown = std::get_if<rdata::Unknown>(&value)) {
    writer.text(unknown->bytes);
  } else if (const auto* row = find_rdata(type)) {
    row->write(writer, value);
  }
  if (writer.ok()) writer.patch_u16(length_at, static_cast<uint16_t>(writer.size() - length_at - 2));
}

std::string to_text(RecordType type, const Rdata& value) {
  const auto* row = find_rdata(type);
  if (row && !std::holds_alternative<rdata::Unknown>(value)) return row->text(value);
  const auto* unknown = std::get_if<rdata::Unknown>(&value);
  std::string out = fmt::format("\\# {}", unknown ? unknown->bytes.size() : 0);
  if (unknown && !unknown->bytes.empty()) out += ' ';
  for (const char c : unknown ? std::string_view(unknown->bytes) : std::string_view()) {
    out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  }
  return out;
}

}  // namespace fairlead::dns
