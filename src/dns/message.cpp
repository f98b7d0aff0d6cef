#include "dns/message.h"

#include "base/text.h"

namespace fairlead::dns {

namespace {

constexpr size_t kOptSize = 11;  // root, type, class, TTL, RDLENGTH 0

void write_opt(Writer& w, uint16_t udp_size, uint8_t extended_rcode, bool dnssec_ok) {
  w.u8(0);
  w.u16(static_cast<uint16_t>(RecordType::kOpt));
  w.u16(udp_size);
  w.u8(extended_rcode);
  w.u8(0);  // version
  w.u16(dnssec_ok ? 0x8000 : 0);
  w.u16(0);
}

Edns edns_of(uint16_t klass, uint32_t ttl) {
  return {.udp_size = klass,
          .version = static_cast<uint8_t>(ttl >> 16),
          .extended_rcode = static_cast<uint8_t>(ttl >> 24),
          .dnssec_ok = (ttl & 0x8000) != 0};
}

struct RecordHead {
  RecordType type;
  uint16_t klass;
  uint32_t ttl;
  uint16_t length;
};

RecordHead read_head(Reader& r) {
  RecordHead h{};
  h.type = static_cast<RecordType>(r.u16());
  h.klass = r.u16();
  h.ttl = r.u32();
  h.length = r.u16();
  return h;
}

// Looks for OPT among the records behind the question; false when they are malformed or have two (RFC 6891, 6.1.1).
bool find_edns(Reader& r, size_t records, std::optional<Edns>& edns) {
  for (size_t i = 0; i < records; ++i) {
    const bool root_owner = r.left() > 0 && r.message()[r.at()] == 0;
    r.skip_name();
    const auto head = read_head(r);
    r.bytes(head.length);
    if (!r.ok()) return false;
    if (head.type != RecordType::kOpt) continue;
    if (edns || !root_owner) return false;
    edns = edns_of(head.klass, head.ttl);
  }
  return true;
}

}  // namespace

std::string to_string(Rcode rcode) {
  switch (rcode) {
    case Rcode::kNoError:
      return "NOERROR";
    case Rcode::kFormErr:
      return "FORMERR";
    case Rcode::kServFail:
      return "SERVFAIL";
    case Rcode::kNxDomain:
      return "NXDOMAIN";
    case Rcode::kNotImp:
      return "NOTIMP";
    case Rcode::kRefused:
      return "REFUSED";
    case Rcode::kBadVers:
      return "BADVERS";
  }
  return fmt::format("RCODE{}", static_cast<int>(rcode));
}

Header Header::read(Reader& r) {
  Header h;
  h.id = r.u16();
  h.flags = r.u16();
  h.questions = r.u16();
  h.answers = r.u16();
  h.authorities = r.u16();
  h.additionals = r.u16();
  return h;
}

void Header::write(Writer& w) const {
  for (const uint16_t v : {id, flags, questions, answers, authorities, additionals}) w.u16(v);
}

Query::Verdict Query::parse(std::span<const uint8_t> message, Query& out) {
  Reader r(message);
  const auto header = Header::read(r);
  if (!r.ok() || (header.flags & flag::kResponse) != 0) return Verdict::kDrop;
  out.id = header.id;
  out.flags = header.flags;
  out.has_question = false;
  out.edns.reset();
  if ((header.flags & flag::kOpcodeMask) != 0) return Verdict::kNotImp;
  // One question; IXFR brings one authority record, nothing brings many.
  if (header.questions != 1 || header.answers > 1 || header.authorities > 1 || header.additionals > 8) {
    return Verdict::kFormErr;
  }
  r.name(out.question.name);
  out.question.type = static_cast<RecordType>(r.u16());
  out.question.klass = r.u16();
  if (!r.ok()) return Verdict::kFormErr;
  out.lower = out.question.name.lowered();
  out.has_question = true;
  if (!find_edns(r, size_t{header.answers} + header.authorities + header.additionals, out.edns)) {
    out.edns.reset();
    return Verdict::kFormErr;
  }
  if (out.edns && out.edns->version != 0) return Verdict::kBadVers;
  return Verdict::kOk;
}

size_t Query::udp_limit(size_t ours) const {
  if (!edns) return kPlainUdpSize;
  return std::clamp<size_t>(edns->udp_size, kPlainUdpSize, std::max(ours, kPlainUdpSize));
}

Answer::Answer(const Query& query, std::span<uint8_t> buffer, size_t limit, uint16_t extra_flags)
    : writer_(buffer),
      limit_(std::min(limit, buffer.size())),
      // RFC 4035, 3.2.2: CD is copied; RD and the opcode too.
      flags_(static_cast<uint16_t>(
          flag::kResponse | extra_flags |
          (query.flags & (flag::kOpcodeMask | flag::kRecursionDesired | flag::kCheckingDisabled)))),
      edns_(query.edns.has_value()),
      dnssec_ok_(query.edns && query.edns->dnssec_ok) {
  writer_.set_limit(edns_ && limit_ > kOptSize ? limit_ - kOptSize : limit_);
  Header{.id = query.id, .flags = 0, .questions = static_cast<uint16_t>(query.has_question ? 1 : 0)}.write(writer_);
  if (!query.has_question) return;
  writer_.name(query.question.name);
  writer_.u16(static_cast<uint16_t>(query.question.type));
  writer_.u16(query.question.klass);
}

size_t Answer::finish(Rcode rcode) {
  if (!writer_.ok()) return 0;
  const auto code = static_cast<unsigned>(rcode);
  if (edns_) {
    writer_.set_limit(limit_);
    write_opt(writer_, kDefaultUdpSize, static_cast<uint8_t>(code >> 4), dnssec_ok_);
    if (!writer_.ok()) return 0;
    ++counts_[2];
  }
  writer_.patch_u16(2, static_cast<uint16_t>(flags_ | (truncated_ ? flag::kTruncated : 0) | (code & flag::kRcodeMask)));
  for (size_t i = 0; i < counts_.size(); ++i) writer_.patch_u16(6 + 2 * i, counts_[i]);
  return writer_.size();
}

size_t write_error(const Query& query, Rcode rcode, std::span<uint8_t> buffer, uint16_t extra_flags) {
  return Answer(query, buffer, buffer.size(), extra_flags).finish(rcode);
}

namespace {

Result<Record> read_record(Reader& r) {
  Record record;
  r.name(record.name);
  const auto head = read_head(r);
  record.type = head.type;
  record.klass = head.klass;
  // RFC 2181, 8: a TTL with the top bit set counts as zero.
  record.ttl = head.type != RecordType::kOpt && head.ttl > 0x7fffffff ? 0 : head.ttl;
  record.data = read_rdata(r, head.type, head.length);
  if (!r.ok()) return fail(Code::kBadRequest, fmt::format("DNS message: broken {} record", to_string(head.type)));
  return record;
}

Result<> read_section(Reader& r, size_t count, std::vector<Record>& out, std::optional<Edns>* edns) {
  // A count is a claim; a record takes at least eleven bytes.
  if (count > r.left() / 11) return fail(Code::kBadRequest, "DNS message: more records announced than fit");
  out.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    FL_TRY(auto record, read_record(r));
    if (record.type != RecordType::kOpt) {
      out.push_back(std::move(record));
      continue;
    }
    if (!edns || *edns || !record.name.is_root()) return fail(Code::kBadRequest, "DNS message: misplaced OPT record");
    *edns = edns_of(record.klass, record.ttl);
  }
  return {};
}

void write_record(Writer& w, const Record& record) {
  w.name(record.name);
  w.u16(static_cast<uint16_t>(record.type));
  w.u16(record.klass);
  w.u32(record.ttl);
  write_rdata(w, record.type, record.data);
}

}  // namespace

