// Rules for volumes. Every source is told apart by the field table, so that two sources in one volume are refused
// whatever they are; the sources that Fairlead's nodes can mount are looked at more closely.
#include <algorithm>

#include "api/podspec/podspec.h"
#include "api/quantity.h"
#include "base/text.h"

namespace fairlead::api {
namespace {

constexpr std::string_view kModeError = "must be a number between 0 and 0777 (octal), both inclusive";

void check_mode(Problems& out, const FieldPath& path, std::optional<int32_t> mode) {
  if (mode && (*mode < 0 || *mode > 0777)) out.invalid(path, *mode, kModeError);
}

void no_back_steps(Problems& out, const FieldPath& path, std::string_view text) {
  if (std::ranges::count(split(text, '/'), "..") != 0) out.invalid(path, text, "must not contain '..'");
}

void check_items(Problems& out, const FieldPath& path, const std::vector<KeyToPath>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    const auto at = path[i];
    if (items[i].key.empty()) out.required(at / "key");
    if (items[i].path.empty()) out.required(at / "path");
    check_descending_path(out, at / "path", items[i].path);
    check_mode(out, at / "mode", items[i].mode);
  }
}

void check_downward(Problems& out, const FieldPath& path, const std::vector<DownwardAPIVolumeFile>& items) {
  for (size_t i = 0; i < items.size(); ++i) {
    const auto at = path / "downwardAPI" / "items";
    if (items[i].path.empty()) out.required(at / "path");
    check_descending_path(out, at / "path", items[i].path);
    if (items[i].field_ref && items[i].resource_field_ref)
      out.invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
    if (!items[i].field_ref && !items[i].resource_field_ref)
      out.required(at, "one of fieldRef and resourceFieldRef is required");
    check_mode(out, at / "mode", items[i].mode);
  }
}

void check_host_path(Problems& out, const FieldPath& path, const HostPathVolumeSource& h) {
  if (h.path.empty()) {
    out.required(path / "path");
    return;
  }
  no_back_steps(out, path / "path", h.path);
  static constexpr std::string_view kTypes[] = {"",     "BlockDevice",  "CharDevice", "Directory", "DirectoryOrCreate",
                                                "File", "FileOrCreate", "Socket"};
  if (h.type && std::ranges::find(kTypes, *h.type) == std::end(kTypes)) {
    out.not_supported(
        path / "type", *h.type,
        {"", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"});
  }
}

void check_projected(Problems& out, const FieldPath& path, const ProjectedVolumeSource& p) {
  check_mode(out, path / "defaultMode", p.default_mode);
  for (size_t i = 0; i < p.sources.size(); ++i) {
    const auto& s = p.sources[i];
    const auto at = (path / "sources")[i];
    if (s.secret) {
      if (s.secret->local_object_reference.name.empty()) out.required(at / "secret" / "name");
      check_items(out, at / "secret" / "items", s.secret->items);
    }
    if (s.config_map) {
      if (s.config_map->local_object_reference.name.empty()) out.required(at / "configMap" / "name");
      check_items(out, at / "configMap" / "items", s.config_map->items);
    }
    if (s.downward_api) check_downward(out, at, s.downward_api->items);
    if (s.service_account_token) {
      const auto& t = *s.service_account_token;
      if (t.expiration_seconds && *t.expiration_seconds < 600)
        out.invalid(at / "serviceAccountToken" / "expirationSeconds", *t.expiration_seconds,
                    "may not specify a duration less than 10 minutes");
      if (t.path.empty()) out.required(at / "serviceAccountToken" / "path");
      check_descending_path(out, at / "serviceAccountToken" / "path", t.path);
    }
  }
}

void check_source(Problems& out, const FieldPath& path, const VolumeSource& v) {
  int sources = 0;
  for (const auto& f : type_info<VolumeSource>().fields()) {
    if (is_empty(*f.value, f.in(&v))) continue;
    if (++sources > 1) out.forbidden(path / f.json, "may not specify more than 1 volume type");
  }
  if (sources == 0) out.required(path, "must specify a volume type");
  if (v.empty_dir && v.empty_dir->size_limit && value_of(*v.empty_dir->size_limit).sign() < 0)
    out.forbidden(path / "emptyDir" / "sizeLimit", "SizeLimit field must be a valid resource quantity");
  if (v.host_path) check_host_path(out, path / "hostPath", *v.host_path);
  if (v.secret) {
    if (v.secret->secret_name.empty()) out.required(path / "secret" / "secretName");
    check_mode(out, path / "secret" / "defaultMode", v.secret->default_mode);
    check_items(out, path / "secret" / "items", v.secret->items);
  }
  if (v.config_map) {
    if (v.config_map->local_object_reference.name.empty()) out.required(path / "configMap" / "name");
    check_mode(out, path / "configMap" / "defaultMode", v.config_map->default_mode);
    check_items(out, path / "configMap" / "items", v.config_map->items);
  }
  if (v.downward_api) {
    check_mode(out, path / "downwardAPI" / "defaultMode", v.downward_api->default_mode);
    check_downward(out, path, v.downward_api->items);
  }
  if (v.projected) check_projected(out, path / "projected", *v.projected);
  if (v.persistent_volume_claim && v.persistent_volume_claim->claim_name.empty())
    out.required(path / "persistentVolumeClaim" / "claimName");
  if (v.nfs) {
    if (v.nfs->server.empty()) out.required(path / "nfs" / "server");
    if (v.nfs->path.empty())
      out.required(path / "nfs" / "path");
    else if (!v.nfs->path.starts_with('/'))
      out.invalid(path / "nfs" / "path", v.nfs->path, "must be an absolute path");
  }
  if (v.csi && v.csi->driver.empty()) out.required(path / "csi" / "driver");
  if (v.image && v.image->reference.empty()) out.required(path / "image" / "reference");
}

}  // namespace

void check_descending_path(Problems& out, const FieldPath& path, std::string_view text) {
  if (text.starts_with('/')) out.invalid(path, text, "must be a relative path");
  no_back_steps(out, path, text);
}

VolumesByName check_volumes(Problems& out, const FieldPath& path, const std::vector<Volume>& volumes) {
  VolumesByName by_name;
  for (size_t i = 0; i < volumes.size(); ++i) {
    const auto& v = volumes[i];
    const size_t before = out.size();
    check_source(out, path[i], v.volume_source);
    if (v.name.empty())
      out.required(path[i] / "name");
    else
      out.invalid(path[i] / "name", v.name, dns1123_label(v.name));
    if (by_name.contains(v.name)) out.duplicate(path[i] / "name", v.name);
    if (out.size() == before) by_name.emplace(v.name, &v);
  }
  return by_name;
}

}  // namespace fairlead::api
