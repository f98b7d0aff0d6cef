// Keeps the ConfigMaps and Secrets that this node's pods refer to current: one watch each, of that one name, for as
// long as a pod needs it, as a node may not watch them all. Tokens are among what pods refer to.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "agent/pod_sources.h"
#include "agent/token_keeper.h"
#include "client/api.h"
#include "client/informer.h"
#include "rt/task_group.h"

namespace fairlead::agent {

class SourceWatch {
 public:
  SourceWatch(rt::Loop& loop, client::Api& api, const Clock& clock);
  SourceWatch(const SourceWatch&) = delete;
  SourceWatch& operator=(const SourceWatch&) = delete;
  ~SourceWatch();

  // What the pod refers to, in place of what it referred to before. `wake` is called whenever any of it changes.
  void want(const api::Pod& pod, std::function<void()> wake);
  void forget(const std::string& uid);
  // nullopt until the API has answered for all that the pod wants.
  [[nodiscard]] std::optional<PodSources> get(const std::string& uid) const;

  rt::Task<> shutdown();

 private:
  // The kind and the name.
  using Key = std::pair<const api::KindInfo*, api::NamespacedName>;
  struct Watched;
  struct Wanted {
    std::set<Key> keys;
    std::function<void()> wake;
  };
  void want_sources(const std::string& uid, const std::string& ns, const SourceNames& names,
                    std::function<void()> wake);
  void add(const Key& key, const std::string& uid);
  void drop(const Key& key, const std::string& uid);
  rt::Task<> first_list(Key key, client::ObjectInformer& informer);
  rt::Task<> retire(std::unique_ptr<Watched> watched);
  void changed(const Key& key);

  rt::Loop& loop_;
  client::Api& api_;
  std::map<Key, std::unique_ptr<Watched>> watched_;
  std::map<std::string, Wanted> wanted_;  // by pod uid
  TokenKeeper tokens_;
  rt::TaskGroup retired_;
};

}  // namespace fairlead::agent
