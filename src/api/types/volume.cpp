#include "api/types/volume.h"

namespace fairlead::api {

template <>
const TypeInfo& type_info<HostPathVolumeSource>() {
  using T = HostPathVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.HostPathVolumeSource", {
                                                                            field(&T::path, "path", 1, kRequired),
                                                                            field(&T::type, "type", 2, kOmitEmpty),
                                                                        });
  return info;
}

template <>
const TypeInfo& type_info<EmptyDirVolumeSource>() {
  using T = EmptyDirVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.EmptyDirVolumeSource",
                             {
                                 field(&T::medium, "medium", 1, kOmitEmpty),
                                 field(&T::size_limit, "sizeLimit", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<GCEPersistentDiskVolumeSource>() {
  using T = GCEPersistentDiskVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.GCEPersistentDiskVolumeSource",
                             {
                                 field(&T::pd_name, "pdName", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::partition, "partition", 3, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<AWSElasticBlockStoreVolumeSource>() {
  using T = AWSElasticBlockStoreVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.AWSElasticBlockStoreVolumeSource",
                             {
                                 field(&T::volume_id, "volumeID", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::partition, "partition", 3, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<GitRepoVolumeSource>() {
  using T = GitRepoVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.GitRepoVolumeSource",
                             {
                                 field(&T::repository, "repository", 1, kRequired),
                                 field(&T::revision, "revision", 2, kOmitEmpty),
                                 field(&T::directory, "directory", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<KeyToPath>() {
  using T = KeyToPath;
  static const TypeInfo info("io.k8s.api.core.v1.KeyToPath", {
                                                                 field(&T::key, "key", 1, kRequired),
                                                                 field(&T::path, "path", 2, kRequired),
                                                                 field(&T::mode, "mode", 3, kOmitEmpty),
                                                             });
  return info;
}

template <>
const TypeInfo& type_info<SecretVolumeSource>() {
  using T = SecretVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.SecretVolumeSource",
                             {
                                 field(&T::secret_name, "secretName", 1, kOmitEmpty),
                                 field(&T::items, "items", 2, kOmitEmpty),
                                 field(&T::default_mode, "defaultMode", 3, kOmitEmpty),
                                 field(&T::optional, "optional", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<NFSVolumeSource>() {
  using T = NFSVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.NFSVolumeSource", {
                                                                       field(&T::server, "server", 1, kRequired),
                                                                       field(&T::path, "path", 2, kRequired),
                                                                       field(&T::read_only, "readOnly", 3, kOmitEmpty),
                                                                   });
  return info;
}

template <>
const TypeInfo& type_info<ISCSIVolumeSource>() {
  using T = ISCSIVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.ISCSIVolumeSource",
                             {
                                 field(&T::target_portal, "targetPortal", 1, kRequired),
                                 field(&T::iqn, "iqn", 2, kRequired),
                                 field(&T::lun, "lun", 3, kRequired),
                                 field(&T::iscsi_interface, "iscsiInterface", 4, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 5, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 6, kOmitEmpty),
                                 field(&T::portals, "portals", 7, kOmitEmpty),
                                 field(&T::chap_auth_discovery, "chapAuthDiscovery", 8, kOmitEmpty),
                                 field(&T::chap_auth_session, "chapAuthSession", 11, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 10, kOmitEmpty),
                                 field(&T::initiator_name, "initiatorName", 12, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<GlusterfsVolumeSource>() {
  using T = GlusterfsVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.GlusterfsVolumeSource",
                             {
                                 field(&T::endpoints, "endpoints", 1, kRequired),
                                 field(&T::path, "path", 2, kRequired),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PersistentVolumeClaimVolumeSource>() {
  using T = PersistentVolumeClaimVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource",
                             {
                                 field(&T::claim_name, "claimName", 1, kRequired),
                                 field(&T::read_only, "readOnly", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<RBDVolumeSource>() {
  using T = RBDVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.RBDVolumeSource",
                             {
                                 field(&T::monitors, "monitors", 1, kRequired),
                                 field(&T::image, "image", 2, kRequired),
                                 field(&T::fs_type, "fsType", 3, kOmitEmpty),
                                 field(&T::pool, "pool", 4, kOmitEmpty),
                                 field(&T::user, "user", 5, kOmitEmpty),
                                 field(&T::keyring, "keyring", 6, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 7, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 8, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<FlexVolumeSource>() {
  using T = FlexVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.FlexVolumeSource",
                             {
                                 field(&T::driver, "driver", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 3, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 4, kOmitEmpty),
                                 field(&T::options, "options", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<CinderVolumeSource>() {
  using T = CinderVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.CinderVolumeSource",
                             {
                                 field(&T::volume_id, "volumeID", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<CephFSVolumeSource>() {
  using T = CephFSVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.CephFSVolumeSource",
                             {
                                 field(&T::monitors, "monitors", 1, kRequired),
                                 field(&T::path, "path", 2, kOmitEmpty),
                                 field(&T::user, "user", 3, kOmitEmpty),
                                 field(&T::secret_file, "secretFile", 4, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 5, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<FlockerVolumeSource>() {
  using T = FlockerVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.FlockerVolumeSource",
                             {
                                 field(&T::dataset_name, "datasetName", 1, kOmitEmpty),
                                 field(&T::dataset_uuid, "datasetUUID", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DownwardAPIVolumeFile>() {
  using T = DownwardAPIVolumeFile;
  static const TypeInfo info("io.k8s.api.core.v1.DownwardAPIVolumeFile",
                             {
                                 field(&T::path, "path", 1, kRequired),
                                 field(&T::field_ref, "fieldRef", 2, kOmitEmpty),
                                 field(&T::resource_field_ref, "resourceFieldRef", 3, kOmitEmpty),
                                 field(&T::mode, "mode", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DownwardAPIVolumeSource>() {
  using T = DownwardAPIVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.DownwardAPIVolumeSource",
                             {
                                 field(&T::items, "items", 1, kOmitEmpty),
                                 field(&T::default_mode, "defaultMode", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<FCVolumeSource>() {
  using T = FCVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.FCVolumeSource",
                             {
                                 field(&T::target_wwns, "targetWWNs", 1, kOmitEmpty),
                                 field(&T::lun, "lun", 2, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 3, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 4, kOmitEmpty),
                                 field(&T::wwids, "wwids", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<AzureFileVolumeSource>() {
  using T = AzureFileVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.AzureFileVolumeSource",
                             {
                                 field(&T::secret_name, "secretName", 1, kRequired),
                                 field(&T::share_name, "shareName", 2, kRequired),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ConfigMapVolumeSource>() {
  using T = ConfigMapVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMapVolumeSource",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::items, "items", 2, kOmitEmpty),
                                 field(&T::default_mode, "defaultMode", 3, kOmitEmpty),
                                 field(&T::optional, "optional", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VsphereVirtualDiskVolumeSource>() {
  using T = VsphereVirtualDiskVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.VsphereVirtualDiskVolumeSource",
                             {
                                 field(&T::volume_path, "volumePath", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::storage_policy_name, "storagePolicyName", 3, kOmitEmpty),
                                 field(&T::storage_policy_id, "storagePolicyID", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<QuobyteVolumeSource>() {
  using T = QuobyteVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.QuobyteVolumeSource",
                             {
                                 field(&T::registry, "registry", 1, kRequired),
                                 field(&T::volume, "volume", 2, kRequired),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                                 field(&T::user, "user", 4, kOmitEmpty),
                                 field(&T::group, "group", 5, kOmitEmpty),
                                 field(&T::tenant, "tenant", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<AzureDiskVolumeSource>() {
  using T = AzureDiskVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.AzureDiskVolumeSource",
                             {
                                 field(&T::disk_name, "diskName", 1, kRequired),
                                 field(&T::disk_uri, "diskURI", 2, kRequired),
                                 field(&T::caching_mode, "cachingMode", 3, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 4, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 5, kOmitEmpty),
                                 field(&T::kind, "kind", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PhotonPersistentDiskVolumeSource>() {
  using T = PhotonPersistentDiskVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.PhotonPersistentDiskVolumeSource",
                             {
                                 field(&T::pd_id, "pdID", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<SecretProjection>() {
  using T = SecretProjection;
  static const TypeInfo info("io.k8s.api.core.v1.SecretProjection",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::items, "items", 2, kOmitEmpty),
                                 field(&T::optional, "optional", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<DownwardAPIProjection>() {
  using T = DownwardAPIProjection;
  static const TypeInfo info("io.k8s.api.core.v1.DownwardAPIProjection", {
                                                                             field(&T::items, "items", 1, kOmitEmpty),
                                                                         });
  return info;
}

template <>
const TypeInfo& type_info<ConfigMapProjection>() {
  using T = ConfigMapProjection;
  static const TypeInfo info("io.k8s.api.core.v1.ConfigMapProjection",
                             {
                                 field(&T::local_object_reference, "", 1, kInline),
                                 field(&T::items, "items", 2, kOmitEmpty),
                                 field(&T::optional, "optional", 4, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ServiceAccountTokenProjection>() {
  using T = ServiceAccountTokenProjection;
  static const TypeInfo info("io.k8s.api.core.v1.ServiceAccountTokenProjection",
                             {
                                 field(&T::audience, "audience", 1, kOmitEmpty),
                                 field(&T::expiration_seconds, "expirationSeconds", 2, kOmitEmpty),
                                 field(&T::path, "path", 3, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ClusterTrustBundleProjection>() {
  using T = ClusterTrustBundleProjection;
  static const TypeInfo info("io.k8s.api.core.v1.ClusterTrustBundleProjection",
                             {
                                 field(&T::name, "name", 1, kOmitEmpty),
                                 field(&T::signer_name, "signerName", 2, kOmitEmpty),
                                 field(&T::label_selector, "labelSelector", 3, kOmitEmpty),
                                 field(&T::optional, "optional", 5, kOmitEmpty),
                                 field(&T::path, "path", 4, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PodCertificateProjection>() {
  using T = PodCertificateProjection;
  static const TypeInfo info("io.k8s.api.core.v1.PodCertificateProjection",
                             {
                                 field(&T::signer_name, "signerName", 1, kOmitEmpty),
                                 field(&T::key_type, "keyType", 2, kOmitEmpty),
                                 field(&T::max_expiration_seconds, "maxExpirationSeconds", 3, kOmitEmpty),
                                 field(&T::credential_bundle_path, "credentialBundlePath", 4, kOmitEmpty),
                                 field(&T::key_path, "keyPath", 5, kOmitEmpty),
                                 field(&T::certificate_chain_path, "certificateChainPath", 6, kOmitEmpty),
                                 field(&T::user_annotations, "userAnnotations", 7, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeProjection>() {
  using T = VolumeProjection;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeProjection",
                             {
                                 field(&T::secret, "secret", 1, kOmitEmpty),
                                 field(&T::downward_api, "downwardAPI", 2, kOmitEmpty),
                                 field(&T::config_map, "configMap", 3, kOmitEmpty),
                                 field(&T::service_account_token, "serviceAccountToken", 4, kOmitEmpty),
                                 field(&T::cluster_trust_bundle, "clusterTrustBundle", 5, kOmitEmpty),
                                 field(&T::pod_certificate, "podCertificate", 6, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ProjectedVolumeSource>() {
  using T = ProjectedVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.ProjectedVolumeSource",
                             {
                                 field(&T::sources, "sources", 1, 0),
                                 field(&T::default_mode, "defaultMode", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PortworxVolumeSource>() {
  using T = PortworxVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.PortworxVolumeSource",
                             {
                                 field(&T::volume_id, "volumeID", 1, kRequired),
                                 field(&T::fs_type, "fsType", 2, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 3, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ScaleIOVolumeSource>() {
  using T = ScaleIOVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.ScaleIOVolumeSource",
                             {
                                 field(&T::gateway, "gateway", 1, kRequired),
                                 field(&T::system, "system", 2, kRequired),
                                 field(&T::secret_ref, "secretRef", 3, 0),
                                 field(&T::ssl_enabled, "sslEnabled", 4, kOmitEmpty),
                                 field(&T::protection_domain, "protectionDomain", 5, kOmitEmpty),
                                 field(&T::storage_pool, "storagePool", 6, kOmitEmpty),
                                 field(&T::storage_mode, "storageMode", 7, kOmitEmpty),
                                 field(&T::volume_name, "volumeName", 8, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 9, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 10, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<StorageOSVolumeSource>() {
  using T = StorageOSVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.StorageOSVolumeSource",
                             {
                                 field(&T::volume_name, "volumeName", 1, kOmitEmpty),
                                 field(&T::volume_namespace, "volumeNamespace", 2, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 3, kOmitEmpty),
                                 field(&T::read_only, "readOnly", 4, kOmitEmpty),
                                 field(&T::secret_ref, "secretRef", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<CSIVolumeSource>() {
  using T = CSIVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.CSIVolumeSource",
                             {
                                 field(&T::driver, "driver", 1, kRequired),
                                 field(&T::read_only, "readOnly", 2, kOmitEmpty),
                                 field(&T::fs_type, "fsType", 3, kOmitEmpty),
                                 field(&T::volume_attributes, "volumeAttributes", 4, kOmitEmpty),
                                 field(&T::node_publish_secret_ref, "nodePublishSecretRef", 5, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeResourceRequirements>() {
  using T = VolumeResourceRequirements;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeResourceRequirements",
                             {
                                 field(&T::limits, "limits", 1, kOmitEmpty),
                                 field(&T::requests, "requests", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PersistentVolumeClaimSpec>() {
  using T = PersistentVolumeClaimSpec;
  static const TypeInfo info("io.k8s.api.core.v1.PersistentVolumeClaimSpec",
                             {
                                 field(&T::access_modes, "accessModes", 1, kOmitEmpty),
                                 field(&T::selector, "selector", 4, kOmitEmpty),
                                 field(&T::resources, "resources", 2, kOmitEmpty),
                                 field(&T::volume_name, "volumeName", 3, kOmitEmpty),
                                 field(&T::storage_class_name, "storageClassName", 5, kOmitEmpty),
                                 field(&T::volume_mode, "volumeMode", 6, kOmitEmpty),
                                 field(&T::data_source, "dataSource", 7, kOmitEmpty),
                                 field(&T::data_source_ref, "dataSourceRef", 8, kOmitEmpty),
                                 field(&T::volume_attributes_class_name, "volumeAttributesClassName", 9, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<PersistentVolumeClaimTemplate>() {
  using T = PersistentVolumeClaimTemplate;
  static const TypeInfo info("io.k8s.api.core.v1.PersistentVolumeClaimTemplate",
                             {
                                 field(&T::metadata, "metadata", 1, kOmitEmpty),
                                 field(&T::spec, "spec", 2, kRequired),
                             });
  return info;
}

template <>
const TypeInfo& type_info<EphemeralVolumeSource>() {
  using T = EphemeralVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.EphemeralVolumeSource",
                             {
                                 field(&T::volume_claim_template, "volumeClaimTemplate", 1, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<ImageVolumeSource>() {
  using T = ImageVolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.ImageVolumeSource",
                             {
                                 field(&T::reference, "reference", 1, kOmitEmpty),
                                 field(&T::pull_policy, "pullPolicy", 2, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<VolumeSource>() {
  using T = VolumeSource;
  static const TypeInfo info("io.k8s.api.core.v1.VolumeSource",
                             {
                                 field(&T::host_path, "hostPath", 1, kOmitEmpty),
                                 field(&T::empty_dir, "emptyDir", 2, kOmitEmpty),
                                 field(&T::gce_persistent_disk, "gcePersistentDisk", 3, kOmitEmpty),
                                 field(&T::aws_elastic_block_store, "awsElasticBlockStore", 4, kOmitEmpty),
                                 field(&T::git_repo, "gitRepo", 5, kOmitEmpty),
                                 field(&T::secret, "secret", 6, kOmitEmpty),
                                 field(&T::nfs, "nfs", 7, kOmitEmpty),
                                 field(&T::iscsi, "iscsi", 8, kOmitEmpty),
                                 field(&T::glusterfs, "glusterfs", 9, kOmitEmpty),
                                 field(&T::persistent_volume_claim, "persistentVolumeClaim", 10, kOmitEmpty),
                                 field(&T::rbd, "rbd", 11, kOmitEmpty),
                                 field(&T::flex_volume, "flexVolume", 12, kOmitEmpty),
                                 field(&T::cinder, "cinder", 13, kOmitEmpty),
                                 field(&T::cephfs, "cephfs", 14, kOmitEmpty),
                                 field(&T::flocker, "flocker", 15, kOmitEmpty),
                                 field(&T::downward_api, "downwardAPI", 16, kOmitEmpty),
                                 field(&T::fc, "fc", 17, kOmitEmpty),
                                 field(&T::azure_file, "azureFile", 18, kOmitEmpty),
                                 field(&T::config_map, "configMap", 19, kOmitEmpty),
                                 field(&T::vsphere_volume, "vsphereVolume", 20, kOmitEmpty),
                                 field(&T::quobyte, "quobyte", 21, kOmitEmpty),
                                 field(&T::azure_disk, "azureDisk", 22, kOmitEmpty),
                                 field(&T::photon_persistent_disk, "photonPersistentDisk", 23, kOmitEmpty),
                                 field(&T::projected, "projected", 26, kOmitEmpty),
                                 field(&T::portworx_volume, "portworxVolume", 24, kOmitEmpty),
                                 field(&T::scale_io, "scaleIO", 25, kOmitEmpty),
                                 field(&T::storageos, "storageos", 27, kOmitEmpty),
                                 field(&T::csi, "csi", 28, kOmitEmpty),
                                 field(&T::ephemeral, "ephemeral", 29, kOmitEmpty),
                                 field(&T::image, "image", 30, kOmitEmpty),
                             });
  return info;
}

template <>
const TypeInfo& type_info<Volume>() {
  using T = Volume;
  static const TypeInfo info("io.k8s.api.core.v1.Volume", {
                                                              field(&T::name, "name", 1, kRequired),
                                                              field(&T::volume_source, "", 2, kInline),
                                                          });
  return info;
}

}  // namespace fairlead::api
