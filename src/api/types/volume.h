// ImageVolumeSource, VolumeSource, Volume and what they consist of.
// Fields, JSON names and protobuf numbers are those of the Kubernetes API, v1.35; units and meaning as documented
// there.
#pragma once

#include "api/schema.h"
#include "api/types/container.h"
#include "api/types/label_selector.h"
#include "api/types/object_meta.h"
#include "api/types/object_reference.h"

namespace fairlead::api {

struct HostPathVolumeSource {
  std::string path;
  std::optional<std::string> type;
  bool operator==(const HostPathVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<HostPathVolumeSource>();

struct EmptyDirVolumeSource {
  std::string medium;
  std::optional<Quantity> size_limit;
  bool operator==(const EmptyDirVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<EmptyDirVolumeSource>();

struct GCEPersistentDiskVolumeSource {
  std::string pd_name;
  std::string fs_type;
  int32_t partition = 0;
  bool read_only = false;
  bool operator==(const GCEPersistentDiskVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<GCEPersistentDiskVolumeSource>();

struct AWSElasticBlockStoreVolumeSource {
  std::string volume_id;
  std::string fs_type;
  int32_t partition = 0;
  bool read_only = false;
  bool operator==(const AWSElasticBlockStoreVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<AWSElasticBlockStoreVolumeSource>();

struct GitRepoVolumeSource {
  std::string repository;
  std::string revision;
  std::string directory;
  bool operator==(const GitRepoVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<GitRepoVolumeSource>();

struct KeyToPath {
  std::string key;
  std::string path;
  std::optional<int32_t> mode;
  bool operator==(const KeyToPath&) const = default;
};
template <>
const TypeInfo& type_info<KeyToPath>();

struct SecretVolumeSource {
  std::string secret_name;
  std::vector<KeyToPath> items;
  std::optional<int32_t> default_mode;
  std::optional<bool> optional;
  bool operator==(const SecretVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<SecretVolumeSource>();

struct NFSVolumeSource {
  std::string server;
  std::string path;
  bool read_only = false;
  bool operator==(const NFSVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<NFSVolumeSource>();

struct ISCSIVolumeSource {
  std::string target_portal;
  std::string iqn;
  int32_t lun = 0;
  std::string iscsi_interface;
  std::string fs_type;
  bool read_only = false;
  std::vector<std::string> portals;
  bool chap_auth_discovery = false;
  bool chap_auth_session = false;
  Box<LocalObjectReference> secret_ref;
  std::optional<std::string> initiator_name;
  bool operator==(const ISCSIVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<ISCSIVolumeSource>();

struct GlusterfsVolumeSource {
  std::string endpoints;
  std::string path;
  bool read_only = false;
  bool operator==(const GlusterfsVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<GlusterfsVolumeSource>();

struct PersistentVolumeClaimVolumeSource {
  std::string claim_name;
  bool read_only = false;
  bool operator==(const PersistentVolumeClaimVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<PersistentVolumeClaimVolumeSource>();

struct RBDVolumeSource {
  std::vector<std::string> monitors;
  std::string image;
  std::string fs_type;
  std::string pool;
  std::string user;
  std::string keyring;
  Box<LocalObjectReference> secret_ref;
  bool read_only = false;
  bool operator==(const RBDVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<RBDVolumeSource>();

struct FlexVolumeSource {
  std::string driver;
  std::string fs_type;
  Box<LocalObjectReference> secret_ref;
  bool read_only = false;
  StringMap options;
  bool operator==(const FlexVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<FlexVolumeSource>();

struct CinderVolumeSource {
  std::string volume_id;
  std::string fs_type;
  bool read_only = false;
  Box<LocalObjectReference> secret_ref;
  bool operator==(const CinderVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<CinderVolumeSource>();

struct CephFSVolumeSource {
  std::vector<std::string> monitors;
  std::string path;
  std::string user;
  std::string secret_file;
  Box<LocalObjectReference> secret_ref;
  bool read_only = false;
  bool operator==(const CephFSVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<CephFSVolumeSource>();

struct FlockerVolumeSource {
  std::string dataset_name;
  std::string dataset_uuid;
  bool operator==(const FlockerVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<FlockerVolumeSource>();

struct DownwardAPIVolumeFile {
  std::string path;
  Box<ObjectFieldSelector> field_ref;
  Box<ResourceFieldSelector> resource_field_ref;
  std::optional<int32_t> mode;
  bool operator==(const DownwardAPIVolumeFile&) const = default;
};
template <>
const TypeInfo& type_info<DownwardAPIVolumeFile>();

struct DownwardAPIVolumeSource {
  std::vector<DownwardAPIVolumeFile> items;
  std::optional<int32_t> default_mode;
  bool operator==(const DownwardAPIVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<DownwardAPIVolumeSource>();

struct FCVolumeSource {
  std::vector<std::string> target_wwns;
  std::optional<int32_t> lun;
  std::string fs_type;
  bool read_only = false;
  std::vector<std::string> wwids;
  bool operator==(const FCVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<FCVolumeSource>();

struct AzureFileVolumeSource {
  std::string secret_name;
  std::string share_name;
  bool read_only = false;
  bool operator==(const AzureFileVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<AzureFileVolumeSource>();

struct ConfigMapVolumeSource {
  LocalObjectReference local_object_reference;
  std::vector<KeyToPath> items;
  std::optional<int32_t> default_mode;
  std::optional<bool> optional;
  bool operator==(const ConfigMapVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMapVolumeSource>();

struct VsphereVirtualDiskVolumeSource {
  std::string volume_path;
  std::string fs_type;
  std::string storage_policy_name;
  std::string storage_policy_id;
  bool operator==(const VsphereVirtualDiskVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<VsphereVirtualDiskVolumeSource>();

struct QuobyteVolumeSource {
  std::string registry;
  std::string volume;
  bool read_only = false;
  std::string user;
  std::string group;
  std::string tenant;
  bool operator==(const QuobyteVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<QuobyteVolumeSource>();

struct AzureDiskVolumeSource {
  std::string disk_name;
  std::string disk_uri;
  std::optional<std::string> caching_mode;
  std::optional<std::string> fs_type;
  std::optional<bool> read_only;
  std::optional<std::string> kind;
  bool operator==(const AzureDiskVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<AzureDiskVolumeSource>();

struct PhotonPersistentDiskVolumeSource {
  std::string pd_id;
  std::string fs_type;
  bool operator==(const PhotonPersistentDiskVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<PhotonPersistentDiskVolumeSource>();

struct SecretProjection {
  LocalObjectReference local_object_reference;
  std::vector<KeyToPath> items;
  std::optional<bool> optional;
  bool operator==(const SecretProjection&) const = default;
};
template <>
const TypeInfo& type_info<SecretProjection>();

struct DownwardAPIProjection {
  std::vector<DownwardAPIVolumeFile> items;
  bool operator==(const DownwardAPIProjection&) const = default;
};
template <>
const TypeInfo& type_info<DownwardAPIProjection>();

struct ConfigMapProjection {
  LocalObjectReference local_object_reference;
  std::vector<KeyToPath> items;
  std::optional<bool> optional;
  bool operator==(const ConfigMapProjection&) const = default;
};
template <>
const TypeInfo& type_info<ConfigMapProjection>();

struct ServiceAccountTokenProjection {
  std::string audience;
  std::optional<int64_t> expiration_seconds;
  std::string path;
  bool operator==(const ServiceAccountTokenProjection&) const = default;
};
template <>
const TypeInfo& type_info<ServiceAccountTokenProjection>();

struct ClusterTrustBundleProjection {
  std::optional<std::string> name;
  std::optional<std::string> signer_name;
  Box<LabelSelector> label_selector;
  std::optional<bool> optional;
  std::string path;
  bool operator==(const ClusterTrustBundleProjection&) const = default;
};
template <>
const TypeInfo& type_info<ClusterTrustBundleProjection>();

struct PodCertificateProjection {
  std::string signer_name;
  std::string key_type;
  std::optional<int32_t> max_expiration_seconds;
  std::string credential_bundle_path;
  std::string key_path;
  std::string certificate_chain_path;
  StringMap user_annotations;
  bool operator==(const PodCertificateProjection&) const = default;
};
template <>
const TypeInfo& type_info<PodCertificateProjection>();

struct VolumeProjection {
  Box<SecretProjection> secret;
  Box<DownwardAPIProjection> downward_api;
  Box<ConfigMapProjection> config_map;
  Box<ServiceAccountTokenProjection> service_account_token;
  Box<ClusterTrustBundleProjection> cluster_trust_bundle;
  Box<PodCertificateProjection> pod_certificate;
  bool operator==(const VolumeProjection&) const = default;
};
template <>
const TypeInfo& type_info<VolumeProjection>();

struct ProjectedVolumeSource {
  std::vector<VolumeProjection> sources;
  std::optional<int32_t> default_mode;
  bool operator==(const ProjectedVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<ProjectedVolumeSource>();

struct PortworxVolumeSource {
  std::string volume_id;
  std::string fs_type;
  bool read_only = false;
  bool operator==(const PortworxVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<PortworxVolumeSource>();

struct ScaleIOVolumeSource {
  std::string gateway;
  std::string system;
  Box<LocalObjectReference> secret_ref;
  bool ssl_enabled = false;
  std::string protection_domain;
  std::string storage_pool;
  std::string storage_mode;
  std::string volume_name;
  std::string fs_type;
  bool read_only = false;
  bool operator==(const ScaleIOVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<ScaleIOVolumeSource>();

struct StorageOSVolumeSource {
  std::string volume_name;
  std::string volume_namespace;
  std::string fs_type;
  bool read_only = false;
  Box<LocalObjectReference> secret_ref;
  bool operator==(const StorageOSVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<StorageOSVolumeSource>();

struct CSIVolumeSource {
  std::string driver;
  std::optional<bool> read_only;
  std::optional<std::string> fs_type;
  StringMap volume_attributes;
  Box<LocalObjectReference> node_publish_secret_ref;
  bool operator==(const CSIVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<CSIVolumeSource>();

struct VolumeResourceRequirements {
  std::map<std::string, Quantity> limits;
  std::map<std::string, Quantity> requests;
  bool operator==(const VolumeResourceRequirements&) const = default;
};
template <>
const TypeInfo& type_info<VolumeResourceRequirements>();

struct PersistentVolumeClaimSpec {
  std::vector<std::string> access_modes;
  Box<LabelSelector> selector;
  VolumeResourceRequirements resources;
  std::string volume_name;
  std::optional<std::string> storage_class_name;
  std::optional<std::string> volume_mode;
  Box<TypedLocalObjectReference> data_source;
  Box<TypedObjectReference> data_source_ref;
  std::optional<std::string> volume_attributes_class_name;
  bool operator==(const PersistentVolumeClaimSpec&) const = default;
};
template <>
const TypeInfo& type_info<PersistentVolumeClaimSpec>();

struct PersistentVolumeClaimTemplate {
  ObjectMeta metadata;
  PersistentVolumeClaimSpec spec;
  bool operator==(const PersistentVolumeClaimTemplate&) const = default;
};
template <>
const TypeInfo& type_info<PersistentVolumeClaimTemplate>();

struct EphemeralVolumeSource {
  Box<PersistentVolumeClaimTemplate> volume_claim_template;
  bool operator==(const EphemeralVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<EphemeralVolumeSource>();

struct ImageVolumeSource {
  std::string reference;
  std::string pull_policy;
  bool operator==(const ImageVolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<ImageVolumeSource>();

struct VolumeSource {
  Box<HostPathVolumeSource> host_path;
  Box<EmptyDirVolumeSource> empty_dir;
  Box<GCEPersistentDiskVolumeSource> gce_persistent_disk;
  Box<AWSElasticBlockStoreVolumeSource> aws_elastic_block_store;
  Box<GitRepoVolumeSource> git_repo;
  Box<SecretVolumeSource> secret;
  Box<NFSVolumeSource> nfs;
  Box<ISCSIVolumeSource> iscsi;
  Box<GlusterfsVolumeSource> glusterfs;
  Box<PersistentVolumeClaimVolumeSource> persistent_volume_claim;
  Box<RBDVolumeSource> rbd;
  Box<FlexVolumeSource> flex_volume;
  Box<CinderVolumeSource> cinder;
  Box<CephFSVolumeSource> cephfs;
  Box<FlockerVolumeSource> flocker;
  Box<DownwardAPIVolumeSource> downward_api;
  Box<FCVolumeSource> fc;
  Box<AzureFileVolumeSource> azure_file;
  Box<ConfigMapVolumeSource> config_map;
  Box<VsphereVirtualDiskVolumeSource> vsphere_volume;
  Box<QuobyteVolumeSource> quobyte;
  Box<AzureDiskVolumeSource> azure_disk;
  Box<PhotonPersistentDiskVolumeSource> photon_persistent_disk;
  Box<ProjectedVolumeSource> projected;
  Box<PortworxVolumeSource> portworx_volume;
  Box<ScaleIOVolumeSource> scale_io;
  Box<StorageOSVolumeSource> storageos;
  Box<CSIVolumeSource> csi;
  Box<EphemeralVolumeSource> ephemeral;
  Box<ImageVolumeSource> image;
  bool operator==(const VolumeSource&) const = default;
};
template <>
const TypeInfo& type_info<VolumeSource>();

struct Volume {
  std::string name;
  VolumeSource volume_source;
  bool operator==(const Volume&) const = default;
};
template <>
const TypeInfo& type_info<Volume>();

}  // namespace fairlead::api
