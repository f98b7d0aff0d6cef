// Objects as the API, the store and every component handle them: ObjectPtr is an immutable, shared object of any kind;
// Object::as<T>() is its typed content.
#pragma once

#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "api/types/object_meta.h"
#include "base/result.h"

namespace fairlead::api {

struct KindInfo;

// The row of a kind; every kinds/<kind>.h declares its specialisation.
template <class T>
const KindInfo& kind_of();

class Object {
 public:
  virtual ~Object() = default;
  [[nodiscard]] virtual const KindInfo& kind() const = 0;
  [[nodiscard]] virtual const void* data() const = 0;
  [[nodiscard]] virtual void* data() = 0;
  [[nodiscard]] virtual std::unique_ptr<Object> clone() const = 0;

  // Every kind's struct begins with its ObjectMeta.
  [[nodiscard]] const ObjectMeta& meta() const { return *static_cast<const ObjectMeta*>(data()); }
  [[nodiscard]] ObjectMeta& meta() { return *static_cast<ObjectMeta*>(data()); }

  // The typed content; aborts when the object is of another kind.
  template <class T>
  [[nodiscard]] const T& as() const {
    check(&kind() == &kind_of<T>(), "object of another kind");
    return *static_cast<const T*>(data());
  }
  template <class T>
  [[nodiscard]] T& as() {
    check(&kind() == &kind_of<T>(), "object of another kind");
    return *static_cast<T*>(data());
  }
  template <class T>
  [[nodiscard]] bool is() const {
    return &kind() == &kind_of<T>();
  }
};

using ObjectPtr = std::shared_ptr<const Object>;
using MutableObject = std::unique_ptr<Object>;

template <class T>
class ObjectOf final : public Object {
 public:
  static_assert(std::is_same_v<decltype(T::metadata), ObjectMeta>);
  ObjectOf() = default;
  explicit ObjectOf(T v) : value(std::move(v)) {}
  [[nodiscard]] const KindInfo& kind() const override { return kind_of<T>(); }
  [[nodiscard]] const void* data() const override { return &value; }
  [[nodiscard]] void* data() override { return &value; }
  [[nodiscard]] std::unique_ptr<Object> clone() const override { return std::make_unique<ObjectOf>(value); }
  T value;
};

template <class T>
MutableObject make_object(T value) {
  return std::make_unique<ObjectOf<T>>(std::move(value));
}

// "default/web-1", or "node1" for what has no namespace: the key of caches, queues and logs.
std::string key_of(const ObjectMeta& meta);
std::string key_of(std::string_view ns, std::string_view name);
struct NamespacedName {
  std::string ns;
  std::string name;
  auto operator<=>(const NamespacedName&) const = default;
};
NamespacedName parse_key(std::string_view key);

}  // namespace fairlead::api
