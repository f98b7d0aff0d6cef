// DNS messages (RFC 1035) with EDNS0 (RFC 6891): pure functions over bytes, safe on any input, without exceptions.
//
// Two readings: Query::parse, allocation-free, for what clients ask; Message::parse, complete, for what upstreams
// answer, for tools and for tests.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dns/name.h"
#include "dns/rdata/rdata.h"
#include "dns/wire.h"

namespace fairlead::dns {

enum class Rcode : uint8_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16,  // needs EDNS: the upper bits travel in the OPT record
};
std::string to_string(Rcode rcode);  // "NOERROR"; "RCODE9" for others

constexpr uint16_t kClassIn = 1;
constexpr uint16_t kClassAny = 255;
constexpr size_t kHeaderSize = 12;
constexpr size_t kPlainUdpSize = 512;     // the limit without EDNS
constexpr size_t kDefaultUdpSize = 1232;  // what avoids fragments everywhere (DNS flag day 2020)
constexpr size_t kMaxMessage = 65535;

// Header flag bits, as in the second 16-bit word.
namespace flag {
constexpr uint16_t kResponse = 0x8000;
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kAuthoritative = 0x0400;
constexpr uint16_t kTruncated = 0x0200;
constexpr uint16_t kRecursionDesired = 0x0100;
constexpr uint16_t kRecursionAvailable = 0x0080;
constexpr uint16_t kAuthenticData = 0x0020;
constexpr uint16_t kCheckingDisabled = 0x0010;
constexpr uint16_t kRcodeMask = 0x000f;
}  // namespace flag

struct Header {
  uint16_t id = 0;
  uint16_t flags = 0;
  uint16_t questions = 0;
  uint16_t answers = 0;
  uint16_t authorities = 0;
  uint16_t additionals = 0;

  static Header read(Reader& r);
  void write(Writer& w) const;
};

struct Question {
  Name name;  // in the case it was asked
  RecordType type = RecordType::kA;
  uint16_t klass = kClassIn;
};

struct Edns {
  uint16_t udp_size = kPlainUdpSize;
  uint8_t version = 0;
  uint8_t extended_rcode = 0;  // the upper eight bits
  bool dnssec_ok = false;
};

// What a client asked.
struct Query {
  uint16_t id = 0;
  uint16_t flags = 0;  // as received
  Question question;
  Name lower;  // question.name in lower case: the key of every look-up
  std::optional<Edns> edns;

  enum class Verdict : uint8_t {
    kOk,
    kDrop,     // not a query at all: no answer may be sent
    kFormErr,  // the rest: answer with write_error()
    kNotImp,
    kBadVers,
  };
  // `out` is complete for kOk and kBadVers; otherwise id and flags are set, and has_question says whether more is.
  static Verdict parse(std::span<const uint8_t> message, Query& out);
  bool has_question = false;

  // Largest answer over UDP: what the client said, at least 512 and at most `ours`.
  [[nodiscard]] size_t udp_limit(size_t ours) const;
};

enum class Section : uint8_t { kAnswer, kAuthority, kAdditional };

// Composes one answer. Records are added section by section; one that does not fit is dropped whole. A dropped record
// of the answer or authority section makes the answer truncated (TC), an additional one does not (RFC 2181, 9).
class Answer {
 public:
  // Writes header and question. `limit` counts bytes of the whole message; room for the OPT record is kept.
  Answer(const Query& query, std::span<uint8_t> buffer, size_t limit, uint16_t extra_flags);

  // A record whose owner is the question's name.
  template <class F>
  bool add(Section section, RecordType type, uint32_t ttl, F&& write_data) {
    return add_owned(section, [](Writer& w) { w.pointer(kHeaderSize); }, type, ttl, std::forward<F>(write_data));
  }
  template <class F>
  bool add(Section section, const Name& owner, RecordType type, uint32_t ttl, F&& write_data) {
    return add_owned(section, [&](Writer& w) { w.name(owner); }, type, ttl, std::forward<F>(write_data));
  }
  [[nodiscard]] bool truncated() const { return truncated_; }
  [[nodiscard]] uint16_t count(Section section) const { return counts_[static_cast<size_t>(section)]; }
  // Adds the OPT record if the client sent one, patches header and counts; the message's size.
  size_t finish(Rcode rcode);

 private:
  template <class O, class F>
  bool add_owned(Section section, O&& owner, RecordType type, uint32_t ttl, F&& write_data) {
    if (truncated_) return false;
    const auto mark = writer_.mark();
    owner(writer_);
    writer_.u16(static_cast<uint16_t>(type));
    writer_.u16(kClassIn);
    writer_.u32(ttl);
    const size_t length_at = writer_.size();
    writer_.u16(0);
    write_data(writer_);
    if (!writer_.ok()) {
      writer_.rewind(mark);
      if (section != Section::kAdditional) truncated_ = true;
      return false;
    }
    writer_.patch_u16(length_at, static_cast<uint16_t>(writer_.size() - length_at - 2));
    ++counts_[static_cast<size_t>(section)];
    return true;
  }

  Writer writer_;
  size_t limit_;
  uint16_t flags_;
  bool edns_;
  bool dnssec_ok_;
  bool truncated_ = false;
  std::array<uint16_t, 3> counts_{};
};

// An answer without records; 0 bytes when `buffer` has less than 12 + the question + 11.
size_t write_error(const Query& query, Rcode rcode, std::span<uint8_t> buffer, uint16_t extra_flags = 0);

struct Record {
  Name name;
  RecordType type = RecordType::kA;
  uint16_t klass = kClassIn;
  uint32_t ttl = 0;  // seconds
  Rdata data;
};

struct Message {
  Header header;  // its counts are those received; write() counts anew
  std::vector<Question> questions;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;  // without OPT
  std::optional<Edns> edns;

  // kBadRequest says what is malformed. Bytes behind the last record are refused.
  static Result<Message> parse(std::span<const uint8_t> bytes);
  [[nodiscard]] Rcode rcode() const;
  // kTooLarge when it does not fit into 65535 bytes.
  [[nodiscard]] Result<std::vector<uint8_t>> write() const;
  [[nodiscard]] std::string to_string() const;  // one line per record, as dig prints them
};

// A query with EDNS, `udp_size` 0 for none.
size_t write_query(std::span<uint8_t> buffer, uint16_t id, uint16_t flags, const Name& name, RecordType type,
                   uint16_t klass, uint16_t udp_size, bool dnssec_ok);

}  // namespace fairlead::dns