Result<Message> Message::parse(std::span<const uint8_t> bytes) {
  Reader r(bytes);
  Message m;
  m.header = Header::read(r);
  if (!r.ok()) return fail(Code::kBadRequest, fmt::format("DNS message of {} bytes: a header has 12", bytes.size()));
  if (m.header.questions > r.left() / 5)
    return fail(Code::kBadRequest, "DNS message: more questions announced than fit");
  for (size_t i = 0; i < m.header.questions; ++i) {
    Question q;
    r.name(q.name);
    q.type = static_cast<RecordType>(r.u16());
    q.klass = r.u16();
    if (!r.ok()) return fail(Code::kBadRequest, "DNS message: broken question");
    m.questions.push_back(q);
  }
  FL_CHECK(read_section(r, m.header.answers, m.answers, nullptr));
  FL_CHECK(read_section(r, m.header.authorities, m.authorities, nullptr));
  FL_CHECK(read_section(r, m.header.additionals, m.additionals, &m.edns));
  if (r.left() != 0) return fail(Code::kBadRequest, fmt::format("DNS message: {} bytes behind its end", r.left()));
  return m;
}

Rcode Message::rcode() const {
  return static_cast<Rcode>((edns ? edns->extended_rcode << 4 : 0) | (header.flags & flag::kRcodeMask));
}

