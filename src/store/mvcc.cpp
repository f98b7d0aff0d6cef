#include "store/mvcc.h"

#include <algorithm>
#include <set>

namespace fairlead::store {
namespace {

constexpr size_t kBatch = 500;

size_t size_of(const Event& e) {
  // The version an event supersedes is held by the history alone; the newest one is held by the state.
  return 128 + (e.prev ? e.prev->key.size() + e.prev->value->size() : 0);
}

Error expired(Revision asked, Revision compacted) {
  return Error{Code::kExpired,
               fmt::format("revision {} is no longer retained: history is compacted up to {}", asked, compacted),
               {}};
}

}  // namespace

Result<Prepared> prepare(const Txn& txn, Revision next, const std::function<EntryPtr(const std::string&)>& lookup) {
  if (txn.ops.size() > 1) {
    std::set<std::string_view> keys;
    for (const Op& op : txn.ops) {
      if (!keys.insert(op.key).second)
        return fail(Code::kBadRequest, fmt::format("key {} stands in two operations", op.key));
    }
  }
  Prepared out;
  std::vector<EntryPtr> seen;
  bool holds = true;
  for (const Compare& c : txn.compares) {
    seen.push_back(lookup(c.key));
    holds = holds && (seen.back() ? seen.back()->mod_revision : 0) == c.mod_revision;
  }
  out.result.revision = next - 1;
  if (!holds) {
    out.result.current = std::move(seen);
    return out;
  }
  out.result.succeeded = true;
  for (const Op& op : txn.ops) {
    EntryPtr prev = lookup(op.key);
    EntryPtr entry;
    if (op.value) {
      entry = std::make_shared<const Entry>(op.key, op.value, prev ? prev->create_revision : next, next, op.attachment);
    } else if (!prev) {
      continue;
    }
    out.events.push_back(std::make_shared<const Event>(next, std::move(entry), std::move(prev)));
  }
  if (!out.events.empty()) out.result.revision = next;
  return out;
}

// A watcher is a position in the shared history: it has no queue of its own to overflow, and falls out of the history
// when slow.
class Mvcc::Cursor final : public Watcher {
 public:
  Cursor(Mvcc& owner, std::string prefix, Revision from, uint64_t position)
      : owner_(owner), prefix_(std::move(prefix)), from_(from), position_(position), changed_(owner.loop_) {
    place_ = owner_.cursors_.insert(owner_.cursors_.end(), this);
  }
  ~Cursor() override { owner_.cursors_.erase(place_); }

  rt::Task<Result<WatchBatch>> next() override {
    for (;;) {
      if (position_ < owner_.first_) {
        co_return fail(Code::kExpired, fmt::format("too slow: history is compacted up to {}", owner_.compacted_));
      }
      WatchBatch batch;
      batch.revision = owner_.revision_;
      for (; position_ < owner_.first_ + owner_.history_.size(); ++position_) {
        const EventPtr& event = owner_.history_[position_ - owner_.first_];
        if (event->revision < from_ || !event->key().starts_with(prefix_)) continue;
        if (batch.events.size() >= kBatch) {
          // Events of one revision may straddle two batches, so all is delivered only up to the revision before.
          batch.revision = event->revision - 1;
          break;
        }
        batch.events.push_back(event);
      }
      if (!batch.events.empty()) co_return batch;
      co_await changed_.wait();
    }
  }

  void wake_for(std::span<const EventPtr> events) {
    for (const EventPtr& event : events) {
      if (event->key().starts_with(prefix_)) return changed_.notify();
    }
  }
  // Out of the history: whoever waits gets to know at once.
  void wake_if_lost() {
    if (position_ < owner_.first_) changed_.notify();
  }
  // What does not concern a waiting watcher does not make it lag.
  void skip_irrelevant() {
    if (position_ < owner_.first_) return;
    while (position_ < owner_.first_ + owner_.history_.size()) {
      const Event& event = *owner_.history_[position_ - owner_.first_];
      if (event.revision >= from_ && event.key().starts_with(prefix_)) return;
      ++position_;
    }
  }

