#include "api/kinds/workload.h"

#include "api/selector.h"

namespace fairlead::api {

void check_workload_template(Problems& out, const FieldPath& path, const Box<LabelSelector>& selector,
                             const PodTemplateSpec& value) {
  if (!selector) {
    out.required(path / "selector");
  } else {
    check_label_selector(out, path / "selector", *selector);
    if (selector->match_labels.empty() && selector->match_expressions.empty())
      out.invalid(path / "selector", BadValue::of(*selector), "empty selector is invalid for deployment");
    const auto matcher = Selector::from(*selector);
    if (!matcher)
      out.invalid(path / "selector", BadValue::of(*selector), "invalid label selector");
    else if (!matcher->matches(value.metadata.labels))
      out.invalid(path / "template" / "metadata" / "labels", value.metadata.labels,
                  "`selector` does not match template `labels`");
  }
  check_pod_template(out, path / "template", value);
  const auto spec = path / "template" / "spec";
  if (value.spec.restart_policy != "Always")
    out.not_supported(spec / "restartPolicy", value.spec.restart_policy, {"Always"});
  if (value.spec.active_deadline_seconds)
    out.forbidden(spec / "activeDeadlineSeconds", "activeDeadlineSeconds in ReplicaSet is not Supported");
}

void check_selector_unchanged(Problems& out, const Box<LabelSelector>& next, const Box<LabelSelector>& old) {
  if (next == old) return;
  out.immutable(FieldPath("spec") / "selector", next ? BadValue::of(*next) : BadValue::json("null"));
}

void check_replica_counts(Problems& out, int32_t replicas,
                          std::initializer_list<std::pair<std::string_view, int32_t>> counts) {
  const FieldPath path("status");
  out.non_negative(path / "replicas", replicas);
  for (const auto& [name, count] : counts) {
    out.non_negative(path / name, count);
    if (count > replicas) out.invalid(path / name, count, "cannot be greater than status.replicas");
  }
}

ContainerCells container_cells(const PodTemplateSpec& value) {
  ContainerCells out;
  for (const auto& c : value.spec.containers) {
    if (&c != &value.spec.containers.front()) {
      out.names += ',';
      out.images += ',';
    }
    out.names += c.name;
    out.images += c.image;
  }
  return out;
}

std::string selector_cell(const Box<LabelSelector>& selector, std::string_view when_empty) {
  if (!selector) return std::string(when_empty);
  const auto matcher = Selector::from(*selector);
  if (!matcher) return "<invalid>";
  auto text = matcher->to_string();
  return text.empty() ? std::string(when_empty) : text;
}

}  // namespace fairlead::api
