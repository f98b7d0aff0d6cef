// PodWorker's own decisions about the pod: that it took too long or too much, and what it says while it backs off.
#include <fmt/format.h>

#include <algorithm>

#include "agent/admission.h"
#include "agent/last_words.h"
#include "agent/pod_worker.h"
#include "api/quantity.h"
#include "base/text.h"
#include "rt/time.h"

namespace fairlead::agent {

using namespace std::chrono_literals;
using std::chrono::seconds;

std::optional<WallTime> PodWorker::deadline() const {
  const auto& start = pod_->status.start_time;
  if (!pod_->spec.active_deadline_seconds || !start) return std::nullopt;
  return *start.at + seconds(*pod_->spec.active_deadline_seconds);
}

void PodWorker::judge() {
  if (state_.verdict || has_ended(*pod_, state_)) return;
  if (auto refused = refusal(*pod_)) {
    // The event leaves out that it was rejected, which its reason says.
    const std::string why = refused->message.substr(refused->message.find(": ") + 2);
    condemn("Warning", std::move(*refused), why);
    return;
  }
  if (const auto until = deadline(); until && *until <= context_.clock.now())
    condemn("Normal", {"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"});
  if (!std::exchange(sizes_watched_, true)) tasks_.spawn("sizes of " + uid_, watch_sizes());
}

void PodWorker::condemn(std::string_view event_type, Verdict verdict, std::string_view said) {
  context_.events.record(client::reference_to(*pod_), event_type, verdict.reason,
                         said.empty() ? verdict.message : said);
  state_.verdict = std::move(verdict);
  wake();
}

// An emptyDir on disk has no limit of its own: it is measured, as often as the kubelet does.
rt::Task<> PodWorker::watch_sizes() {
  constexpr auto kPeriod = 10s;
  const auto limited = [](const api::Volume& volume) {
    const auto& empty_dir = volume.volume_source.empty_dir;
    return empty_dir && empty_dir->size_limit && empty_dir->medium != "Memory";
  };
  while (std::ranges::any_of(pod_->spec.volumes, limited)) {
    co_await rt::sleep(kPeriod);
    if (!volumes_ || ending() || state_.verdict) continue;
    const std::vector<api::Volume> volumes = pod_->spec.volumes;
    for (const api::Volume& volume : volumes) {
      if (!limited(volume) || !volumes_->contains(volume.name)) continue;
      const std::string path = volumes_->at(volume.name).path;
      const auto measure = [&path] { return disk_usage(path); };
      const int64_t used = co_await rt::blocking(context_.pool, measure);
      const api::Quantity& limit = *volume.volume_source.empty_dir->size_limit;
      if (used <= api::value_of(limit).value() || ending() || state_.verdict) continue;
      condemn("Warning", {"Evicted", fmt::format("Usage of EmptyDir volume {} exceeds the limit {}. ",
                                                 quote(volume.name), quote(limit.text))});
    }
  }
}

void PodWorker::announce_back_off() {
  const WallTime now = context_.clock.now();
  for (const auto* list : {&pod_->spec.init_containers, &pod_->spec.containers}) {
    for (const api::Container& c : *list) {
      const CriContainer* last = state_.latest(c.name);
      if (last == nullptr || !backs_off(*pod_, c, *last, state_, now)) continue;
      const auto [it, fresh] = backing_off_.emplace(c.name, last->attempt);
      if (!fresh && std::exchange(it->second, last->attempt) == last->attempt) continue;
      event(c.name, "Warning", "BackOff",
            fmt::format("Back-off restarting failed container {} in pod {}_{}({})", c.name, pod_->metadata.name,
                        pod_->metadata.namespace_, uid_));
    }
  }
}

rt::Task<> PodWorker::read_last_words(CriContainer& instance) {
  const api::Container* container = find_container(instance.name);
  if (container == nullptr || container->termination_message_path.empty()) co_return;
  const std::string path = last_words_path(context_.node, uid_, instance.name, instance.attempt);
  const std::string log = container_log_path(context_.node, uid_, instance.name, instance.attempt);
  const bool from_log = container->termination_message_policy == "FallbackToLogsOnError" && instance.exit_code != 0;
  const auto read = [&path, &log, from_log] { return last_words(path, from_log ? log : ""); };
  std::string said = co_await rt::blocking(context_.pool, read);
  if (!said.empty()) instance.message = std::move(said);
}

}  // namespace fairlead::agent
