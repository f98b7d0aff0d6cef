#include "api/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/kind.h"
#include "api/kinds/pod.h"
#include "api/kinds/service.h"
#include "api/proto_wire.h"
#include "api/types/delete_options.h"
#include "api/types/status.h"

namespace fairlead::api {
namespace {

// Fills every field of any type with something that is not its zero value.
class Filler {
 public:
  void fill(const TypeInfo& type, void* value) {
    for (const auto& f : type.fields()) fill(*f.value, f.in(value));
  }

 private:
  void fill(const ValueType& type, void* v) {
    ++n_;
    switch (type.shape) {
      case Shape::kString:
        *static_cast<std::string*>(v) = fmt::format("s{}é", n_);
        return;
      case Shape::kBool:
        *static_cast<bool*>(v) = true;
        return;
      case Shape::kInt32:
        *static_cast<int32_t*>(v) = n_ % 2 == 0 ? n_ : -n_;
        return;
      case Shape::kInt64:
        *static_cast<int64_t*>(v) = n_ % 2 == 0 ? int64_t{n_} << 33 : -n_;
        return;
      case Shape::kDouble:
        *static_cast<double*>(v) = n_ + 0.5;
        return;
      case Shape::kBytes:
        static_cast<Bytes*>(v)->data = std::string("\0\xff", 2) + std::to_string(n_);
        return;
      case Shape::kTime:
        static_cast<Time*>(v)->at = WallTime(std::chrono::seconds(1'700'000'000 + n_));
        return;
      case Shape::kMicroTime:
        static_cast<MicroTime*>(v)->at = WallTime(std::chrono::microseconds(1'700'000'000'123'456 + n_));
        return;
      case Shape::kQuantity:
        static_cast<Quantity*>(v)->text = fmt::format("{}m", n_ * 10 + 1);
        return;
      case Shape::kIntOrString:
        *static_cast<IntOrString*>(v) = n_ % 2 == 0 ? IntOrString(n_) : IntOrString(fmt::format("p{}", n_));
        return;
      case Shape::kRawJson:
        static_cast<RawJson*>(v)->text = fmt::format(R"({{"f:x":{}}})", n_);
        return;
      case Shape::kStruct:
        fill(type.type(), v);
        return;
      case Shape::kList:
        for (int i = 0; i < 2; ++i) fill(*type.element, type.append(v));
        return;
      case Shape::kMap:
        for (int i = 0; i < 2; ++i) fill(*type.element, type.insert(v, fmt::format("k{}", ++n_)));
        return;
      case Shape::kOptional:
        fill(*type.element, type.emplace(v));
        return;
    }
  }
  int n_ = 0;
};

TEST(Protobuf, EveryKindRoundTripsWithEveryFieldSet) {
  for (const auto* kind : all_kinds()) {
    auto object = kind->make();
    Filler().fill(kind->type(), object->data());
    const auto json = to_json(*object);
    const auto read = object_from_text(json, *kind);
    ASSERT_TRUE(read) << kind->kind << ": " << read.error().message;
    const auto again = object_from_proto(to_proto(**read), *kind);
    ASSERT_TRUE(again) << kind->kind << ": " << again.error().message;
    EXPECT_EQ(to_json(**again), json) << kind->kind;
  }
}

TEST(Protobuf, EveryKindRoundTripsEmpty) {
  for (const auto* kind : all_kinds()) {
    const auto object = kind->make();
    const auto again = object_from_proto(to_proto(*object), *kind);
    ASSERT_TRUE(again) << kind->kind << ": " << again.error().message;
    EXPECT_EQ(to_json(**again), to_json(*object));
  }
}

TEST(Protobuf, EveryPrefixOfABodyIsRefusedOrRead) {
  auto object = kind_of<Service>().make();
  Filler().fill(kind_of<Service>().type(), object->data());
  const auto body = to_proto(*object);
  for (size_t n = 0; n < body.size(); ++n)
    (void)object_from_proto(std::string_view(body).substr(0, n), kind_of<Service>());
  for (size_t n = 0; n < body.size(); ++n) {
    auto damaged = body;
    damaged[n] = static_cast<char>(~damaged[n]);
    (void)object_from_proto(damaged, kind_of<Service>());
  }
}

// What a Go client sends: a Service named w with one port, as gogo-protobuf marshals it, zero values included.
TEST(Protobuf, ReadsWhatGoWrites) {
  const auto message = [](std::initializer_list<std::pair<uint32_t, std::string>> parts) {
    std::string out;
    for (const auto& [number, bytes] : parts) put_bytes(out, number, bytes);
    return out;
  };
  std::string port = message({{1, ""}, {2, "TCP"}});
  put_int(port, 3, 80);
  std::string target;
  put_int(target, 1, 0);
  put_int(target, 2, 8080);
  put_bytes(target, 3, "");
  put_bytes(port, 4, target);
  put_int(port, 5, 0);
  std::string spec = message({{1, port}, {2, message({{1, "app"}, {2, "web"}})}, {3, ""}, {4, "ClusterIP"}});
  put_int(spec, 13, 0);
  const auto meta = message({{1, "w"}, {2, ""}, {3, "default"}, {8, ""}});
  const auto body = proto_body("v1", "Service", message({{1, meta}, {2, spec}, {3, message({{1, ""}})}}));
  const auto s = object_from_proto(body, kind_of<Service>());
  ASSERT_TRUE(s) << s.error().message;
  EXPECT_EQ(to_json(**s),
            R"({"kind":"Service","apiVersion":"v1","metadata":{"name":"w","namespace":"default"},"spec":{"ports":[)"
            R"({"protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":"web"},"type":"ClusterIP"},)"
            R"("status":{"loadBalancer":{}}})");
}

TEST(Protobuf, ReadsNumbersOneByOneAndPacked) {
  std::string context;
  put_int(context, 4, 7);
  put_bytes(context, 4, std::string("\x08\x96\x01", 3));
  PodSecurityContext out;
  ASSERT_TRUE(from_proto(context, type_info<PodSecurityContext>(), &out));
  EXPECT_THAT(out.supplemental_groups, testing::ElementsAre(7, 8, 150));
}

TEST(Protobuf, RefusesWhatWouldSpoilJson) {
  const auto body = [](std::string_view name) {
    std::string meta;
    put_bytes(meta, 1, name);
    std::string message;
    put_bytes(message, 1, meta);
    return proto_body("v1", "Pod", message);
  };
  EXPECT_TRUE(object_from_proto(body("ok"), kind_of<Pod>()));
  for (const std::string_view bad : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    const auto r = object_from_proto(body(bad), kind_of<Pod>());
    ASSERT_FALSE(r);
    EXPECT_THAT(r.error().message, testing::HasSubstr("ObjectMeta.name"));
  }
  EXPECT_EQ(object_from_proto(proto_body("v1", "Service", ""), kind_of<Pod>()).error().code, Code::kBadRequest);
  EXPECT_FALSE(object_from_proto("{}", kind_of<Pod>()));
}

TEST(Protobuf, ListsAndWatchesCarryWholeObjects) {
  Pod pod;
  pod.metadata.name = "p";
  const auto body = to_proto(ObjectOf<Pod>(pod));
  ListMeta meta;
  meta.resource_version = "7";
  const auto list = proto_list(kind_of<Pod>(), meta, {proto_message(body), proto_message(body)});
  const auto envelope = open_proto(list);
  ASSERT_TRUE(envelope);
  EXPECT_EQ(envelope->kind, "PodList");
  WireReader in(envelope->message);
  int items = 0;
  while (const auto f = in.next()) {
    if (f->number != 2) continue;
    Pod again;
    ASSERT_TRUE(from_proto(f->bytes, type_info<Pod>(), &again));
    EXPECT_EQ(again, pod);
    ++items;
  }
  EXPECT_EQ(items, 2);

  const auto frame = proto_watch_frame("ADDED", body);
  ASSERT_GT(frame.size(), 4U);
  EXPECT_EQ(static_cast<uint8_t>(frame[3]) + 256U * static_cast<uint8_t>(frame[2]), frame.size() - 4);
  const auto event = open_proto_watch_event(std::string_view(frame).substr(4));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->type, "ADDED");
  EXPECT_EQ(event->body, body);
}

TEST(Protobuf, TypesThatAreNoKinds) {
  DeleteOptions options;
  options.grace_period_seconds = 0;
  options.propagation_policy = "Foreground";
  const auto again = value_from_proto<DeleteOptions>(to_proto("v1", "DeleteOptions", options));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, options);
  Status status;
  status.code = 404;
  status.details = StatusDetails{.name = "x", .causes = {{"r", "m", "f"}}};
  const auto status_again = value_from_proto<Status>(to_proto("v1", "Status", status));
  ASSERT_TRUE(status_again);
  EXPECT_EQ(*status_again, status);
}

// A writer may leave out a map entry's value when it is empty; the object must still be JSON that can be read.
TEST(Protobuf, TakesAMapEntryWithoutValueAsTheEmptyValue) {
  const std::string entry =
      "\x0a\x03"
      "cpu";
  const std::string requests = std::string("\x12") + static_cast<char>(entry.size()) + entry;
  const std::string resources = std::string("\x42") + static_cast<char>(requests.size()) + requests;
  const std::string container = std::string("\x12") + static_cast<char>(resources.size()) + resources;
  const std::string pod = std::string("\x12") + static_cast<char>(container.size()) + container;
  const auto read = object_from_proto(proto_body("v1", "Pod", pod), kind_of<Pod>());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ((*read)->as<Pod>().spec.containers.at(0).resources.requests.at("cpu").text, "0");
}

// Embedded JSON is read again as a part of its object's, where it stands deeper.
TEST(Protobuf, BoundsTheDepthOfEmbeddedJson) {
  Pod pod;
  pod.metadata.managed_fields.resize(1);
  pod.metadata.managed_fields[0].fields_v1.text = std::string(250, '[') + std::string(250, ']');
  EXPECT_FALSE(object_from_proto(to_proto(*make_object(pod)), kind_of<Pod>()));
  pod.metadata.managed_fields[0].fields_v1.text = std::string(100, '[') + std::string(100, ']');
  EXPECT_TRUE(object_from_proto(to_proto(*make_object(pod)), kind_of<Pod>()));
}

}  // namespace
}  // namespace fairlead::api
