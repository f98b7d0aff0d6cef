#include "apiserver/metrics.h"

#include <fmt/format.h>

#include "apiserver/registry.h"

namespace fairlead::apiserver {

void Metrics::request(std::string verb, std::string resource, int code, std::chrono::microseconds took) {
  Series& s = requests_[{std::move(verb), std::move(resource), code}];
  ++s.count;
  s.microseconds += static_cast<uint64_t>(took.count());
}

std::string Metrics::text(Registry& registry) const {
  std::string out = "# TYPE apiserver_request_total counter\n";
  for (const auto& [key, s] : requests_) {
    out += fmt::format("apiserver_request_total{{verb=\"{}\",resource=\"{}\",code=\"{}\"}} {}\n", std::get<0>(key),
                       std::get<1>(key), std::get<2>(key), s.count);
  }
  out += "# TYPE apiserver_request_duration_seconds summary\n";
  for (const auto& [key, s] : requests_) {
    const auto labels =
        fmt::format("verb=\"{}\",resource=\"{}\",code=\"{}\"", std::get<0>(key), std::get<1>(key), std::get<2>(key));
    out += fmt::format("apiserver_request_duration_seconds_sum{{{}}} {:.6f}\n", labels,
                       static_cast<double>(s.microseconds) / 1e6);
    out += fmt::format("apiserver_request_duration_seconds_count{{{}}} {}\n", labels, s.count);
  }
  out += fmt::format("# TYPE apiserver_registered_watchers gauge\napiserver_registered_watchers {}\n", watches_);
  out += "# TYPE apiserver_storage_objects gauge\n";
  for (const api::KindInfo* kind : api::all_kinds()) {
    if (!kind->stored()) continue;
    out += fmt::format("apiserver_storage_objects{{resource=\"{}\"}} {}\n", kind->qualified(),
                       registry.cache(*kind).size());
  }
  out += fmt::format("# TYPE fairlead_store_revision gauge\nfairlead_store_revision {}\n", registry.revision());
  return out;
}

}  // namespace fairlead::apiserver
