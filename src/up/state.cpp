#include "up/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cerrno>
#include <filesystem>

#include "base/text.h"

namespace fairlead::up {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

json::array strings(const std::vector<std::string>& values) {
  json::array out;
  for (const auto& v : values) out.emplace_back(v);
  return out;
}

std::string text(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

int64_t number(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr && v->is_number() ? v->to_number<int64_t>() : 0;
}

std::vector<std::string> texts(const json::object& o, std::string_view key) {
  std::vector<std::string> out;
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_array()) return out;
  for (const auto& item : v->get_array()) {
    if (item.is_string()) out.emplace_back(item.get_string());
  }
  return out;
}

}  // namespace

std::string to_json(const State& s) {
  json::object processes;
  for (const auto& [name, id] : s.processes) processes[name] = {{"pid", id.pid}, {"startTime", id.start_time}};
  const json::object o = {{"cluster", s.cluster},
                          {"bootID", s.boot_id},
                          {"fabricIndex", s.fabric_index},
                          {"nodes", s.nodes},
                          {"egress", s.egress},
                          {"localPort", s.local_port},
                          {"bridge", s.bridge},
                          {"nftTable", s.nft_table},
                          {"cgroup", s.cgroup},
                          {"links", strings(s.links)},
                          {"namespaces", strings(s.namespaces)},
                          {"processes", std::move(processes)}};
  return json::serialize(o) + "\n";
}

Result<State> parse_state(std::string_view content) {
  boost::system::error_code ec;
  const auto value = json::parse(content, ec);
  if (ec || !value.is_object())
    return fail(Code::kInvalid, fmt::format("the state file is not a JSON object: {}", ec.message()));
  const auto& o = value.get_object();
  State s;
  s.cluster = text(o, "cluster");
  s.boot_id = text(o, "bootID");
  s.fabric_index = static_cast<int>(number(o, "fabricIndex"));
  s.nodes = static_cast<int>(number(o, "nodes"));
  const auto* egress = o.if_contains("egress");
  s.egress = egress == nullptr || !egress->is_bool() || egress->get_bool();
  s.local_port = static_cast<uint16_t>(number(o, "localPort"));
  s.bridge = text(o, "bridge");
  s.nft_table = text(o, "nftTable");
  s.cgroup = text(o, "cgroup");
  s.links = texts(o, "links");
  s.namespaces = texts(o, "namespaces");
  if (const auto* processes = o.if_contains("processes"); processes != nullptr && processes->is_object()) {
    for (const auto& [name, p] : processes->get_object()) {
      if (!p.is_object()) continue;
      const auto& id = p.get_object();
      s.processes[std::string(name)] = {static_cast<pid_t>(number(id, "pid")),
                                        static_cast<uint64_t>(number(id, "startTime"))};
    }
  }
  if (s.cluster.empty() || s.nodes < 1 || s.nodes > kMaxNodes || s.fabric_index < 0 || s.fabric_index > 255) {
    return fail(Code::kInvalid, "the state file lacks a valid cluster, nodes or fabricIndex");
  }
  return s;
}

State describe(const Topology& t, bool egress, uint16_t local_port, std::string boot_id) {
  State s;
  s.cluster = t.cluster;
  s.boot_id = std::move(boot_id);
  s.fabric_index = t.fabric_index;
  s.nodes = static_cast<int>(t.nodes.size());
  s.egress = egress;
  s.local_port = local_port;
  s.bridge = t.bridge;
  s.nft_table = egress ? t.nft_table : "";
  s.cgroup = t.cgroup;
  for (const auto& n : t.nodes) {
    s.links.push_back(n.veth);
    s.namespaces.push_back(n.netns);
  }
  return s;
}

namespace {
std::string registration(const ClusterRef& c) { return fmt::format("{}/{}.path", c.places.var, c.name); }
}  // namespace

std::string data_dir_of(const ClusterRef& c) {
  if (!c.data_dir.empty()) return fs::absolute(c.data_dir).lexically_normal().string();
  if (const auto found = read_file(registration(c))) return std::string(trim(*found));
  return fmt::format("{}/{}", c.places.var, c.name);
}

