#include "dns/stored_answer.h"

#include <algorithm>

namespace fairlead::dns {

namespace {

size_t cost_of(const StoredAnswer& a) {
  return sizeof(StoredAnswer) + 2 * a.key.size() + a.bytes.size() + a.pieces.size() * sizeof(StoredAnswer::Piece) + 96;
}

// RFC 2308: an answer that says "no" lives as long as the SOA record beside it says; without one it is not kept.
std::chrono::seconds lifetime_of(const Message& m) {
  if (m.rcode() != Rcode::kNoError && m.rcode() != Rcode::kNxDomain) return std::chrono::seconds(0);
  uint32_t ttl = UINT32_MAX;
  for (const auto& r : m.answers) ttl = std::min(ttl, r.ttl);
  if (!m.answers.empty() && m.rcode() == Rcode::kNoError) return std::chrono::seconds(ttl);
  const auto soa = std::find_if(m.authorities.begin(), m.authorities.end(),
                                [](const Record& r) { return r.type == RecordType::kSoa; });
  if (soa == m.authorities.end()) return std::chrono::seconds(0);
  return std::chrono::seconds(std::min({ttl, soa->ttl, std::get<rdata::Soa>(soa->data).minimum}));
}

}  // namespace

AskKey::AskKey(const Name& lower, RecordType type, bool dnssec_ok, bool checking_disabled) {
  std::memcpy(bytes.data(), lower.data(), lower.size());
  size = lower.size();
  bytes[size++] = static_cast<char>(static_cast<uint16_t>(type) >> 8);
  bytes[size++] = static_cast<char>(type);
  bytes[size++] = static_cast<char>((dnssec_ok ? 1 : 0) | (checking_disabled ? 2 : 0));
}

Result<std::unique_ptr<StoredAnswer>> store_answer(std::span<const uint8_t> message, const Question& question,
                                                   const AskKey& key, MonoTime now, std::chrono::seconds max_lifetime) {
  FL_TRY(const auto parsed, Message::parse(message));
  if ((parsed.header.flags & flag::kResponse) == 0) return fail(Code::kBadRequest, "not a response");
  if ((parsed.header.flags & flag::kOpcodeMask) != 0) return fail(Code::kBadRequest, "not an answer to a query");
  if (parsed.questions.size() != 1 || !parsed.questions[0].name.equals(question.name) ||
      parsed.questions[0].type != question.type || parsed.questions[0].klass != question.klass) {
    return fail(Code::kBadRequest, "answers another question");
  }
  auto out = std::make_unique<StoredAnswer>();
  out->key = key.view();
  out->rcode = parsed.rcode();
  out->received = now;
  out->lifetime = std::min(lifetime_of(parsed), max_lifetime);
  if ((parsed.header.flags & flag::kTruncated) != 0) out->lifetime = std::chrono::seconds(0);

  Reader r(message, kHeaderSize);
  r.skip_name();
  r.bytes(4);
  out->question_end = static_cast<uint16_t>(r.at());
  size_t end = r.at();
  const size_t total = size_t{parsed.header.answers} + parsed.header.authorities + parsed.header.additionals;
  for (size_t i = 0; i < total; ++i) {
    r.skip_name();
    const auto type = static_cast<RecordType>(r.u16());
    r.u16();
    const size_t ttl_at = r.at();
    r.u32();
    r.bytes(r.u16());
    // OPT is between us and the upstream. What stands behind it may be cut off with it: pointers lead backwards only.
    if (type == RecordType::kOpt) break;
    end = r.at();
    out->pieces.push_back({static_cast<uint16_t>(ttl_at), static_cast<uint16_t>(end)});
  }
  if (!r.ok()) return fail(Code::kBadRequest, "broken record");
  out->bytes.assign(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(end));
  out->answers = static_cast<uint16_t>(parsed.answers.size());
  out->authorities = static_cast<uint16_t>(parsed.authorities.size());
  const size_t additionals =
      out->pieces.size() - std::min<size_t>(out->pieces.size(), size_t{out->answers} + out->authorities);
  Writer(out->bytes).patch_u16(10, static_cast<uint16_t>(additionals));
  return out;
}

size_t render_answer(const StoredAnswer& answer, const Query& query, MonoTime now, std::span<uint8_t> buffer,
                     size_t limit) {
  constexpr size_t kOptSize = 11;
  limit = std::min(limit, buffer.size());
  const size_t reserve = query.edns ? kOptSize : 0;
  if (limit < answer.question_end + reserve || answer.question_end != kHeaderSize + query.question.name.size() + 4)
    return 0;
  // As many whole records as fit. Only a missing answer or authority record makes it truncated.
  size_t records = answer.pieces.size();
  while (records > 0 && answer.pieces[records - 1].end + reserve > limit) --records;
  const bool truncated = records < size_t{answer.answers} + answer.authorities;
  const size_t end = records > 0 ? answer.pieces[records - 1].end : answer.question_end;

  std::memcpy(buffer.data(), answer.bytes.data(), end);
  std::memcpy(buffer.data() + kHeaderSize, query.question.name.data(), query.question.name.size());
  const auto age =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now - answer.received).count());
  Writer w(buffer.first(limit));
  const auto patch_u32 = [&](size_t at, uint32_t v) {
    w.patch_u16(at, static_cast<uint16_t>(v >> 16));
    w.patch_u16(at + 2, static_cast<uint16_t>(v));
  };
  if (age != 0) {
    for (size_t i = 0; i < records; ++i) {
      const auto* p = answer.bytes.data() + answer.pieces[i].ttl_at;
      const uint32_t ttl = static_cast<uint32_t>(p[0]) << 24 | static_cast<uint32_t>(p[1]) << 16 |
                           static_cast<uint32_t>(p[2]) << 8 | p[3];
      patch_u32(answer.pieces[i].ttl_at, ttl > age ? ttl - age : 0);
    }
  }
  const auto upstream_flags = static_cast<uint16_t>(answer.bytes[2] << 8 | answer.bytes[3]);
  const auto code = static_cast<unsigned>(answer.rcode);
  const uint16_t flags = static_cast<uint16_t>(flag::kResponse | flag::kRecursionAvailable |
                                               (upstream_flags & (flag::kAuthenticData | flag::kTruncated)) |
                                               (query.flags & (flag::kRecursionDesired | flag::kCheckingDisabled)) |
                                               (truncated ? flag::kTruncated : 0) | (code & flag::kRcodeMask));
  const size_t answers = std::min<size_t>(records, answer.answers);
  const size_t authorities = std::min<size_t>(records - answers, answer.authorities);
  w.patch_u16(0, query.id);
  w.patch_u16(2, flags);
  w.patch_u16(6, static_cast<uint16_t>(answers));
  w.patch_u16(8, static_cast<uint16_t>(authorities));
  w.patch_u16(10, static_cast<uint16_t>(records - answers - authorities + (query.edns ? 1 : 0)));
  if (!query.edns) return end;
  const uint16_t size = kDefaultUdpSize;
  const std::array<uint8_t, kOptSize> opt = {0,
                                             0,
                                             static_cast<uint8_t>(RecordType::kOpt),
                                             static_cast<uint8_t>(size >> 8),
                                             static_cast<uint8_t>(size),
                                             static_cast<uint8_t>(code >> 4),
                                             0,
                                             static_cast<uint8_t>(query.edns->dnssec_ok ? 0x80 : 0),
                                             0,
                                             0,
                                             0};
  std::memcpy(buffer.data() + end, opt.data(), opt.size());
  return end + opt.size();
}

