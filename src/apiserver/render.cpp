#include "apiserver/render.h"

#include "api/codec.h"
#include "api/protobuf.h"
#include "apiserver/errors.h"
#include "base/text.h"

namespace fairlead::apiserver {
namespace {

constexpr std::string_view kPartial = R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":)";

void partial(std::string& out, const api::Object& object) {
  out += kPartial;
  api::write_json(out, api::type_info<api::ObjectMeta>(), &object.meta());
  out += '}';
}

std::string meta_json(const ListMeta& meta) {
  std::string out = fmt::format(R"({{"resourceVersion":"{}")", meta.revision);
  if (!meta.continue_token.empty()) out += fmt::format(R"(,"continue":"{}")", meta.continue_token);
  if (meta.remaining) out += fmt::format(R"(,"remainingItemCount":{})", *meta.remaining);
  return out + "}";
}

// Objects carry their kind; items of lists do not.
size_t head_size(const api::KindInfo& kind) {
  return fmt::formatted_size(R"({{"kind":"{}","apiVersion":"{}",)", kind.kind, kind.api_version());
}

std::string_view name_of(client::WatchType type) {
  switch (type) {
    case client::WatchType::kAdded:
      return "ADDED";
    case client::WatchType::kModified:
      return "MODIFIED";
    case client::WatchType::kDeleted:
      return "DELETED";
    case client::WatchType::kBookmark:
      return "BOOKMARK";
  }
  return "";
}

std::vector<api::Column> columns_of(const api::KindInfo& kind) {
  std::vector<api::Column> out;
  const bool named =
      std::any_of(kind.columns.begin(), kind.columns.end(), [](const api::Column& c) { return c.format == "name"; });
  if (!named) out.push_back({"Name", "string", "name", 0});
  if (kind.row == nullptr) {
    out.push_back({"Created At", "date", "", 0});
  } else {
    out.insert(out.end(), kind.columns.begin(), kind.columns.end());
  }
  return out;
}

}  // namespace

std::string Renderer::proto_of(const Cached& item) const {
  if (shape_ == Shape::kObject) return item.proto();
  return api::proto_body("meta.k8s.io/v1", "PartialObjectMetadata", api::proto_partial(item.object()->meta()));
}

std::string Renderer::proto_list(const std::vector<CachedPtr>& items, const ListMeta& meta) const {
  api::ListMeta list;
  list.resource_version = std::to_string(meta.revision);
  list.continue_ = meta.continue_token;
  list.remaining_item_count = meta.remaining;
  std::vector<std::string> own;
  std::vector<std::string_view> messages;
  messages.reserve(items.size());
  if (shape_ == Shape::kObject) {
    for (const CachedPtr& item : items) messages.push_back(api::proto_message(item->proto()));
    return api::proto_list(kind_, list, messages);
  }
  own.reserve(items.size());
  for (const CachedPtr& item : items) messages.push_back(own.emplace_back(api::proto_partial(item->object()->meta())));
  return api::proto_partial_list(list, messages);
}

std::string Renderer::object(const Cached& item) const {
  if (protobuf_) return proto_of(item);
  if (shape_ == Shape::kObject) return item.json();
  std::string out;
  if (shape_ == Shape::kPartialMetadata) {
    partial(out, *item.object());
    return out;
  }
  table_start(out, fmt::format(R"({{"resourceVersion":"{}"}})", item.object()->meta().resource_version), true);
  row(out, *item.object());
  return out + "]}";
}

std::string Renderer::list(const std::vector<CachedPtr>& items, const ListMeta& meta) const {
  if (protobuf_) return proto_list(items, meta);
  std::string out;
  if (shape_ == Shape::kTable) {
    table_start(out, meta_json(meta), true);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i != 0) out += ',';
      row(out, *items[i]->object());
    }
    return out + "]}";
  }
  const bool whole = shape_ == Shape::kObject;
  const size_t head = head_size(kind_);
  size_t size = 256;
  for (const CachedPtr& item : items) size += whole ? item->json().size() : 512;
  out.reserve(size);
  if (whole) {
    out += fmt::format(R"({{"kind":"{}List","apiVersion":"{}","metadata":)", kind_.kind, kind_.api_version());
  } else {
    out += R"({"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":)";
  }
  out += meta_json(meta);
  out += ",\"items\":[";
  for (size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out += ',';
    if (whole) {
      out += '{';
      out += std::string_view(items[i]->json()).substr(head);
    } else {
      partial(out, *items[i]->object());
    }
  }
  return out + "]}\n";
}

