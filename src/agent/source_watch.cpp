#include "agent/source_watch.h"

#include "api/kinds/configmap.h"
#include "api/kinds/secret.h"

namespace fairlead::agent {
namespace {

KeyedData keyed(const api::Object& object) {
  KeyedData out;
  const auto add = [](api::StringMap& to, const std::map<std::string, api::Bytes>& from) {
    for (const auto& [key, bytes] : from) to[key] = bytes.data;
  };
  if (object.is<api::Secret>()) {
    add(out.data, object.as<api::Secret>().data);
  } else {
    const auto& map = object.as<api::ConfigMap>();
    out.data = map.data;
    add(out.binary_data, map.binary_data);
  }
  return out;
}

client::InformerOptions only(const api::NamespacedName& name) {
  client::InformerOptions options;
  options.ns = name.ns;
  options.field_selector = "metadata.name=" + name.name;
  return options;
}

}  // namespace

struct SourceWatch::Watched {
  Watched(rt::Loop& loop, client::Api& api, const Key& key)
      : informer(loop, api, *key.first, only(key.second)), group(loop) {}
  client::ObjectInformer informer;
  std::set<std::string> users;  // uids
  std::shared_ptr<const KeyedData> data;
  rt::TaskGroup group;
};

SourceWatch::SourceWatch(rt::Loop& loop, client::Api& api, const Clock& clock)
    : loop_(loop), api_(api), tokens_(loop, api, clock), retired_(loop) {}
SourceWatch::~SourceWatch() = default;

void SourceWatch::want(const api::Pod& pod, std::function<void()> wake) {
  const SourceNames names = sources_of(pod);
  if (!names.empty()) want_sources(pod.metadata.uid, pod.metadata.namespace_, names, wake);
  tokens_.want(pod, std::move(wake));
}

void SourceWatch::want_sources(const std::string& uid, const std::string& ns, const SourceNames& names,
                               std::function<void()> wake) {
  std::set<Key> keys;
  for (const std::string& name : names.config_maps) keys.insert({&api::kind_of<api::ConfigMap>(), {ns, name}});
  for (const std::string& name : names.secrets) keys.insert({&api::kind_of<api::Secret>(), {ns, name}});
  Wanted& wanted = wanted_[uid];
  wanted.wake = std::move(wake);
  const std::set<Key> before = std::exchange(wanted.keys, keys);
  for (const Key& key : keys) {
    if (!before.contains(key)) add(key, uid);
  }
  for (const Key& key : before) {
    if (!keys.contains(key)) drop(key, uid);
  }
}

void SourceWatch::forget(const std::string& uid) {
  tokens_.forget(uid);
  const auto found = wanted_.find(uid);
  if (found == wanted_.end()) return;
  const std::set<Key> keys = std::move(found->second.keys);
  wanted_.erase(found);
  for (const Key& key : keys) drop(key, uid);
}

std::optional<PodSources> SourceWatch::get(const std::string& uid) const {
  PodSources out;
  if (!tokens_.add_to(uid, out.tokens)) return std::nullopt;
  const auto wanted = wanted_.find(uid);
  if (wanted == wanted_.end()) return out;
  for (const Key& key : wanted->second.keys) {
    const Watched& watched = *watched_.at(key);
    if (!watched.informer.has_synced()) return std::nullopt;
    if (!watched.data) continue;
    auto& by_name = key.first == &api::kind_of<api::Secret>() ? out.secrets : out.config_maps;
    by_name[key.second.name] = watched.data;
  }
  return out;
}

void SourceWatch::add(const Key& key, const std::string& uid) {
  auto& slot = watched_[key];
  const bool fresh = slot == nullptr;
  if (fresh) slot = std::make_unique<Watched>(loop_, api_, key);
  Watched& watched = *slot;
  watched.users.insert(uid);
  if (!fresh) return;
  watched.informer.on_change([this, key, &watched](const api::ObjectPtr&, const api::ObjectPtr& now) {
    watched.data = now ? std::make_shared<const KeyedData>(keyed(*now)) : nullptr;
    changed(key);
  });
  watched.group.spawn("watch of " + key.second.name, watched.informer.run());
  watched.group.spawn("first list of " + key.second.name, first_list(key, watched.informer));
}

rt::Task<> SourceWatch::first_list(Key key, client::ObjectInformer& informer) {
  co_await informer.wait_synced();
  changed(key);
}

void SourceWatch::drop(const Key& key, const std::string& uid) {
  const auto found = watched_.find(key);
  if (found == watched_.end()) return;
  found->second->users.erase(uid);
  if (!found->second->users.empty()) return;
  auto last = std::move(found->second);
  watched_.erase(found);
  retired_.spawn("end of a watch", retire(std::move(last)));
}

rt::Task<> SourceWatch::retire(std::unique_ptr<Watched> watched) {
  co_await rt::shield();
  co_await watched->group.shutdown();
}

void SourceWatch::changed(const Key& key) {
  const auto found = watched_.find(key);
  if (found == watched_.end()) return;
  const std::set<std::string> users = found->second->users;
  for (const std::string& uid : users) {
    const auto wanted = wanted_.find(uid);
    if (wanted != wanted_.end() && wanted->second.wake) wanted->second.wake();
  }
}

rt::Task<> SourceWatch::shutdown() {
  co_await tokens_.shutdown();
  for (auto& [key, watched] : watched_) co_await watched->group.shutdown();
  watched_.clear();
  co_await retired_.join();
}

}  // namespace fairlead::agent