Result<> register_data_dir(const ClusterRef& c, const std::string& data_dir) {
  const auto standard = fmt::format("{}/{}", c.places.var, c.name);
  const auto known = read_file(registration(c));
  const auto current = known ? std::string(trim(*known)) : standard;
  if (current == data_dir) return {};
  if (fs::exists(current + "/state.json")) {
    return fail(Code::kAlreadyExists,
                fmt::format("cluster \"{0}\" has its data in {1}, not in {2}; use that directory, another name, "
                            "or remove the cluster first: fairlead down --name {0}",
                            c.name, current, data_dir));
  }
  if (data_dir == standard) {
    unregister_data_dir(c);
    return {};
  }
  FL_CHECK(make_directory(c.places.var));
  return write_file_atomically(registration(c), data_dir + "\n");
}

void unregister_data_dir(const ClusterRef& c) { ::unlink(registration(c).c_str()); }

Result<State> load_state(const Layout& layout) {
  FL_TRY(auto content, read_file(layout.state_file()));
  auto state = parse_state(content);
  if (!state) return fail(std::move(state).error().in(layout.state_file()));
  return state;
}

Result<> save_state(const Layout& layout, const State& state) {
  const auto temporary = layout.state_file() + ".new";
  {
    Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return fail(last_system_error(fmt::format("create {}", temporary)));
    const auto content = to_json(state);
    if (::write(fd.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
      return fail(last_system_error(fmt::format("write {}", temporary)));
    }
  }
  if (::rename(temporary.c_str(), layout.state_file().c_str()) != 0)
    return fail(last_system_error(fmt::format("rename {}", temporary)));
  return {};
}

std::string current_boot_id() {
  const auto id = read_file("/proc/sys/kernel/random/boot_id");
  return id ? std::string(trim(*id)) : std::string();
}

Result<FileLock> FileLock::acquire(const std::string& path, bool wait) {
  for (;;) {
    FL_CHECK(make_directory(fs::path(path).parent_path().string()));
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!fd && errno == ENOENT) continue;  // another holder just removed the directory
    if (!fd) return fail(last_system_error(fmt::format("open {}", path)));
    struct flock whole{};
    whole.l_type = F_WRLCK;
    while (::fcntl(fd.get(), wait ? F_OFD_SETLKW : F_OFD_SETLK, &whole) != 0) {
      if (errno == EAGAIN || errno == EACCES) return fail(Code::kAlreadyExists, fmt::format("{} is locked", path));
      if (errno != EINTR) return fail(last_system_error(fmt::format("lock {}", path)));
    }
    // The former holder may have removed the file between open and lock: then this is a lock on nothing.
    struct stat held{};
    struct stat named{};
    if (::fstat(fd.get(), &held) != 0 || ::stat(path.c_str(), &named) != 0 || held.st_ino != named.st_ino) continue;
    const auto pid = fmt::format("{}\n", ::getpid());
    if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
      return fail(last_system_error(fmt::format("write {}", path)));
    }
    return FileLock(std::move(fd), path);
  }
}

std::optional<pid_t> FileLock::holder(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock whole{};
  whole.l_type = F_WRLCK;
  if (!fd || ::fcntl(fd.get(), F_OFD_GETLK, &whole) != 0 || whole.l_type == F_UNLCK) return std::nullopt;
  const auto content = read_file(path);
  const auto pid = content ? parse_int(trim(*content)) : std::nullopt;
  if (!pid || *pid <= 0) return std::nullopt;
  return static_cast<pid_t>(*pid);
}

FileLock::~FileLock() {
  if (!fd_) return;
  ::unlink(path_.c_str());
  fd_.reset();
  ::rmdir(fs::path(path_).parent_path().c_str());  // only when empty
}

std::string lock_path(const ClusterRef& c) { return fmt::format("{}/{}.lock", c.places.run, c.name); }

// No cluster's lock_path(): names have no '.'.
std::string choosing_lock_path(const ClusterRef& c) { return c.places.run + "/choosing"; }

Result<> make_directory(const std::string& path, unsigned mode) {
  std::error_code ec;
  const bool made = fs::create_directories(path, ec);
  if (ec) return fail(system_error(fmt::format("create directory {}", path), ec.value()));
  if (made && ::chmod(path.c_str(), mode) != 0) return fail(last_system_error(fmt::format("chmod {}", path)));
  return {};
}

}  // namespace fairlead::up
