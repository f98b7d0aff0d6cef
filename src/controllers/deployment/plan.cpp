#include "controllers/deployment/plan.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "controllers/common/owners.h"
#include "controllers/deployment/status.h"

namespace fairlead::controllers {

namespace {

bool older(const api::ReplicaSet& a, const api::ReplicaSet& b) {
  if (a.metadata.creation_timestamp.at != b.metadata.creation_timestamp.at) {
    return a.metadata.creation_timestamp.at < b.metadata.creation_timestamp.at;
  }
  return a.metadata.name < b.metadata.name;
}

// One planning pass. Sizes change in working copies; what differs from the original in the end is an update.
class Planner {
 public:
  Planner(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets, WallTime now)
      : d_(deployment), now_(now) {
    for (const auto& set : sets) originals_.push_back(set);
    std::ranges::stable_sort(originals_, [](const auto& a, const auto& b) { return older(*a, *b); });
    for (const auto& set : originals_) work_.push_back(*set);
    newest_ = find_new_set(d_, originals_);
    for (size_t i = 0; i < originals_.size(); ++i) {
      if (originals_[i] == newest_) {
        new_ = &work_[i];
      } else {
        old_.push_back(&work_[i]);
      }
    }
  }

  DeploymentPlan plan(bool old_pods_exist) {
    if (d_.metadata.deletion_timestamp) return finish(false);
    if (note_pause(); d_.spec.paused) {
      sync_revision(false);
      scale();
      clean_up();
      return finish(false);
    }
    if (is_scaling()) {
      sync_revision(false);
      scale();
      return finish(false);
    }
    if (is_rolling(d_)) {
      sync_revision(true);
      roll();
    } else {
      sync_revision(false);
      recreate(old_pods_exist);
    }
    return finish(true);
  }

 private:
  // ---- revisions and the new set

  int64_t next_revision() const {
    int64_t most = 0;
    for (const auto* set : old_) most = std::max(most, revision_of(set->metadata));
    return most + 1;
  }

  // Brings the new set's annotations and the Deployment's revision up to date, or makes the new set.
  void sync_revision(bool create_if_missing) {
    const int64_t revision = next_revision();
    if (new_) {
      set_new_set_annotations(*new_, d_, revision, true);
      new_->spec.min_ready_seconds = d_.spec.min_ready_seconds;
      note_revision(revision_of(new_->metadata));
      if (d_.spec.progress_deadline_seconds && !find_condition(d_.status, "Progressing")) {
        pending_condition_ = {"FoundNewReplicaSet", "Found new replica set \"" + new_->metadata.name + "\""};
      }
      return;
    }
    if (create_if_missing) create_new_set(revision);
  }

  void note_revision(int64_t revision) {
    if (revision_of(d_.metadata) != revision) plan_.revision = revision;
  }

  void create_new_set(int64_t revision) {
    const std::string hash = template_hash(d_.spec.template_, d_.status.collision_count);
    api::ReplicaSet set;
    set.metadata.name = d_.metadata.name + "-" + hash;
    set.metadata.namespace_ = d_.metadata.namespace_;
    set.metadata.owner_references.push_back(controller_reference(d_));
    set.spec.template_ = d_.spec.template_;
    set.spec.template_.metadata.labels[kTemplateHash] = hash;
    set.metadata.labels = set.spec.template_.metadata.labels;
    set.spec.min_ready_seconds = d_.spec.min_ready_seconds;
    if (d_.spec.selector) set.spec.selector = d_.spec.selector;
    set.spec.selector.get_or_create().match_labels[kTemplateHash] = hash;
    set.spec.replicas = new_size(0);
    set_new_set_annotations(set, d_, revision, false);
    set_replicas_annotations(set, replicas_of(d_), replicas_of(d_) + max_surge(d_));
    note_revision(revision);
    pending_condition_ = {"NewReplicaSetCreated", "Created new replica set \"" + set.metadata.name + "\""};
    if (*set.spec.replicas > 0) say_scaled(set.metadata.name, 0, *set.spec.replicas);
    plan_.create = std::move(set);
  }

  // How large the new set may be now, being `current`.
  int new_size(int current) const {
    const int wanted = replicas_of(d_);
    if (!is_rolling(d_)) return wanted;
    const int total = total_size();
    const int allowed = wanted + max_surge(d_);
    if (total >= allowed) return current;
    return current + std::min(allowed - total, wanted - current);
  }

  int total_size() const {
    int total = new_ ? replicas_of(*new_) : 0;
    for (const auto* set : old_) total += replicas_of(*set);
    return total;
  }

  // ---- sizes

