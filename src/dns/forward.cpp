#include "dns/forward.h"

#include <algorithm>

#include "base/log.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::dns {

namespace {

using std::chrono::milliseconds;

constexpr int kFailuresToAvoid = 2;
constexpr std::chrono::seconds kAvoidFor{5};
constexpr std::chrono::seconds kProbeAgain{30};
constexpr milliseconds kMinAttempt{300};

}  // namespace

Forwarder::Forwarder(rt::Loop& loop, RcuDomain& domain, const Clock& clock, ForwardConfig config)
    : loop_(loop),
      clock_(clock),
      config_(std::move(config)),
      upstreams_(config_.upstreams.size()),
      cache_(domain, config_.cache_entries, config_.cache_bytes),
      tasks_(loop),
      idle_(loop) {
  for (size_t i = 0; i < upstreams_.size(); ++i) {
    upstreams_[i].endpoint = config_.upstreams[i];
    // Two labels that no zone has: resolvers pass it on instead of completing it with their search list.
    upstreams_[i].probe = *Name::parse(fmt::format("{:016x}.{:016x}", random_u64(), random_u64()));
  }
}

Forwarder::~Forwarder() = default;

void Forwarder::ask(const Question& question, bool dnssec_ok, bool checking_disabled, Done done) {
  if (upstreams_.empty() || closed_) return done(nullptr);
  const Name lower = question.name.lowered();
  const AskKey key(lower, question.type, dnssec_ok, checking_disabled);
  if (const StoredAnswer* cached = cache_.find(key, clock_.mono())) return done(cached);
  std::string name(key.view());
  const auto it = in_flight_.find(name);
  if (waiting_ >= config_.max_waiting || (it == in_flight_.end() && in_flight_.size() >= config_.max_in_flight)) {
    stats_.rejected.fetch_add(1, std::memory_order_relaxed);
    return done(nullptr);
  }
  ++waiting_;
  if (it != in_flight_.end()) {
    stats_.coalesced.fetch_add(1, std::memory_order_relaxed);
    it->second.clients.push_back(std::move(done));
    return;
  }
  auto& entry = in_flight_[name];
  entry.question = {question, dnssec_ok, checking_disabled};
  entry.clients.push_back(std::move(done));
  tasks_.spawn("dns forward", resolve(std::move(name)));
}

// Upstreams to try, in order: at random, those that failed lately last, those that loop never.
std::vector<size_t> Forwarder::order() {
  std::vector<size_t> good;
  std::vector<size_t> bad;
  const auto now = clock_.mono();
  for (size_t i = 0; i < upstreams_.size(); ++i) {
    const auto& u = upstreams_[i];
    if (u.looping.load(std::memory_order_relaxed)) continue;
    (u.failures >= kFailuresToAvoid && now < u.avoid_until ? bad : good).push_back(i);
  }
  const auto shuffle = [](std::vector<size_t>& v) {
    for (size_t i = v.size(); i > 1; --i) std::swap(v[i - 1], v[random_u64() % i]);
  };
  shuffle(good);
  shuffle(bad);
  good.insert(good.end(), bad.begin(), bad.end());
  return good;
}

