// Objects, lists and watch events as the text that clients asked for: whole objects, tables or metadata alone.
#pragma once

#include <string>

#include "api/types/status.h"
#include "apiserver/cache.h"
#include "apiserver/negotiate.h"
#include "base/clock.h"

namespace fairlead::apiserver {

struct ListMeta {
  Revision revision = 0;
  std::string continue_token = {};
  std::optional<int64_t> remaining = {};
};

class Renderer {
 public:
  // `include_object` is the parameter includeObject of tables: "", Metadata, Object or None.
  Renderer(const api::KindInfo& kind, const MediaType& media, std::string_view include_object, WallTime now)
      : kind_(kind), shape_(media.shape), protobuf_(media.protobuf()), include_(include_object), now_(now) {}

  [[nodiscard]] std::string object(const Cached& item) const;
  [[nodiscard]] std::string list(const std::vector<CachedPtr>& items, const ListMeta& meta) const;
  // One line (or frame) of a watch. The column definitions of a table go with the first one only.
  void event(std::string& out, client::WatchType type, const Cached& item);
  void bookmark(std::string& out, Revision revision, bool initial_events_end);
  void set_now(WallTime now) { now_ = now; }

 private:
  [[nodiscard]] std::string proto_of(const Cached& item) const;
  [[nodiscard]] std::string proto_list(const std::vector<CachedPtr>& items, const ListMeta& meta) const;
  void table_start(std::string& out, std::string_view meta, bool columns) const;
  void row(std::string& out, const api::Object& object) const;

  const api::KindInfo& kind_;
  Shape shape_;
  bool protobuf_;
  std::string include_;
  WallTime now_;
  bool columns_sent_ = false;
};

std::string status_json(const api::Status& status);
// The ERROR event of a watch.
std::string error_event(const Error& error, bool protobuf);

}  // namespace fairlead::apiserver