size_t render_chased(const StoredAnswer& answer, const Query& query, std::span<const Name> chain, uint32_t chain_ttl,
                     MonoTime now, std::span<uint8_t> buffer, size_t limit) {
  const auto message = Message::parse(answer.bytes);
  Answer out(query, buffer, limit, flag::kRecursionAvailable);
  if (!message) return out.finish(Rcode::kServFail);
  for (size_t i = 0; i < chain.size(); ++i) {
    const auto data = [&](Writer& w) { w.name(chain[i]); };
    if (i == 0) {
      out.add(Section::kAnswer, RecordType::kCname, chain_ttl, data);
    } else {
      out.add(Section::kAnswer, chain[i - 1], RecordType::kCname, chain_ttl, data);
    }
  }
  const auto age =
      static_cast<uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(now - answer.received).count());
  const auto add = [&](Section section, const Record& r) {
    out.add(section, r.name, r.type, r.ttl > age ? r.ttl - age : 0, [&](Writer& w) {
      // add() writes the length; write only the data.
      if (const auto* unknown = std::get_if<rdata::Unknown>(&r.data)) {
        w.text(unknown->bytes);
      } else {
        find_rdata(r.type)->write(w, r.data);
      }
    });
  };
  for (const auto& r : message->answers) add(Section::kAnswer, r);
  if (message->answers.empty()) {
    for (const auto& r : message->authorities) add(Section::kAuthority, r);
  }
  return out.finish(answer.rcode);
}

const StoredAnswer* AnswerCache::find(const AskKey& key, MonoTime now) const {
  const StoredAnswer* found = entries_.find(key.view());
  if (!found || !found->fresh(now)) return nullptr;
  if (!found->used.load(std::memory_order_relaxed)) found->used.store(true, std::memory_order_relaxed);
  return found;
}

void AnswerCache::put(std::unique_ptr<StoredAnswer> answer) {
  if (answer->lifetime.count() == 0 || max_entries_ == 0) return;
  const size_t cost = cost_of(*answer);
  if (cost > max_bytes_ / 8) return;
  if (const StoredAnswer* old = entries_.find(answer->key)) {
    bytes_ -= cost_of(*old);
  } else {
    make_room(cost);
    clock_.push_back(answer->key);
  }
  bytes_ += cost;
  entries_.put(std::move(answer));
  count_.store(entries_.size(), std::memory_order_relaxed);
}

void AnswerCache::make_room(size_t bytes) {
  while (!clock_.empty() && (clock_.size() >= max_entries_ || bytes_ + bytes > max_bytes_)) {
    const StoredAnswer* oldest = entries_.find(clock_.front());
    if (oldest && oldest->used.exchange(false, std::memory_order_relaxed)) {
      clock_.splice(clock_.end(), clock_, clock_.begin());
      continue;
    }
    if (oldest) {
      bytes_ -= cost_of(*oldest);
      entries_.erase(clock_.front());
    }
    clock_.pop_front();
  }
}

}  // namespace fairlead::dns
