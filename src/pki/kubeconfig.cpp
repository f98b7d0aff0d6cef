#include "pki/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"

namespace fairlead::pki {

namespace {

std::unexpected<Error> invalid(std::string_view field, std::string_view what) {
  return fail(Code::kInvalid, fmt::format("kubeconfig: {}: {}", field, what));
}

// A scalar, "" when absent.
Result<std::string> text(const YAML::Node& map, const std::string& path, const char* name) {
  const YAML::Node node = map[name];
  if (!node || node.IsNull()) return std::string();
  if (!node.IsScalar()) return invalid(path + "." + name, "must be a string");
  return node.Scalar();
}

Result<std::string> required(const YAML::Node& map, const std::string& path, const char* name) {
  FL_TRY(std::string value, text(map, path, name));
  if (value.empty()) return invalid(path + "." + name, "missing");
  return value;
}

Result<bool> boolean(const YAML::Node& map, const std::string& path, const char* name) {
  FL_TRY(const std::string value, text(map, path, name));
  if (value.empty() || value == "false") return false;
  if (value == "true") return true;
  return invalid(path + "." + name, fmt::format("must be true or false, is {}", quote(value)));
}

// `name`-data, base64, wins over the file that `name` gives, as in kubectl.
Result<std::string> data_or_file(const YAML::Node& map, const std::string& path, const std::string& name,
                                 const std::string& directory) {
  const std::string data_name = name + "-data";
  FL_TRY(const std::string data, text(map, path, data_name.c_str()));
  if (!data.empty()) {
    std::string packed = data;
    std::erase_if(packed, [](char c) { return c == '\n' || c == '\r' || c == ' '; });
    auto decoded = base64_decode(packed);
    if (!decoded) return invalid(path + "." + data_name, "is not base64");
    return std::move(*decoded);
  }
  FL_TRY(const std::string file, text(map, path, name.c_str()));
  if (file.empty()) return std::string();
  auto content = read_file((std::filesystem::path(directory) / file).string());
  if (!content) return invalid(path + "." + name, content.error().message);
  return std::move(*content);
}

Result<Kubeconfig::Cluster> read_cluster(const YAML::Node& node, const std::string& path, const std::string& dir) {
  Kubeconfig::Cluster cluster;
  FL_TRY(cluster.server, required(node, path, "server"));
  FL_TRY(cluster.ca_pem, data_or_file(node, path, "certificate-authority", dir));
  FL_TRY(cluster.tls_server_name, text(node, path, "tls-server-name"));
  FL_TRY(cluster.insecure_skip_tls_verify, boolean(node, path, "insecure-skip-tls-verify"));
  return cluster;
}

Result<Kubeconfig::User> read_user(const YAML::Node& node, const std::string& path, const std::string& dir) {
  Kubeconfig::User user;
  FL_TRY(user.certificate_pem, data_or_file(node, path, "client-certificate", dir));
  FL_TRY(user.key_pem, data_or_file(node, path, "client-key", dir));
  if (user.certificate_pem.empty() != user.key_pem.empty()) {
    const char* missing = user.key_pem.empty() ? "client-key" : "client-certificate";
    return invalid(path + "." + missing, fmt::format("missing; set {0} or {0}-data", missing));
  }
  FL_TRY(user.token, text(node, path, "token"));
  FL_TRY(const std::string token_file, text(node, path, "tokenFile"));
  if (!token_file.empty()) user.token_file = (std::filesystem::path(dir) / token_file).string();
  for (const char* way : {"exec", "auth-provider", "username"}) {
    if (node[way] && user.unsupported.empty()) user.unsupported = way;
  }
  return user;
}

Result<Kubeconfig::Context> read_context(const YAML::Node& node, const std::string& path, const std::string&) {
  Kubeconfig::Context context;
  FL_TRY(context.cluster, required(node, path, "cluster"));
  FL_TRY(context.user, text(node, path, "user"));
  FL_TRY(context.default_namespace, text(node, path, "namespace"));
  return context;
}

// A list of {name, KIND: {...}}. kubectl writes empty users as `user: {}` or leaves the map out.
template <class T>
Result<std::vector<T>> read_list(const YAML::Node& root, const char* list, const char* kind, const std::string& dir,
                                 Result<T> (*read)(const YAML::Node&, const std::string&, const std::string&)) {
  std::vector<T> all;
  const YAML::Node nodes = root[list];
  if (!nodes || nodes.IsNull()) return all;
  if (!nodes.IsSequence()) return invalid(list, "must be a list");
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", list, i);
    if (!nodes[i].IsMap()) return invalid(path, fmt::format("must be a map with name and {}", kind));
    FL_TRY(std::string name, required(nodes[i], path, "name"));
    const YAML::Node given = nodes[i][kind];
    const YAML::Node inner = given && !given.IsNull() ? given : YAML::Node(YAML::NodeType::Map);
    if (!inner.IsMap()) return invalid(path + "." + kind, "must be a map");
    FL_TRY(T item, read(inner, path + "." + kind, dir));
    item.name = std::move(name);
    all.push_back(std::move(item));
  }
  return all;
}

Result<Kubeconfig> read_config(const YAML::Node& root, const std::string& directory) {
  if (!root.IsMap()) return fail(Code::kInvalid, "kubeconfig: must be a map with clusters, users and contexts");
  FL_TRY(const std::string kind, text(root, "", "kind"));
  if (!kind.empty() && kind != "Config") return invalid("kind", fmt::format("must be Config, is {}", quote(kind)));
  Kubeconfig config;
  FL_TRY(config.clusters, read_list(root, "clusters", "cluster", directory, read_cluster));
  FL_TRY(config.users, read_list(root, "users", "user", directory, read_user));
  FL_TRY(config.contexts, read_list(root, "contexts", "context", directory, read_context));
  FL_TRY(config.current_context, text(root, "", "current-context"));
  return config;
}

template <class T>
const T* named(const std::vector<T>& all, const std::string& name) {
  const auto found = std::ranges::find_if(all, [&](const T& t) { return t.name == name; });
  return found == all.end() ? nullptr : &*found;
}

void emit_text(YAML::Emitter& out, const char* name, const std::string& value) {
  if (!value.empty()) out << YAML::Key << name << YAML::Value << value;
}

void emit_data(YAML::Emitter& out, const char* name, const std::string& bytes) {
  if (!bytes.empty()) out << YAML::Key << name << YAML::Value << base64_encode(bytes);
}

}  // namespace

