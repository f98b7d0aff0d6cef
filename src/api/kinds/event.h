// The kind Event.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/object.h"
#include "api/schema.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct EventSource {
  std::string component;
  std::string host;
  bool operator==(const EventSource&) const = default;
};
template <>
const TypeInfo& type_info<EventSource>();

struct EventSeries {
  int32_t count = 0;
  MicroTime last_observed_time;
  bool operator==(const EventSeries&) const = default;
};
template <>
const TypeInfo& type_info<EventSeries>();

struct Event {
  ObjectMeta metadata;
  ObjectReference involved_object;
  std::string reason;
  std::string message;
  EventSource source;
  Time first_timestamp;
  Time last_timestamp;
  int32_t count = 0;
  std::string type;
  MicroTime event_time;
  Box<EventSeries> series;
  std::string action;
  Box<ObjectReference> related;
  std::string reporting_component;
  std::string reporting_instance;
  bool operator==(const Event&) const = default;
};
template <>
const TypeInfo& type_info<Event>();
template <>
const KindInfo& kind_of<Event>();

}  // namespace fairlead::api