Result<std::vector<uint8_t>> Message::write() const {
  std::vector<uint8_t> out(kMaxMessage);
  Writer w(out);
  Header h = header;
  h.questions = static_cast<uint16_t>(questions.size());
  h.answers = static_cast<uint16_t>(answers.size());
  h.authorities = static_cast<uint16_t>(authorities.size());
  h.additionals = static_cast<uint16_t>(additionals.size() + (edns ? 1 : 0));
  h.write(w);
  for (const auto& q : questions) {
    w.name(q.name);
    w.u16(static_cast<uint16_t>(q.type));
    w.u16(q.klass);
  }
  for (const auto* section : {&answers, &authorities, &additionals}) {
    for (const auto& record : *section) write_record(w, record);
  }
  if (edns) write_opt(w, edns->udp_size, edns->extended_rcode, edns->dnssec_ok);
  if (!w.ok()) return fail(Code::kTooLarge, "DNS message: does not fit into 65535 bytes");
  out.resize(w.size());
  return out;
}

std::string Message::to_string() const {
  std::string out = fmt::format(";; {} id {}\n", dns::to_string(rcode()), header.id);
  for (const auto& q : questions) {
    out += fmt::format(";{} {} {}\n", q.name.to_string(), q.klass == kClassIn ? "IN" : fmt::format("CLASS{}", q.klass),
                       dns::to_string(q.type));
  }
  const auto print = [&](std::string_view title, const std::vector<Record>& records) {
    if (!records.empty()) out += fmt::format(";; {}\n", title);
    for (const auto& r : records) {
      out +=
          fmt::format("{} {} IN {} {}\n", r.name.to_string(), r.ttl, dns::to_string(r.type), to_text(r.type, r.data));
    }
  };
  print("ANSWER", answers);
  print("AUTHORITY", authorities);
  print("ADDITIONAL", additionals);
  return out;
}

size_t write_query(std::span<uint8_t> buffer, uint16_t id, uint16_t flags, const Name& name, RecordType type,
                   uint16_t klass, uint16_t udp_size, bool dnssec_ok) {
  Writer w(buffer);
  Header{.id = id, .flags = flags, .questions = 1, .additionals = static_cast<uint16_t>(udp_size != 0 ? 1 : 0)}.write(
      w);
  w.name(name);
  w.u16(static_cast<uint16_t>(type));
  w.u16(klass);
  if (udp_size != 0) write_opt(w, udp_size, 0, dnssec_ok);
  return w.ok() ? w.size() : 0;
}

}  // namespace fairlead::dns
