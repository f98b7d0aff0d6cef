#include "api/kinds/events_event.h"

#include "api/kind.h"
#include "api/validation.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<NewEventSeries>() {
  using T = NewEventSeries;
  static const TypeInfo info("io.k8s.api.events.v1.EventSeries",
                             {
                                 field(&T::count, "count", 1, kRequired),
                                 field(&T::last_observed_time, "lastObservedTime", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NewEvent>() {
  using T = NewEvent;
  static const TypeInfo info("io.k8s.api.events.v1.Event",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::event_time, "eventTime", 2, kRequired),
                                 field(&T::series, "series", 3, kOmitEmpty),
                                 field(&T::reporting_controller, "reportingController", 4, kOmitEmpty),
                                 field(&T::reporting_instance, "reportingInstance", 5, kOmitEmpty),
                                 field(&T::action, "action", 6, kOmitEmpty),
                                 field(&T::reason, "reason", 7, kOmitEmpty),
                                 field(&T::regarding, "regarding", 8, kOmitEmpty),
                                 field(&T::related, "related", 9, kOmitEmpty),
                                 field(&T::note, "note", 10, kOmitEmpty),
                                 field(&T::type, "type", 11, kOmitEmpty),
                                 field(&T::deprecated_source, "deprecatedSource", 12, kOmitEmpty),
                                 field(&T::deprecated_first_timestamp, "deprecatedFirstTimestamp", 13, kOmitEmpty),
                                 field(&T::deprecated_last_timestamp, "deprecatedLastTimestamp", 14, kOmitEmpty),
                                 field(&T::deprecated_count, "deprecatedCount", 15, kOmitEmpty),
                             });
  return info;
}

namespace {

std::vector<MutableObject> views(const Object& stored) {
  const auto& e = stored.as<Event>();
  NewEvent v;
  v.metadata = e.metadata;
  v.event_time = e.event_time;
  if (e.series) v.series = NewEventSeries{e.series->count, e.series->last_observed_time};
  v.reporting_controller = e.reporting_component;
  v.reporting_instance = e.reporting_instance;
  v.action = e.action;
  v.reason = e.reason;
  v.regarding = e.involved_object;
  v.related = e.related;
  v.note = e.message;
  v.type = e.type;
  v.deprecated_source = e.source;
  v.deprecated_first_timestamp = e.first_timestamp;
  v.deprecated_last_timestamp = e.last_timestamp;
  v.deprecated_count = e.count;
  std::vector<MutableObject> out;
  out.push_back(make_object(std::move(v)));
  return out;
}

MutableObject to_stored(const Object& view) {
  const auto& v = view.as<NewEvent>();
  Event e;
  e.metadata = v.metadata;
  e.event_time = v.event_time;
  if (v.series) e.series = EventSeries{v.series->count, v.series->last_observed_time};
  e.reporting_component = v.reporting_controller;
  e.reporting_instance = v.reporting_instance;
  e.action = v.action;
  e.reason = v.reason;
  e.involved_object = v.regarding;
  e.related = v.related;
  e.message = v.note;
  e.type = v.type;
  e.source = v.deprecated_source;
  e.first_timestamp = v.deprecated_first_timestamp;
  e.last_timestamp = v.deprecated_last_timestamp;
  e.count = v.deprecated_count;
  return make_object(std::move(e));
}

void check_series(Problems& out, const NewEvent& e) {
  if (!e.series) return;
  const FieldPath path("series");
  if (e.series->count < 2) out.invalid(path / "count", "", "should be at least 2");
  if (!e.series->last_observed_time) out.required(path / "lastObservedTime");
}

// What this group asks for beyond core's rules, which are checked when the event is stored. The fields have the names
// under which core's rules know them, as in Kubernetes.
FieldErrors validate(const Object& object) {
  const auto& e = object.as<NewEvent>();
  Problems out;
  check_object_meta(out, e.metadata, true, name_is_subdomain);
  check_series(out, e);
  if (!e.event_time) out.required(FieldPath("eventTime"));
  if (e.type != "Normal" && e.type != "Warning")
    out.invalid(FieldPath("type"), "", fmt::format("has invalid value: {}", e.type));
  const auto unset = [&](const char* name, bool is_set) {
    if (is_set) out.invalid(FieldPath(name), "", "needs to be unset");
  };
  unset("firstTimestamp", e.deprecated_first_timestamp.at.has_value());
  unset("lastTimestamp", e.deprecated_last_timestamp.at.has_value());
  unset("count", e.deprecated_count != 0);
  unset("source", e.deprecated_source != EventSource{});
  return std::move(out).take();
}

// Only the series of an event may change.
FieldErrors validate_update(const Object& next_object, const Object& old_object) {
  const auto& next = next_object.as<NewEvent>();
  const auto& old = old_object.as<NewEvent>();
  Problems out;
  if (next.series != old.series) check_series(out, next);
  const auto same = [&](const char* name, const auto& a, const auto& b, const BadValue& value) {
    if (!(a == b)) out.immutable(FieldPath(name), value);
  };
  same("involvedObject", next.regarding, old.regarding, BadValue::of(next.regarding));
  same("reason", next.reason, old.reason, next.reason);
  same("message", next.note, old.note, next.note);
  same("source", next.deprecated_source, old.deprecated_source, BadValue::of(next.deprecated_source));
  same("count", next.deprecated_count, old.deprecated_count, next.deprecated_count);
  same("type", next.type, old.type, next.type);
  same("eventTime", next.event_time, old.event_time, "");
  same("action", next.action, old.action, next.action);
  same("reportingController", next.reporting_controller, old.reporting_controller, next.reporting_controller);
  same("reportingInstance", next.reporting_instance, old.reporting_instance, next.reporting_instance);
  return std::move(out).take();
}

std::vector<Cell> row(const Object& object, WallTime now) {
  const auto stored = to_stored(object);
  return kind_of<Event>().row(*stored, now);
}

std::optional<std::string> select_field(const Object& object, std::string_view path) {
  const auto& e = object.as<NewEvent>();
  const auto& o = e.regarding;
  if (path == "regarding.kind") return o.kind;
  if (path == "regarding.namespace") return o.namespace_;
  if (path == "regarding.name") return o.name;
  if (path == "regarding.uid") return o.uid;
  if (path == "regarding.apiVersion") return o.api_version;
  if (path == "regarding.resourceVersion") return o.resource_version;
  if (path == "regarding.fieldPath") return o.field_path;
  if (path == "reason") return e.reason;
  if (path == "reportingController") return e.reporting_controller;
  if (path == "type") return e.type;
  return std::nullopt;
}

}  // namespace

template <>
const KindInfo& kind_of<NewEvent>() {
  static const KindInfo info{
      .group = "events.k8s.io",
      .version = "v1",
      .kind = "Event",
      .plural = "events",
      .singular = "event",
      .short_names = {"ev"},
      .categories = {},
      .view_of = &kind_of<Event>,
      .views = views,
      .to_stored = to_stored,
      .type = &type_info<NewEvent>,
      .make = [] { return make_object(NewEvent{}); },
      .validate = validate,
      .validate_update = validate_update,
      .columns = kind_of<Event>().columns,
      .row = row,
      .field = select_field,
  };
  return info;
}

}  // namespace fairlead::api