Result<Kubeconfig> parse_kubeconfig(std::string_view yaml, const std::string& directory) {
  try {
    return read_config(YAML::Load(std::string(yaml)), directory);
  } catch (const YAML::Exception& e) {
    return fail(Code::kBadRequest, fmt::format("kubeconfig: line {}: {}", e.mark.line + 1, e.msg));
  }
}

Result<Kubeconfig> load_kubeconfig(const std::string& path) {
  FL_TRY(const std::string yaml, read_file(path));
  auto config = parse_kubeconfig(yaml, std::filesystem::path(path).parent_path().string());
  if (!config) return std::unexpected(std::move(config.error()).in(path));
  return config;
}

Result<ClusterAccess> select_context(const Kubeconfig& config, const std::string& wanted) {
  const std::string& name = wanted.empty() ? config.current_context : wanted;
  if (name.empty()) return invalid("current-context", "missing, and no context was asked for");
  const auto* context = named(config.contexts, name);
  if (context == nullptr) return invalid("contexts", fmt::format("no context named {}", quote(name)));
  const auto* cluster = named(config.clusters, context->cluster);
  if (cluster == nullptr) {
    return invalid("clusters",
                   fmt::format("no cluster named {}, which context {} uses", quote(context->cluster), quote(name)));
  }
  ClusterAccess access;
  access.cluster = *cluster;
  if (!context->user.empty()) {
    const auto* user = named(config.users, context->user);
    if (user == nullptr) {
      return invalid("users",
                     fmt::format("no user named {}, which context {} uses", quote(context->user), quote(name)));
    }
    if (!user->unsupported.empty()) {
      return invalid("users", fmt::format("user {} authenticates with {}; supported are client certificates, token and "
                                          "tokenFile",
                                          quote(user->name), user->unsupported));
    }
    access.user = *user;
  }
  if (!context->default_namespace.empty()) access.default_namespace = context->default_namespace;
  return access;
}

Kubeconfig make_kubeconfig(const std::string& name, Kubeconfig::Cluster cluster, Kubeconfig::User user) {
  cluster.name = name;
  user.name = name;
  Kubeconfig config;
  config.clusters.push_back(std::move(cluster));
  config.users.push_back(std::move(user));
  config.contexts.push_back({name, name, name});
  config.current_context = name;
  return config;
}

std::string format_kubeconfig(const Kubeconfig& config) {
  YAML::Emitter out;
  out << YAML::BeginMap << YAML::Key << "apiVersion" << YAML::Value << "v1" << YAML::Key << "kind" << YAML::Value
      << "Config";
  out << YAML::Key << "clusters" << YAML::Value << YAML::BeginSeq;
  for (const auto& cluster : config.clusters) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << cluster.name << YAML::Key << "cluster" << YAML::Value
        << YAML::BeginMap;
    emit_text(out, "server", cluster.server);
    emit_data(out, "certificate-authority-data", cluster.ca_pem);
    emit_text(out, "tls-server-name", cluster.tls_server_name);
    if (cluster.insecure_skip_tls_verify) out << YAML::Key << "insecure-skip-tls-verify" << YAML::Value << true;
    out << YAML::EndMap << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::Key << "users" << YAML::Value << YAML::BeginSeq;
  for (const auto& user : config.users) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << user.name << YAML::Key << "user" << YAML::Value
        << YAML::BeginMap;
    emit_data(out, "client-certificate-data", user.certificate_pem);
    emit_data(out, "client-key-data", user.key_pem);
    emit_text(out, "token", user.token);
    emit_text(out, "tokenFile", user.token_file);
    out << YAML::EndMap << YAML::EndMap;
  }
  out << YAML::EndSeq << YAML::Key << "contexts" << YAML::Value << YAML::BeginSeq;
  for (const auto& context : config.contexts) {
    out << YAML::BeginMap << YAML::Key << "name" << YAML::Value << context.name << YAML::Key << "context" << YAML::Value
        << YAML::BeginMap;
    emit_text(out, "cluster", context.cluster);
    emit_text(out, "user", context.user);
    emit_text(out, "namespace", context.default_namespace);
    out << YAML::EndMap << YAML::EndMap;
  }
  out << YAML::EndSeq;
  emit_text(out, "current-context", config.current_context);
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

Result<> write_kubeconfig(const std::string& path, const Kubeconfig& config) {
  return write_file_atomically(path, format_kubeconfig(config), 0600);
}

}  // namespace fairlead::pki
