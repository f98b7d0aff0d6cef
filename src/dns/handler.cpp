#include "dns/handler.h"

#include "base/text.h"

namespace fairlead::dns {

Handler::Handler(const Zone& zone, Forwarder& forwarder, Counters& counters, HandlerConfig config)
    : zone_(zone), forwarder_(forwarder), counters_(counters), config_(config), random_(random_u64()) {}

size_t Handler::error(Rcode rcode, std::span<uint8_t> buffer) {
  counters_.response(rcode);
  return write_error(query_, rcode, buffer, flag::kRecursionAvailable);
}

Handler::Outcome Handler::answer(std::span<const uint8_t> request, Counters::Family family,
                                 Counters::Transport transport, MonoTime now, std::span<uint8_t> buffer) {
  switch (Query::parse(request, query_)) {
    case Query::Verdict::kOk:
      break;
    case Query::Verdict::kDrop:
      counters_.malformed();
      return {0, false};
    case Query::Verdict::kFormErr:
      counters_.malformed();
      return {error(Rcode::kFormErr, buffer), false};
    case Query::Verdict::kNotImp:
      return {error(Rcode::kNotImp, buffer), false};
    case Query::Verdict::kBadVers:
      return {error(Rcode::kBadVers, buffer), false};
  }
  counters_.request(family, transport, query_.question.type);
  const auto type = query_.question.type;
  const bool in = query_.question.klass == kClassIn || query_.question.klass == kClassAny;
  if (!in || type == RecordType::kAxfr || type == RecordType::kIxfr || type == RecordType::kOpt) {
    return {error(Rcode::kRefused, buffer), false};
  }
  limit_ = std::min(buffer.size(), transport == Counters::kTcp ? kMaxMessage : query_.udp_limit(config_.udp_limit));
  auto reply = zone_.answer(query_, random_, buffer, limit_, forwarder_.has_upstreams());
  if (reply.outcome == ZoneReply::Outcome::kAnswered) {
    counters_.response(reply.rcode);
    return {reply.size, false};
  }
  chain_ = std::move(reply.chain);
  return outside(now, buffer);
}

Handler::Outcome Handler::outside(MonoTime now, std::span<uint8_t> buffer) {
  if (!forwarder_.has_upstreams() || forwarder_.saw_query(query_)) return {error(Rcode::kServFail, buffer), false};
  const bool dnssec_ok = query_.edns && query_.edns->dnssec_ok;
  const bool unchecked = (query_.flags & flag::kCheckingDisabled) != 0;
  const AskKey key(chain_.empty() ? query_.lower : chain_.back().lowered(), query_.question.type, dnssec_ok, unchecked);
  const StoredAnswer* cached = forwarder_.cache().find(key, now);
  counters_.cache(cached != nullptr);
  if (!cached) return {0, true};
  counters_.response(cached->rcode);
  const size_t size = chain_.empty() ? render_answer(*cached, query_, now, buffer, limit_)
                                     : render_chased(*cached, query_, chain_, zone_.config().ttl, now, buffer, limit_);
  return {size, false};
}

size_t render_job(const ForwardJob& job, const StoredAnswer* answer, uint32_t zone_ttl, MonoTime now,
                  std::span<uint8_t> buffer, Rcode& rcode) {
  rcode = answer ? answer->rcode : Rcode::kServFail;
  if (!answer) return write_error(job.query, rcode, buffer, flag::kRecursionAvailable);
  if (!job.chain.empty()) return render_chased(*answer, job.query, job.chain, zone_ttl, now, buffer, job.limit);
  return render_answer(*answer, job.query, now, buffer, job.limit);
}

}  // namespace fairlead::dns
