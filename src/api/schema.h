// Field tables: the one description of every API type, from which the JSON and protobuf codecs, strict decoding,
// patches, apply keys and OpenAPI come. A type is a plain struct that mirrors the Kubernetes API (Go's pointer fields
// become std::optional or Box; everything else is a value, and an empty value of a field marked kOmitEmpty is not
// written), and type_info<T>() is its table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace fairlead::api {

using StringMap = std::map<std::string, std::string>;

// An optional nested struct: a pointer with value semantics.
template <class T>
class Box {
 public:
  Box() = default;
  Box(T value) : p_(std::make_unique<T>(std::move(value))) {}  // NOLINT: implicit, as std::optional
  Box(const Box& o) : p_(o.p_ ? std::make_unique<T>(*o.p_) : nullptr) {}
  Box(Box&&) noexcept = default;
  Box& operator=(const Box& o) {
    if (this != &o) p_ = o.p_ ? std::make_unique<T>(*o.p_) : nullptr;
    return *this;
  }
  Box& operator=(Box&&) noexcept = default;
  ~Box() = default;
  explicit operator bool() const { return p_ != nullptr; }
  [[nodiscard]] bool has_value() const { return p_ != nullptr; }
  T& operator*() { return *p_; }
  const T& operator*() const { return *p_; }
  T* operator->() { return p_.get(); }
  const T* operator->() const { return p_.get(); }
  T& emplace() {
    p_ = std::make_unique<T>();
    return *p_;
  }
  T& get_or_create() { return p_ ? *p_ : emplace(); }
  void reset() { p_.reset(); }
  bool operator==(const Box& o) const { return (!p_ && !o.p_) || (p_ && o.p_ && *p_ == *o.p_); }

 private:
  std::unique_ptr<T> p_;
};

// []byte: base64 in JSON.
struct Bytes {
  std::string data;
  bool operator==(const Bytes&) const = default;
};
// metav1.Time (whole seconds) and metav1.MicroTime; unset is null.
struct Time {
  std::optional<WallTime> at;
  explicit operator bool() const { return at.has_value(); }
  bool operator==(const Time&) const = default;
};
struct MicroTime {
  std::optional<WallTime> at;
  explicit operator bool() const { return at.has_value(); }
  bool operator==(const MicroTime&) const = default;
};
// resource.Quantity as its canonical text (the decoders see to that); see api/quantity.h for its value.
struct Quantity {
  std::string text;
  bool operator==(const Quantity&) const = default;
};
// intstr.IntOrString.
struct IntOrString {
  bool is_string = false;
  int32_t number = 0;
  std::string text;
  IntOrString() = default;
  IntOrString(int32_t n) : number(n) {}                                // NOLINT: implicit, as in YAML
  IntOrString(std::string s) : is_string(true), text(std::move(s)) {}  // NOLINT
  [[nodiscard]] bool empty() const { return is_string ? text.empty() : number == 0; }
  bool operator==(const IntOrString&) const = default;
};
// JSON that Fairlead carries without looking inside (managedFields' fieldsV1). Empty means absent.
struct RawJson {
  std::string text;
  bool operator==(const RawJson&) const = default;
};

enum class Shape : uint8_t {
  kString,
  kBool,
  kInt32,
  kInt64,
  kDouble,
  kBytes,
  kTime,
  kMicroTime,
  kQuantity,
  kIntOrString,
  kRawJson,
  kStruct,    // type() is its table
  kList,      // of element
  kMap,       // from string to element
  kOptional,  // element or nothing: std::optional (scalars) and Box (structs)
};

class TypeInfo;