  void say_scaled(const std::string& name, int from, int to) {
    plan_.events.push_back({"ScalingReplicaSet", fmt::format("Scaled {} replica set {} from {} to {}",
                                                             to > from ? "up" : "down", name, from, to)});
  }

  bool resize(api::ReplicaSet& set, int size) {
    const int before = replicas_of(set);
    set_replicas_annotations(set, replicas_of(d_), replicas_of(d_) + max_surge(d_));
    if (before == size) return false;
    set.spec.replicas = size;
    say_scaled(set.metadata.name, before, size);
    return true;
  }

  // ---- rolling update

  void roll() {
    if (!new_) return;  // it was just planned
    if (replicas_of(*new_) > replicas_of(d_)) {
      if (resize(*new_, replicas_of(d_))) return;
    } else if (const int size = new_size(replicas_of(*new_)); size != replicas_of(*new_)) {
      if (resize(*new_, size)) return;
    }
    shrink_old();
    clean_up_if_complete();
  }

  void shrink_old() {
    int old_total = 0;
    for (const auto* set : old_) old_total += replicas_of(*set);
    if (old_total == 0) return;
    const int min_available = replicas_of(d_) - max_unavailable(d_);
    const int new_unavailable = replicas_of(*new_) - new_->status.available_replicas;
    const int removable = total_size() - min_available - new_unavailable;
    if (removable <= 0) return;
    // Pods that are not available do not serve anyone: they go first.
    int removed = 0;
    for (auto* set : old_) {
      if (removed >= removable) break;
      const int size = replicas_of(*set);
      const int unhealthy = size - set->status.available_replicas;
      if (size == 0 || unhealthy <= 0) continue;
      const int by = std::min(removable - removed, unhealthy);
      resize(*set, size - by);
      removed += by;
    }
    int available = new_->status.available_replicas;
    for (const auto* set : old_) available += set->status.available_replicas;
    int spare = available - min_available;
    for (auto* set : old_) {
      if (spare <= 0) break;
      const int size = replicas_of(*set);
      if (size == 0) continue;
      const int by = std::min(size, spare);
      resize(*set, size - by);
      spare -= by;
    }
  }

  // ---- recreate

  void recreate(bool old_pods_exist) {
    bool shrunk = false;
    for (auto* set : old_) {
      if (replicas_of(*set) > 0) shrunk |= resize(*set, 0);
    }
    if (shrunk) return;
    for (const auto* set : old_) {
      if (set->status.replicas > 0) return;
    }
    if (old_pods_exist) return;
    if (!new_) return sync_revision(true);
    if (replicas_of(*new_) != replicas_of(d_)) resize(*new_, replicas_of(d_));
    clean_up_if_complete();
  }

  // ---- scaling in the middle of a rollout, or while paused

  std::vector<api::ReplicaSet*> active() {
    std::vector<api::ReplicaSet*> out;
    for (auto& set : work_) {
      if (replicas_of(set) > 0) out.push_back(&set);
    }
    return out;
  }

  bool is_scaling() {
    for (const auto* set : active()) {
      const auto desired = int_annotation(set->metadata, kDesiredReplicas);
      if (desired && *desired != replicas_of(d_)) return true;
    }
    return false;
  }

  // The one set that scaling concerns: the only active one; without any, the new or the latest.
  api::ReplicaSet* active_or_latest() {
    const auto sets = active();
    if (sets.size() == 1) return sets[0];
    if (sets.size() > 1) return nullptr;
    if (new_) return new_;
    return old_.empty() ? nullptr : old_.back();
  }

  bool saturated() const {
    if (!new_) return false;
    const int wanted = replicas_of(d_);
    return replicas_of(*new_) == wanted && int_annotation(new_->metadata, kDesiredReplicas) == wanted &&
           new_->status.available_replicas == wanted;
  }

  void scale() {
    if (auto* set = active_or_latest()) {
      resize(*set, replicas_of(d_));
      return;
    }
    if (saturated()) {
      for (auto* set : old_) {
        if (replicas_of(*set) > 0) resize(*set, 0);
      }
      return;
    }
    if (is_rolling(d_)) scale_proportionally();
  }