void Renderer::table_start(std::string& out, std::string_view meta, bool columns) const {
  out += R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":)";
  out += meta;
  out += R"(,"columnDefinitions":)";
  if (!columns) {
    out += "null";
  } else {
    out += '[';
    bool first = true;
    for (const api::Column& c : columns_of(kind_)) {
      if (!first) out += ',';
      first = false;
      out += fmt::format(R"({{"name":"{}","type":"{}","format":"{}","description":"","priority":{}}})", c.name, c.type,
                         c.format, c.priority);
    }
    out += ']';
  }
  out += R"(,"rows":[)";
}

void Renderer::row(std::string& out, const api::Object& object) const {
  out += R"({"cells":[)";
  const bool named =
      std::any_of(kind_.columns.begin(), kind_.columns.end(), [](const api::Column& c) { return c.format == "name"; });
  bool first = true;
  if (!named) {
    out += quote(object.meta().name);
    first = false;
  }
  if (kind_.row == nullptr) {
    const auto& created = object.meta().creation_timestamp.at;
    out += "," + quote(created ? format_rfc3339(*created) : "<unknown>");
  } else {
    for (const api::Cell& cell : kind_.row(object, now_)) {
      if (!first) out += ',';
      first = false;
      out += cell.number ? cell.text : quote(cell.text);
    }
  }
  out += ']';
  if (include_ == "Object") {
    out += R"(,"object":)";
    out += api::to_json(object);
  } else if (include_ != "None") {
    out += R"(,"object":)";
    partial(out, object);
  }
  out += '}';
}

void Renderer::event(std::string& out, client::WatchType type, const Cached& item) {
  if (protobuf_) {
    out += api::proto_watch_frame(name_of(type), proto_of(item));
    return;
  }
  out += R"({"type":")";
  out += name_of(type);
  out += R"(","object":)";
  switch (shape_) {
    case Shape::kTable:
      table_start(out, fmt::format(R"({{"resourceVersion":"{}"}})", item.object()->meta().resource_version),
                  !columns_sent_);
      columns_sent_ = true;
      row(out, *item.object());
      out += "]}";
      break;
    case Shape::kPartialMetadata:
      partial(out, *item.object());
      break;
    default:
      out += item.json();
  }
  out += "}\n";
}

void Renderer::bookmark(std::string& out, Revision revision, bool initial_events_end) {
  api::ObjectMeta meta;
  meta.resource_version = std::to_string(revision);
  if (initial_events_end) meta.annotations["k8s.io/initial-events-end"] = "true";
  auto object = kind_.make();
  object->meta() = std::move(meta);
  if (shape_ != Shape::kObject || protobuf_)
    return event(out, client::WatchType::kBookmark, Cached(std::move(object), revision));
  out += fmt::format(R"({{"type":"BOOKMARK","object":{{"kind":"{}","apiVersion":"{}","metadata":)", kind_.kind,
                     kind_.api_version());
  api::write_json(out, api::type_info<api::ObjectMeta>(), &object->meta());
  out += "}}\n";
}

std::string status_json(const api::Status& status) {
  std::string body = api::to_json(status);
  return R"({"kind":"Status","apiVersion":"v1",)" + body.substr(1) + "\n";
}

std::string error_event(const Error& error, bool protobuf) {
  if (protobuf) return api::proto_watch_frame("ERROR", api::to_proto("v1", "Status", status_of(error)));
  std::string status = status_json(status_of(error));
  status.pop_back();
  return R"({"type":"ERROR","object":)" + status + "}\n";
}

}  // namespace fairlead::apiserver