// How the generic code reaches into a value whose C++ type it does not know. One static instance per C++ type.
struct ValueType {
  Shape shape;
  const ValueType* element = nullptr;                 // kList, kMap, kOptional
  const TypeInfo& (*type)() = nullptr;                // kStruct
  size_t (*size)(const void*) = nullptr;              // kList, kMap
  const void* (*at)(const void*, size_t) = nullptr;   // kList
  void* (*append)(void*) = nullptr;                   // kList: a new element at the end
  void (*clear)(void*) = nullptr;                     // kList, kMap, kOptional
  const void* (*get)(const void*) = nullptr;          // kOptional: null when there is nothing
  void* (*emplace)(void*) = nullptr;                  // kOptional
  void* (*insert)(void*, std::string key) = nullptr;  // kMap: the (new, or existing) value of key
  // kMap: calls visit(context, key, value) in key order.
  void (*each)(const void*, void* context, void (*visit)(void*, const std::string&, const void*)) = nullptr;
  // All shapes: deep copy, deep comparison.
  void (*assign)(void* to, const void* from) = nullptr;
  bool (*equal)(const void*, const void*) = nullptr;
};

template <class T>
const TypeInfo& type_info();

template <class T>
const ValueType& value_type();

enum FieldFlags : uint16_t {
  kOmitEmpty = 1,    // an empty value is not written
  kRequired = 2,     // OpenAPI: required
  kInline = 4,       // JSON: the struct's fields stand in the parent's object; protobuf: a message all the same
  kPatchMerge = 8,   // strategic merge: lists and maps merge by patch_key (lists of scalars: as sets)
  kRetainKeys = 16,  // strategic merge: patchStrategy=retainKeys
  kListMap = 32,     // server-side apply: listType=map with apply_keys
  kListSet = 64,     // listType=set
  kAtomic = 128,     // structType/mapType=atomic
};

struct FieldInfo {
  std::string_view json;  // empty for some inline fields
  uint16_t number;        // protobuf field number; 0: not in protobuf
  uint16_t flags;
  std::string_view patch_key;   // strategic merge key
  std::string_view apply_keys;  // comma-separated listMapKeys of server-side apply
  size_t offset;
  const ValueType* value;

  [[nodiscard]] bool has(FieldFlags f) const { return (flags & f) != 0; }
  [[nodiscard]] const void* in(const void* object) const { return static_cast<const char*>(object) + offset; }
  [[nodiscard]] void* in(void* object) const { return static_cast<char*>(object) + offset; }
};

class TypeInfo {
 public:
  TypeInfo(std::string_view name, std::initializer_list<FieldInfo> fields);
  TypeInfo(const TypeInfo&) = delete;  // others keep pointers into it
  TypeInfo& operator=(const TypeInfo&) = delete;
  // OpenAPI definition name: io.k8s.api.core.v1.ServiceSpec.
  [[nodiscard]] std::string_view name() const { return name_; }
  // ServiceSpec.
  [[nodiscard]] std::string_view short_name() const { return name_.substr(name_.rfind('.') + 1); }
  [[nodiscard]] const std::vector<FieldInfo>& fields() const { return fields_; }
  // As JSON has them: the fields of inline structs stand in their place, with offsets from this type's start.
  [[nodiscard]] const std::vector<FieldInfo>& json_fields() const { return json_fields_; }
  // Of json_fields(), by name; null if there is none.
  [[nodiscard]] const FieldInfo* find(std::string_view json) const;
  // Of fields(), by protobuf number; null if there is none.
  [[nodiscard]] const FieldInfo* find(uint64_t number) const {
    return number < by_number_.size() ? by_number_[number] : nullptr;
  }

 private:
  std::string_view name_;
  std::vector<FieldInfo> fields_;
  std::vector<FieldInfo> json_fields_;
  std::vector<const FieldInfo*> by_name_;    // of json_fields_, sorted
  std::vector<const FieldInfo*> by_number_;  // of fields_, index is the number
};

// True for what kOmitEmpty leaves out: Go's zero values and empty containers (but never a struct).
bool is_empty(const ValueType& type, const void* value);

