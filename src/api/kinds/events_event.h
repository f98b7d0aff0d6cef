// events.k8s.io/v1 Event: the objects of core/v1 Event under their newer names.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/kinds/event.h"
#include "api/object.h"
#include "api/schema.h"

namespace fairlead::api {

struct NewEventSeries {
  int32_t count = 0;
  MicroTime last_observed_time;
  bool operator==(const NewEventSeries&) const = default;
};
template <>
const TypeInfo& type_info<NewEventSeries>();

struct NewEvent {
  ObjectMeta metadata;
  MicroTime event_time;
  Box<NewEventSeries> series;
  std::string reporting_controller;
  std::string reporting_instance;
  std::string action;
  std::string reason;
  ObjectReference regarding;
  Box<ObjectReference> related;
  std::string note;
  std::string type;
  EventSource deprecated_source;
  Time deprecated_first_timestamp;
  Time deprecated_last_timestamp;
  int32_t deprecated_count = 0;
  bool operator==(const NewEvent&) const = default;
};
template <>
const TypeInfo& type_info<NewEvent>();

template <>
const KindInfo& kind_of<NewEvent>();

}  // namespace fairlead::api