  void scale_proportionally() {
    auto sets = active();
    int total = 0;
    for (const auto* set : sets) total += replicas_of(*set);
    const int allowed = replicas_of(d_) > 0 ? replicas_of(d_) + max_surge(d_) : 0;
    const int to_add = allowed - total;
    // Larger sets first; of equal ones the newer gains first, and the older shrinks first.
    std::ranges::stable_sort(sets, [&](const auto* a, const auto* b) {
      if (replicas_of(*a) != replicas_of(*b)) return replicas_of(*a) > replicas_of(*b);
      return to_add > 0 ? older(*b, *a) : older(*a, *b);
    });
    std::vector<int> sizes;
    int added = 0;
    for (const auto* set : sets) {
      const int share = to_add == 0 ? 0 : proportion(*set, to_add, added);
      sizes.push_back(replicas_of(*set) + share);
      added += share;
    }
    for (size_t i = 0; i < sets.size(); ++i) {
      if (i == 0 && to_add != 0) sizes[i] = std::max(0, sizes[i] + to_add - added);
      resize(*sets[i], sizes[i]);
    }
  }

  int proportion(const api::ReplicaSet& set, int to_add, int added) const {
    if (replicas_of(set) == 0 || to_add == added) return 0;
    const int share = fraction(set);
    return to_add > 0 ? std::min(share, to_add - added) : std::max(share, to_add - added);
  }

  int fraction(const api::ReplicaSet& set) const {
    const int size = replicas_of(set);
    if (replicas_of(d_) == 0) return -size;
    int before = int_annotation(set.metadata, kMaxReplicas).value_or(d_.status.replicas);
    if (before == 0) before = d_.status.replicas;
    if (before == 0) return 0;
    const double next = static_cast<double>(size) * (replicas_of(d_) + max_surge(d_)) / before;
    return static_cast<int>(std::lround(next)) - size;
  }

  // ---- the rest

  void note_pause() {
    if (!d_.spec.progress_deadline_seconds) return;
    const auto* progressing = find_condition(d_.status, "Progressing");
    if (progressing && progressing->reason == "ProgressDeadlineExceeded") return;
    const bool noted = progressing && progressing->reason == "DeploymentPaused";
    if (d_.spec.paused && !noted) {
      pause_condition_ = {"DeploymentPaused", "Deployment is paused"};
    } else if (!d_.spec.paused && noted) {
      pause_condition_ = {"DeploymentResumed", "Deployment is resumed"};
    }
  }

  void clean_up_if_complete() {
    if (is_complete(d_, count_status(d_, originals_, newest_, now_))) clean_up();
  }

  void clean_up() {
    const int limit = d_.spec.revision_history_limit.value_or(10);
    std::vector<ReplicaSetPtr> idle;
    for (const auto& set : originals_) {
      if (set != newest_ && !set->metadata.deletion_timestamp) idle.push_back(set);
    }
    const int surplus = static_cast<int>(idle.size()) - limit;
    if (surplus <= 0) return;
    std::ranges::stable_sort(idle, std::less<>{}, [](const auto& s) { return revision_of(s->metadata); });
    for (int i = 0; i < surplus; ++i) {
      const auto& set = *idle[i];
      if (set.status.replicas != 0 || replicas_of(set) != 0 ||
          set.metadata.generation > set.status.observed_generation) {
        continue;
      }
      plan_.remove.push_back(idle[i]);
    }
  }

  DeploymentPlan finish(bool rollout) {
    for (size_t i = 0; i < work_.size(); ++i) {
      if (!(work_[i] == *originals_[i])) plan_.update.push_back(std::move(work_[i]));
    }
    plan_.status = count_status(d_, originals_, newest_, now_);
    const auto note = [&](const PlannedEvent& condition, const char* value) {
      if (!condition.reason.empty()) {
        set_condition(plan_.status, "Progressing", value, condition.reason, condition.message, now_);
      }
    };
    note(pause_condition_, "Unknown");
    if (rollout) add_progress(plan_.status, d_, originals_, newest_, now_);
    const bool found_only = pending_condition_.reason == "FoundNewReplicaSet";
    if (d_.spec.progress_deadline_seconds && !(found_only && find_condition(plan_.status, "Progressing"))) {
      note(pending_condition_, "True");
    }
    if (!d_.spec.paused) plan_.check_again = until_deadline(d_, plan_.status, now_);
    return std::move(plan_);
  }

  const api::Deployment& d_;
  WallTime now_;
  std::vector<ReplicaSetPtr> originals_;  // oldest first
  std::vector<api::ReplicaSet> work_;     // copies, in the same order
  ReplicaSetPtr newest_;
  api::ReplicaSet* new_ = nullptr;     // in work_
  std::vector<api::ReplicaSet*> old_;  // in work_
  PlannedEvent pause_condition_;
  PlannedEvent pending_condition_;
  DeploymentPlan plan_;
};

}  // namespace

DeploymentPlan plan_deployment(const api::Deployment& deployment, const std::vector<ReplicaSetPtr>& sets,
                               bool old_pods_exist, WallTime now) {
  return Planner(deployment, sets, now).plan(old_pods_exist);
}

}  // namespace fairlead::controllers