template <class T, class M>
FieldInfo field(M T::* member, std::string_view json, uint16_t number, int flags, std::string_view patch_key = {},
                std::string_view apply_keys = {}) {
  // A pointer to data member is its offset in the Itanium C++ ABI (2.3.1), the ABI of both compilers.
  static_assert(sizeof member == sizeof(ptrdiff_t));
  return FieldInfo{json,
                   number,
                   static_cast<uint16_t>(flags),
                   patch_key,
                   apply_keys,
                   static_cast<size_t>(__builtin_bit_cast(ptrdiff_t, member)),
                   &value_type<M>()};
}

// ---- value_type<T>() for every C++ type that a field may have.

namespace detail {

template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsMap = false;
template <class T>
inline constexpr bool kIsMap<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;
template <class T>
inline constexpr bool kIsOptional<Box<T>> = true;

template <class T>
ValueType make_value_type() {
  if constexpr (std::is_same_v<T, std::string>)
    return {Shape::kString};
  else if constexpr (std::is_same_v<T, bool>)
    return {Shape::kBool};
  else if constexpr (std::is_same_v<T, int32_t>)
    return {Shape::kInt32};
  else if constexpr (std::is_same_v<T, int64_t>)
    return {Shape::kInt64};
  else if constexpr (std::is_same_v<T, double>)
    return {Shape::kDouble};
  else if constexpr (std::is_same_v<T, Bytes>)
    return {Shape::kBytes};
  else if constexpr (std::is_same_v<T, Time>)
    return {Shape::kTime};
  else if constexpr (std::is_same_v<T, MicroTime>)
    return {Shape::kMicroTime};
  else if constexpr (std::is_same_v<T, Quantity>)
    return {Shape::kQuantity};
  else if constexpr (std::is_same_v<T, IntOrString>)
    return {Shape::kIntOrString};
  else if constexpr (std::is_same_v<T, RawJson>)
    return {Shape::kRawJson};
  else if constexpr (kIsVector<T>) {
    ValueType v{Shape::kList};
    v.element = &value_type<typename T::value_type>();
    v.size = [](const void* p) { return static_cast<const T*>(p)->size(); };
    v.at = [](const void* p, size_t i) -> const void* { return &(*static_cast<const T*>(p))[i]; };
    v.append = [](void* p) -> void* { return &static_cast<T*>(p)->emplace_back(); };
    v.clear = [](void* p) { static_cast<T*>(p)->clear(); };
    return v;
  } else if constexpr (kIsMap<T>) {
    ValueType v{Shape::kMap};
    v.element = &value_type<typename T::mapped_type>();
    v.size = [](const void* p) { return static_cast<const T*>(p)->size(); };
    v.clear = [](void* p) { static_cast<T*>(p)->clear(); };
    v.insert = [](void* p, std::string key) -> void* { return &(*static_cast<T*>(p))[std::move(key)]; };
    v.each = [](const void* p, void* context, void (*visit)(void*, const std::string&, const void*)) {
      for (const auto& [key, value] : *static_cast<const T*>(p)) visit(context, key, &value);
    };
    return v;
  } else if constexpr (kIsOptional<T>) {
    using E = std::remove_cvref_t<decltype(*std::declval<T&>())>;
    ValueType v{Shape::kOptional};
    v.element = &value_type<E>();
    v.get = [](const void* p) -> const void* {
      const auto& o = *static_cast<const T*>(p);
      return o ? &*o : nullptr;
    };
    v.emplace = [](void* p) -> void* { return &static_cast<T*>(p)->emplace(); };
    v.clear = [](void* p) { static_cast<T*>(p)->reset(); };
    return v;
  } else {
    ValueType v{Shape::kStruct};
    v.type = &type_info<T>;
    return v;
  }
}

}  // namespace detail

template <class T>
const ValueType& value_type() {
  static const ValueType v = [] {
    ValueType made = detail::make_value_type<T>();
    made.assign = [](void* to, const void* from) { *static_cast<T*>(to) = *static_cast<const T*>(from); };
    made.equal = [](const void* a, const void* b) { return *static_cast<const T*>(a) == *static_cast<const T*>(b); };
    return made;
  }();
  return v;
}

}  // namespace fairlead::api
