#include "api/kinds/event.h"

#include "api/duration.h"
#include "api/kind.h"
#include "api/validation.h"
#include "base/text.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<EventSource>() {
  using T = EventSource;
  static const TypeInfo info("io.k8s.api.core.v1.EventSource", {
                                                                   field(&T::component, "component", 1, kOmitEmpty),
                                                                   field(&T::host, "host", 2, kOmitEmpty),
                                                               });
  return info;
}

template <>
const TypeInfo& type_info<EventSeries>() {
  using T = EventSeries;
  static const TypeInfo info("io.k8s.api.core.v1.EventSeries",
                             {
                                 field(&T::count, "count", 1, kOmitEmpty),
                                 field(&T::last_observed_time, "lastObservedTime", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Event>() {
  using T = Event;
  static const TypeInfo info("io.k8s.api.core.v1.Event",
                             {
                                 field(&T::metadata, "metadata", 1, kRequired),
                                 field(&T::involved_object, "involvedObject", 2, kRequired),
                                 field(&T::reason, "reason", 3, kOmitEmpty),
                                 field(&T::message, "message", 4, kOmitEmpty),
                                 field(&T::source, "source", 5, kOmitEmpty),
                                 field(&T::first_timestamp, "firstTimestamp", 6, kOmitEmpty),
                                 field(&T::last_timestamp, "lastTimestamp", 7, kOmitEmpty),
                                 field(&T::count, "count", 8, kOmitEmpty),
                                 field(&T::type, "type", 9, kOmitEmpty),
                                 field(&T::event_time, "eventTime", 10, kOmitEmpty),
                                 field(&T::series, "series", 11, kOmitEmpty),
                                 field(&T::action, "action", 12, kOmitEmpty),
                                 field(&T::related, "related", 13, kOmitEmpty),
                                 field(&T::reporting_component, "reportingComponent", 14, 0),
                                 field(&T::reporting_instance, "reportingInstance", 15, 0),
                             });
  return info;
}

namespace {

void check_new_style(Problems& out, const Event& e) {
  const auto at_most = [&](const char* name, const std::string& value, size_t max) {
    if (value.size() > max) out.invalid(FieldPath(name), "", fmt::format("can have at most {} characters", max));
  };
  const auto& about = e.involved_object.namespace_;
  const auto& ns = e.metadata.namespace_;
  if (about.empty() && ns != "default" && ns != "kube-system")
    out.invalid(FieldPath("involvedObject") / "namespace", about, "does not match event.namespace");
  if (e.reporting_component.empty()) out.required(FieldPath("reportingComponent"));
  out.invalid(FieldPath("reportingComponent"), e.reporting_component, qualified_name(e.reporting_component));
  if (e.reporting_instance.empty()) out.required(FieldPath("reportingInstance"));
  at_most("reportingInstance", e.reporting_instance, 128);
  if (e.action.empty()) out.required(FieldPath("action"));
  at_most("action", e.action, 128);
  if (e.reason.empty()) out.required(FieldPath("reason"));
  at_most("reason", e.reason, 128);
  at_most("message", e.message, 1024);
}

FieldErrors validate(const Object& object) {
  const auto& e = object.as<Event>();
  const auto& about = e.involved_object.namespace_;
  const auto& ns = e.metadata.namespace_;
  Problems out;
  if (e.event_time) {
    check_new_style(out, e);
  } else if (about.empty() ? !ns.empty() && ns != "default" : about != ns) {
    out.invalid(FieldPath("involvedObject") / "namespace", about, "does not match event.namespace");
  }
  out.invalid(FieldPath("namespace"), ns, dns1123_subdomain(ns));
  return std::move(out).take();
}

std::string source_of(const Event& e) {
  const auto& component = e.source.component.empty() ? e.reporting_component : e.source.component;
  const auto& instance = e.source.host.empty() ? e.reporting_instance : e.source.host;
  return instance.empty() ? component : component + ", " + instance;
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto& e = object.as<Event>();
  const auto first = e.first_timestamp ? age(e.first_timestamp, now) : age(e.event_time, now);
  auto last = e.last_timestamp ? age(e.last_timestamp, now) : first;
  int64_t count = e.count == 0 ? 1 : e.count;
  if (e.series) {
    last = age(e.series->last_observed_time, now);
    count = e.series->count;
  }
  auto target = lower(e.involved_object.kind);
  if (!e.involved_object.name.empty()) target += "/" + e.involved_object.name;
  return {last,         e.type,          e.reason, target,      e.involved_object.field_path,
          source_of(e), trim(e.message), first,    Cell(count), e.metadata.name};
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  const auto& e = object.as<Event>();
  const auto& o = e.involved_object;
  if (path == "involvedObject.kind") return o.kind;
  if (path == "involvedObject.namespace") return o.namespace_;
  if (path == "involvedObject.name") return o.name;
  if (path == "involvedObject.uid") return o.uid;
  if (path == "involvedObject.apiVersion") return o.api_version;
  if (path == "involvedObject.resourceVersion") return o.resource_version;
  if (path == "involvedObject.fieldPath") return o.field_path;
  if (path == "reason") return e.reason;
  if (path == "reportingComponent") return e.reporting_component;
  if (path == "source") return e.source.component.empty() ? e.reporting_component : e.source.component;
  if (path == "type") return e.type;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<Event>() {
  static const KindInfo info{
      .group = "",
      .version = "v1",
      .kind = "Event",
      .plural = "events",
      .singular = "event",
      .short_names = {"ev"},
      .categories = {},
      .namespaced = true,
      .has_status = false,
      .has_scale = false,
      .other_subresources = {},
      .type = &type_info<Event>,
      .make = [] { return make_object(Event{}); },
      .prepare_update = [](Object& next, const Object& old) { next.meta().generation = old.meta().generation; },
      .validate = validate,
      .validate_update = [](const Object& next, const Object&) { return validate(next); },
      .columns = {{"Last Seen", "string"},
                  {"Type", "string"},
                  {"Reason", "string"},
                  {"Object", "string"},
                  {"Subobject", "string", "", 1},
                  {"Source", "string", "", 1},
                  {"Message", "string"},
                  {"First Seen", "string", "", 1},
                  {"Count", "string", "", 1},
                  {"Name", "string", "name", 1}},
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