rt::Task<> Forwarder::resolve(std::string key) {
  const UpstreamQuestion question = in_flight_.at(key).question;
  const AskKey ask_key(question.question.name.lowered(), question.question.type, question.dnssec_ok,
                       question.checking_disabled);
  const MonoTime deadline = clock_.mono() + config_.total_limit;
  const std::vector<size_t> candidates = order();
  std::unique_ptr<StoredAnswer> last;  // an answer that is a failure, unless a better one comes
  size_t refusals = 0;
  for (size_t attempt = 0; !candidates.empty() && refusals < candidates.size(); ++attempt) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock_.mono());
    if (left < milliseconds(1)) break;
    auto& upstream = upstreams_[candidates[attempt % candidates.size()]];
    // Four times the usual time is a loss; the first round through all of them does not wait longer than that.
    milliseconds limit = upstream.rtt.count() > 0 && attempt < candidates.size()
                             ? std::clamp(upstream.rtt * 4, kMinAttempt, config_.attempt_limit)
                             : config_.attempt_limit;
    limit = std::min(limit, left);
    stats_.asked.fetch_add(1, std::memory_order_relaxed);
    const MonoTime start = clock_.mono();
    auto bytes = co_await ask_upstream(upstream.endpoint, question, limit);
    Result<std::unique_ptr<StoredAnswer>> answer = std::unexpected(Error{});
    if (bytes) {
      answer = store_answer(*bytes, question.question, ask_key, clock_.mono(), config_.cache_limit);
    } else {
      answer = std::unexpected(std::move(bytes).error());
    }
    if (!answer) {
      stats_.failed.fetch_add(1, std::memory_order_relaxed);
      if (++upstream.failures == kFailuresToAvoid) {
        log::warn("upstream does not answer", {{"upstream", upstream.endpoint}, {"error", answer.error().message}});
      }
      upstream.avoid_until = clock_.mono() + kAvoidFor;
      // One that refuses at once must not be asked in a busy loop.
      if (answer.error().code != Code::kTimeout && attempt + 1 >= candidates.size())
        co_await rt::sleep(milliseconds(100));
      continue;
    }
    const auto took = std::chrono::duration_cast<milliseconds>(clock_.mono() - start) + milliseconds(1);
    upstream.rtt = upstream.rtt.count() == 0 ? took : (upstream.rtt * 7 + took) / 8;
    upstream.failures = 0;
    const Rcode rcode = (*answer)->rcode;
    if (rcode == Rcode::kServFail || rcode == Rcode::kRefused || rcode == Rcode::kNotImp || rcode == Rcode::kFormErr) {
      last = std::move(*answer);
      ++refusals;
      continue;
    }
    last = std::move(*answer);
    break;
  }
  finish(key, std::move(last));
}

void Forwarder::finish(const std::string& key, std::unique_ptr<StoredAnswer> answer) {
  auto node = in_flight_.extract(key);
  check(!node.empty(), "a question in flight");
  for (auto& done : node.mapped().clients) {
    --waiting_;
    done(answer.get());
  }
  if (answer) cache_.put(std::move(answer));
  if (waiting_ == 0) idle_.notify();
}

void Forwarder::start_probes() {
  for (size_t i = 0; i < upstreams_.size(); ++i) tasks_.spawn("dns loop probe", probe(i));
}

rt::Task<> Forwarder::probe(size_t index) {
  Upstream& upstream = upstreams_[index];
  for (;;) {
    upstream.probe_seen = false;
    const UpstreamQuestion question{.question = {upstream.probe, RecordType::kHinfo, kClassIn}};
    const auto answer = co_await ask_upstream(upstream.endpoint, question, config_.attempt_limit);
    (void)answer;  // what matters is whether saw_query() saw it
    const bool loops = upstream.probe_seen;
    if (loops && !upstream.looping) {
      log::error("upstream asks this server back, so it is not used; give the host's real resolvers instead",
                 {{"upstream", upstream.endpoint}});
    }
    upstream.looping = loops;
    if (!loops) co_return;
    co_await rt::sleep(kProbeAgain);
  }
}

bool Forwarder::saw_query(const Query& query) {
  if (query.question.type != RecordType::kHinfo) return false;
  for (auto& u : upstreams_) {
    if (!u.probe.equals(query.lower)) continue;
    u.probe_seen = true;
    return true;
  }
  return false;
}

rt::Task<> Forwarder::drain(milliseconds limit) {
  const MonoTime deadline = clock_.mono() + limit;
  while (waiting_ > 0 && clock_.mono() < deadline) {
    co_await idle_.wait_for(std::chrono::duration_cast<milliseconds>(deadline - clock_.mono()) + milliseconds(1));
  }
}

rt::Task<> Forwarder::shutdown() {
  closed_ = true;
  co_await tasks_.shutdown();
  auto rest = std::move(in_flight_);
  in_flight_.clear();
  for (auto& [key, entry] : rest) {
    for (auto& done : entry.clients) {
      --waiting_;
      done(nullptr);
    }
  }
}

}  // namespace fairlead::dns