 private:
  Mvcc& owner_;
  std::string prefix_;
  Revision from_;
  uint64_t position_;
  rt::Event changed_;
  std::list<Cursor*>::iterator place_;
};

void Mvcc::apply(std::span<const EventPtr> events) {
  if (events.empty()) return;
  for (const EventPtr& event : events) {
    if (event->entry) {
      current_[event->key()] = event->entry;
    } else {
      current_.erase(event->key());
    }
    history_bytes_ += size_of(*event);
    history_.push_back(event);
    revision_ = event->revision;
  }
  for (Cursor* cursor : cursors_) cursor->wake_for(events);
}

EventPtr Mvcc::drop_oldest() {
  EventPtr event = std::move(history_.front());
  history_.pop_front();
  ++first_;
  history_bytes_ -= size_of(*event);
  compacted_ = event->revision;
  return event;
}

std::vector<EventPtr> Mvcc::trim() {
  std::vector<EventPtr> dropped;
  const auto over = [this] { return history_.size() > limits_.events || history_bytes_ > limits_.bytes; };
  if (!over()) return dropped;
  for (Cursor* cursor : cursors_) cursor->skip_irrelevant();
  // Events of one revision go together: half a revision can be neither listed nor watched.
  while (history_.size() > 1 && (over() || history_.front()->revision == compacted_)) dropped.push_back(drop_oldest());
  for (Cursor* cursor : cursors_) cursor->wake_if_lost();
  return dropped;
}

Result<std::vector<EventPtr>> Mvcc::compact(Revision revision) {
  if (revision <= compacted_) return fail(expired(revision, compacted_));
  if (revision > revision_) {
    return fail(Code::kTimeout, fmt::format("revision {} is in the future; the latest is {}", revision, revision_));
  }
  for (Cursor* cursor : cursors_) cursor->skip_irrelevant();
  std::vector<EventPtr> dropped;
  while (!history_.empty() && history_.front()->revision <= revision) dropped.push_back(drop_oldest());
  compacted_ = revision;
  for (Cursor* cursor : cursors_) cursor->wake_if_lost();
  return dropped;
}

EntryPtr Mvcc::find(const std::string& key) const {
  const auto it = current_.find(key);
  return it == current_.end() ? nullptr : it->second;
}

Result<ListResult> Mvcc::list(const ListOptions& options) const {
  ListResult out;
  out.revision = options.at_revision == 0 ? revision_ : options.at_revision;
  if (out.revision < compacted_) return fail(expired(out.revision, compacted_));
  if (out.revision > revision_) {
    return fail(Code::kTimeout, fmt::format("revision {} is in the future; the latest is {}", out.revision, revision_));
  }
  // The past is the present with later events undone, newest first.
  std::map<std::string_view, EntryPtr> undone;
  for (auto it = history_.rbegin(); it != history_.rend() && (*it)->revision > out.revision; ++it) {
    if ((*it)->key().starts_with(options.prefix)) undone[(*it)->key()] = (*it)->prev;
  }
  const bool resume = options.after > options.prefix;
  auto now = resume ? current_.upper_bound(options.after) : current_.lower_bound(options.prefix);
  auto past = resume ? undone.upper_bound(options.after) : undone.begin();
  for (;;) {
    const bool has_now = now != current_.end() && now->first.starts_with(options.prefix);
    const bool has_past = past != undone.end();
    if (!has_now && !has_past) break;
    EntryPtr entry;
    if (has_past && (!has_now || past->first <= now->first)) {
      if (has_now && past->first == now->first) ++now;
      entry = past->second;
      ++past;
      if (!entry) continue;
    } else {
      entry = now->second;
      ++now;
    }
    if (options.limit != 0 && out.entries.size() == options.limit) {
      out.more = true;
      break;
    }
    out.entries.push_back(std::move(entry));
  }
  return out;
}

Result<std::unique_ptr<Watcher>> Mvcc::watch(std::string prefix, Revision from) {
  if (from == 0) from = revision_ + 1;
  if (from <= compacted_) return fail(expired(from, compacted_));
  const auto it = std::lower_bound(history_.begin(), history_.end(), from,
                                   [](const EventPtr& event, Revision r) { return event->revision < r; });
  return std::make_unique<Cursor>(*this, std::move(prefix), from,
                                  first_ + static_cast<uint64_t>(it - history_.begin()));
}

}  // namespace fairlead::store
